"""`bnlab bench`: how fast this is, side by side with what users would pick instead; and what work costs as it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bnlab.bench import document
from bnlab.bench.figures import Figure, between, in_words
from bnlab.bench.goals import cells
from bnlab.bench.parts import PARTS, USUAL, Bench
from bnlab.bench.scaling import Base
from bnlab.bench.sweep import check_settings
from bnlab.cli.lazy import asked
from bnlab.cli.options import (
    data_dir_option,
    data_folders,
    dataset_option,
    jobs_option,
    json_option,
    out_option,
    quiet_option,
)
from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.errors import did_you_mean
from bnlab.lab.store import Store
from bnlab.studies import STUDIES, StudyEntry
from bnlab.studies.plan import StudyPlan, make_plan
from bnlab.studies.settings import Override, parse_set

STUDY = "sweep weight-scale"
ROUNDS = 3
RUNS = 400


@click.command(
    "bench",
    epilog="Example: bnlab bench --only sweep --rounds 5",
    help="How fast this is on this machine, side by side with what you would pick instead: the whole command `bnlab sweep "
    "weight-scale --replicates 1` against the same sweep in PyTorch, in JAX and as a course notebook has it; layers, Adam "
    "and a training step against PyTorch; start-up; and how near a run is to the limit that products and memory set. What "
    "isn't installed is named and left out. Takes some minutes; leave the machine alone meanwhile.\n\n"
    "Programs take turns, round by round, and a ratio has its 95 % interval. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are "
    "taken out of the environment of what is timed. bench/bench.json in the results folder has it all.\n\n"
    f"Parts: {'; '.join(f'{name}: {part.meaning}' for name, part in PARTS.items())}.\n\n"
    "With --scaling it measures instead what runs, images, width, depth and batch cost per multiply-add when each is "
    "doubled three times, and draws it: bench/scaling.png.",
)
@click.option("--only", multiple=True, metavar="PART", help=f"Measure this part alone: {', '.join(PARTS)}. Repeatable.")
@click.option("--scaling", is_flag=True, help="Measure and draw what work costs as it grows, instead of the parts.")
@click.option(
    "--rounds", type=click.IntRange(min=1, max=1_000), default=ROUNDS, show_default=True, help="Turns of each program."
)
@click.option(
    "--runs",
    type=click.IntRange(min=160, max=400_000),
    default=RUNS,
    show_default=True,
    help="Made-up runs of the part driver; 10000 take some minutes.",
)
@dataset_option
@data_dir_option
@click.option("-s", "--set", "sets", multiple=True, metavar="KEY.PATH=VALUE", help="A setting of the sweep. Repeatable.")
@jobs_option
@out_option
@json_option
@quiet_option
def command(
    only: tuple[str, ...],
    scaling: bool,
    rounds: int,
    runs: int,
    dataset: str | None,
    data_dir: Path | None,
    sets: tuple[str, ...],
    jobs: int,
    out: Path,
    as_json: bool,
    quiet: bool,
) -> None:
    if scaling:
        _refuse_with_scaling()
    Store(out).prepare(document.FOLDER)  # better now than after some minutes
    if scaling:
        _scaling(rounds, out, as_json, quiet)
        return
    names = _selected(only)
    options = ["--replicates", "1", *(["--dataset", dataset] if dataset else [])]
    options += [word for setting in sets for word in ("-s", setting)]
    folders = data_folders(data_dir)
    plan = _plan(dataset, sets, folders)
    check_settings(plan)
    if data_dir is not None:
        options += ["--data-dir", str(data_dir.absolute())]
    found = document.carry_out(names, Bench(plan, tuple(options), jobs, rounds, runs, _say(quiet)))
    made = found.to_json(asked())
    files = document.publish(made, found.judged, out)
    if as_json:
        print_json(made)
    elif not quiet:
        _print(found, files)


def _plan(dataset: str | None, sets: Sequence[str], folders: Sequence[Path]) -> StudyPlan:
    """The sweep as its command plans it with the same options."""
    overrides = [*map(parse_set, sets), Override("replicates", 1, "--replicates")]
    if dataset:
        overrides.append(Override("data.dataset", dataset, "--dataset"))
    return make_plan(_entry(), None, overrides, folders)


def _entry() -> StudyEntry:
    return next(entry for entry in STUDIES if entry.name == STUDY)


def _selected(only: Sequence[str]) -> Sequence[str]:
    for name in only:
        if name not in PARTS:
            hint = did_you_mean(name, PARTS)
            raise click.UsageError(
                f"--only {name!r} is no part: choose from {', '.join(PARTS)}{hint}", click.get_current_context()
            )
    return only or USUAL


WITH_SCALING = {"scaling", "rounds", "out", "as_json", "quiet"}


def _refuse_with_scaling() -> None:
    """--scaling has works of its own, on random images and one core."""
    context = click.get_current_context()
    for parameter in command.params:
        name = parameter.name or ""
        if name not in WITH_SCALING and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[-1]} is not allowed with --scaling, which measures works of its own: leave one of them "
                "out",
                context,
            )


def _scaling(rounds: int, out: Path, as_json: bool, quiet: bool) -> None:
    _say(quiet)("what work costs as it grows")
    made, contents = document.carry_out_scaling(rounds, Base(), asked())
    files = document.publish_scaling(contents, out)
    if as_json:
        print_json(made)
    elif not quiet:
        _print_scaling(made, files)


def _say(quiet: bool) -> Any:
    """Tells on standard error what is under way."""
    return (lambda text: None) if quiet else lambda text: click.echo(f"{text} …", err=True)


def _print(found: document.Findings, files: Sequence[Path]) -> None:
    print_table(HEAD, [_row(figure) for figure in found.figures], wrap=("what",), drop=("part",))
    if found.judged:
        rows = [[*cells(each), "met" if each.met else "NOT MET"] for each in found.judged]
        print_table(["goal", "kernels", "bound", "measured", "between", ""], rows, wrap=("goal",), drop=("between",))
    _print_reached(found.reached)
    for name, install in found.missing.items():
        print_text(f"{name}: not installed, and not measured: {install}")
    _print_end(found.warnings, files)


def _print_reached(reached: Mapping[str, Any]) -> None:
    """The best accuracies of each program, which show that all do the same work."""
    kinds = list(dict.fromkeys(kind for best in reached.values() for kind in best))
    if reached:
        rows = [
            [name, *(f"{best[kind]['best_train_acc']:.3f}, {best[kind]['best_val_acc']:.3f}" for kind in kinds)]
            for name, best in reached.items()
        ]
        print_table(["best training, validation accuracy", *kinds], rows)


HEAD = ["part", "what", "kernels", "measured", "between"]


def _row(figure: Figure) -> list[str]:
    return [figure.part, figure.what, figure.kernels, in_words(figure.value, figure.unit), between(figure)]


def _print_scaling(made: dict[str, Any], files: Sequence[Path]) -> None:
    rows = [
        [point["axis"], f"{point['size']:,}", in_words(point["seconds"], "s"), f"{1e12 * point['time_each']:.3g}",
         f"{point['peak_bytes'] / 2**20:.3g}", f"{1e6 * point['bytes_each']:.3g}"]
        for point in made["points"]
    ]  # fmt: skip
    head = ["what grows", "to", "time", "ps per multiply-add", "peak MB", "bytes per million multiply-adds"]
    print_table(head, rows, drop=("peak MB", "time"))
    for remark in made["remarks"]:
        print_text(remark)
    _print_end(made["warnings"], files)


def _print_end(warnings: Sequence[str], files: Sequence[Path]) -> None:
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
    for file in files:
        click.echo(file)
