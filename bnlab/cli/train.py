"""`bnlab train FILE.yaml`: one net on all images of a data set, with checkpoints."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import click

from bnlab.cli.lazy import interruptible
from bnlab.cli.options import (
    PATH,
    chosen_dataset,
    data_dir_option,
    data_folders,
    json_option,
    out_option,
    quiet_option,
    warn_of_unused,
)
from bnlab.cli.progress import count_bar, get_ready, say, set_up_log
from bnlab.cli.tables import print_json, print_table
from bnlab.data import DATASETS
from bnlab.errors import plural
from bnlab.fullsize.checkpoint import NAME, read
from bnlab.fullsize.job import Job, make_job
from bnlab.fullsize.publish import publish
from bnlab.fullsize.train import find_checkpoint, train
from bnlab.lab.files import alone_in
from bnlab.lab.store import Store
from bnlab.solver import Solver
from bnlab.studies.settings import Override, parse_set
from bnlab.studies.yaml_files import as_yaml

OPTIONS = {"dataset": "data.dataset", "seed": "seed"}
"""The options that stand for a setting."""
ONE_THREAD = 1
"""More can be faster, but only if nobody else uses the cores: each product waits for the thread that comes last."""
EVERY = 0.1
"""Seconds from one change of the progress bar to the next."""


@click.command("train", epilog="Example: bnlab train experiments/good-model.yaml --data-dir ~/data")
@click.argument("file", type=PATH, metavar="FILE.yaml")
@click.option("--dataset", help=f"Data set, over the file's: {', '.join(DATASETS)}, or images of your own.")
@data_dir_option
@click.option("--seed", type=int, help="Seed of all random streams, over the file's.")
@click.option(
    "-s", "--set", "sets", multiple=True, metavar="KEY.PATH=VALUE", help="One setting, over the file. Repeatable."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one, to the same bytes.")
@click.option("--force", is_flag=True, help="Begin anew, and overwrite the checkpoint that is there.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help=f"Threads of BLAS; another number rounds otherwise [default: {ONE_THREAD}].",
)
@out_option
@json_option
@quiet_option
def command(file: Path, **given: Any) -> None:
    """Train one net on all images of a data set, as a settings file says: data, net, solver, seed, dtype.

    Its results lie in FOLDER/train, in a folder named by the file and by the settings that differ from it: a checkpoint
    written at each check, the figure, and summary.json. Test images are not read: bnlab evaluate does that.
    """
    start = time.perf_counter()
    set_up_log(False)
    if given["resume"] and given["force"]:
        raise click.UsageError(
            "--resume goes on from the checkpoint, and --force begins anew: leave one of them out",
            click.get_current_context(),
        )
    given["dataset"] = chosen_dataset(given["dataset"], given["data_dir"])
    overrides = [*map(parse_set, given["sets"]), *_from_options(given)]
    job = make_job(file, overrides, data_folders(given["data_dir"]))
    shown = not given["quiet"]
    if shown:
        warn_of_unused(given["data_dir"], given["dataset"], job.spec.data.dataset)
    folder = given["out"] / job.folder
    with alone_in_results(given["out"], job.folder):
        checkpoint = find_checkpoint(folder, job.spec, given["resume"], given["force"], given["threads"])
        if given["resume"] and checkpoint is None:
            say(f"There is no {folder / NAME} to go on from: training begins anew", given["quiet"])
        threads = checkpoint.threads if checkpoint else given["threads"] or ONE_THREAD
        done = 0 if checkpoint is None else checkpoint.state["t"]
        with report_interrupt(folder, job):
            get_ready(jobs=1)
            with progress(job, done, shown) as tell:
                trained = train(job, folder, threads, checkpoint, tell)
            document = publish(job, trained, folder, _command(job, threads), time.perf_counter() - start)
    if given["as_json"]:
        print_json(document)
    elif shown:
        print_training(document)


@contextmanager
def alone_in_results(out: Path, folder: str) -> Iterator[None]:
    """Prepare the folder in the results folder, and keep it to this command."""
    with alone_in(out / folder):
        Store(out).prepare(folder)
        yield


def report_interrupt(folder: Path, job: Job) -> AbstractContextManager[None]:
    """After Ctrl-C or SIGTERM, say how far the checkpoint is."""

    def so_far() -> str:
        if not (folder / NAME).exists():
            return ", before the first check: nothing is stored"
        epochs = f"{read(folder / NAME).state['epoch']:,} of {plural(job.spec.solver.num_epochs, 'epoch')}"
        return f": {epochs} are in {folder / NAME}; the same command with --resume goes on from there"

    return interruptible(so_far)


@contextmanager
def progress(job: Job, done: int, shown: bool) -> Iterator[Callable[[Solver], None]]:
    """A bar of iterations, with the last check. Gives the function to call with the Solver after each iteration."""
    with count_bar("iterations", job.spec.num_iterations, done, shown) as advance:
        due = time.perf_counter()

        def tell(solver: Solver) -> None:
            nonlocal due
            now = time.perf_counter()
            if now >= due:
                due = now + EVERY
                advance(solver.t, f"epoch {solver.epoch}, validation {solver.val_acc_history[-1]:.3f}")

        yield tell


def print_training(document: Mapping[str, Any]) -> None:
    """How it ended, and where the files are."""
    checks = {"best": document["best"], "last": document["checks"][-1]}
    rows = [
        [name, f"{check['epoch']:.3g}", f"{check['train_acc']:.4f}", f"{check['val_acc']:.4f}"]
        for name, check in checks.items()
        if check is not None
    ]
    print_table(["check", "epoch", "training accuracy", "validation accuracy"], rows)
    at = "" if document["diverged_at"] is None else f" at iteration {document['diverged_at']:,}"
    done = f"{plural(document['epochs'], 'epoch')}, {plural(document['iterations'], 'iteration')}"
    taken = f"{document['provenance']['seconds']:.1f} s with {plural(document['threads'], 'thread')}"
    click.echo(f"{document['status'].capitalize()}{at} after {done}; {taken}")
    for file in document["files"]:
        click.echo(file)


def _from_options(given: Mapping[str, Any]) -> list[Override]:
    return [Override(key, given[name], f"--{name}") for name, key in OPTIONS.items() if given[name] is not None]


def _command(job: Job, threads: int) -> str:
    """The command that makes the same bytes again, quoted for a shell; of an absolute path the file's name alone."""
    file = job.file.name if job.file.is_absolute() else str(job.file)
    sets = [word for key, value in job.changed.items() for word in ("-s", f"{key}={as_yaml(value)}")]
    return shlex.join(["bnlab", "train", file, *sets, "--threads", str(threads)])
