"""`bnlab parity`: other frameworks beside our own core, layer by layer and training by training."""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from bnlab import engines
from bnlab.cli.options import (
    chosen_dataset,
    data_dir_option,
    data_folders,
    dataset_option,
    jobs_option,
    json_option,
    out_option,
    quiet_option,
    seed_option,
    verbose_option,
)
from bnlab.cli.progress import Manner, get_ready, report_interrupt, runs_failed, say, set_up_log, train_missing
from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.errors import SettingsError, did_you_mean, plural
from bnlab.lab.executor import Workers
from bnlab.lab.provenance import provenance
from bnlab.lab.standing import standing
from bnlab.lab.store import Store
from bnlab.parity import publish, trainings, verdicts
from bnlab.parity.conventions import Convention
from bnlab.parity.cost import cost
from bnlab.parity.differences import SIDES, TOLERANCES, Difference, differences
from bnlab.parity.publish import LOWEST
from bnlab.parity.trainings import OURS, PARTED, Training
from bnlab.parity.verdicts import Compared
from bnlab.studies.plan import StudyPlan
from bnlab.studies.settings import SHORTCUTS, Override


@click.command(
    "parity",
    epilog="Example: bnlab parity --engine torch",
    help="Hold other frameworks against our own core: every layer, update rule and net, forward and backward, in float32 "
    "and float64; then whole trainings of compare, the loss of every iteration side by side; then time and memory. Exit "
    "status 3 if one disagrees: by more than a relative 1e-10 in float64, in any iteration, or 1e-5 in float32, where of a "
    "training the first iteration alone is judged. Where frameworks differ by definition, the difference is named with "
    "its size.\n\n"
    "With --claims a study's claims are tested on each engine instead, and it is said whether the verdicts agree.",
)
@click.option(
    "--engine", "named", multiple=True, metavar="NAME", help=f"This engine alone. Repeatable: {', '.join(SIDES)}."
)
@click.option(
    "--claims", "study", is_flag=False, flag_value="compare", metavar="[STUDY]",
    help="Test the claims of this study on each engine [without a name: compare].",
)  # fmt: skip
@dataset_option
@data_dir_option
@seed_option
@click.option("--replicates", type=int, metavar="N", help="With --claims: runs per arm [default: the study's own].")
@out_option
@jobs_option
@click.option("--force", is_flag=True, help="Do all trainings again, stored or not.")
@json_option
@quiet_option
@verbose_option
def command(
    named: tuple[str, ...],
    study: str | None,
    dataset: str | None,
    data_dir: Path | None,
    seed: int | None,
    replicates: int | None,
    out: Path,
    jobs: int,
    force: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    set_up_log(verbose)
    if replicates is not None and study is None:
        raise SettingsError("--replicates is not allowed without --claims: whole trainings are compared one by one")
    given = {"dataset": chosen_dataset(dataset, data_dir), "seed": seed, "replicates": replicates}
    overrides = [Override(SHORTCUTS[f"--{key}"], value, f"--{key}") for key, value in given.items() if value is not None]
    request = Request(_engines(named), overrides, data_folders(data_dir), Store(out), jobs, force, as_json, quiet)
    if not (_parity(request) if study is None else _claims(request, study)):
        sys.exit(3)


@dataclass(frozen=True)
class Request:
    """What the options ask for: engines beside ours, settings, where images are looked for, and how it is to be done."""

    engines: Sequence[str]
    overrides: Sequence[Override]
    folders: Sequence[Path]
    store: Store
    jobs: int
    force: bool
    as_json: bool
    quiet: bool

    def train(self, plans: Mapping[Any, StudyPlan]) -> None:
        """Train what isn't stored, or was trained by another version of its framework. Raises RunError if a run fails:
        nothing could be said without it."""
        runs, labels = trainings.runs(plans), trainings.labels(plans)
        engines.check(runs)
        self.store.prepare(publish.FOLDER)
        stand, manner = standing(runs, self.store), Manner(Workers(self.jobs), anew=self.force)
        foreign = [] if self.force else [run for run in runs if trainings.is_foreign(run, self.store)]
        if foreign:
            say(f"{plural(len(foreign), 'run')} stored by another version of a framework: done anew", self.quiet)
        with report_interrupt(runs, self.store):
            if missing := [*manner.missing(stand), *foreign]:
                get_ready(self.jobs)
            anew = replace(manner, anew=self.force or bool(foreign))
            if failures := train_missing(runs, missing, self.store, self.folders, anew, not self.quiet, labels):
                raise runs_failed(failures, labels)

    def versions(self) -> str:
        """The frameworks, each with its version."""
        return "; ".join(str(engines.version(engine)) for engine in self.engines)


def _engines(named: Sequence[str]) -> list[str]:
    """The engines that are asked for; without a name, all that are installed. Raises SettingsError for one that isn't."""
    for engine in named:
        if engine not in SIDES:
            hint = did_you_mean(engine, SIDES)
            raise SettingsError(
                f"--engine {engine}: there is nothing to hold against it: choose {' or '.join(SIDES)}{hint}"
            )
    chosen = [*dict.fromkeys(named)] or [engine for engine in SIDES if engines.installed(engine)]
    if not chosen:
        frameworks = [engines.FRAMEWORKS[engine] for engine in SIDES]
        raise SettingsError(
            f"there is nothing to hold against our own core: neither {' nor '.join(each.name for each in frameworks)} is "
            f"installed: {', or '.join(each.install for each in frameworks)}"
        )
    for engine in chosen:
        engines.module(engine)
    return chosen


def _parity(request: Request) -> bool:
    """Compare everything; whether all agrees."""
    start = time.perf_counter()
    plans = trainings.make_plans(request.engines, request.overrides, request.folders)
    request.train(plans)
    found = [each for engine in request.engines for each in differences(engine)]
    defined = [each for engine in request.engines for each in importlib.import_module(SIDES[engine]).conventions()]
    compared = [*trainings.compared(plans, request.store)]
    timed = [plan.runs[0] for (_, dtype), plan in plans.items() if dtype == publish.DTYPE]
    costs = [cost(run, [*map(str, request.folders)]) for run in timed]
    document = publish.document(trainings.settings(plans), found, defined, compared, costs)
    facts = provenance(time.perf_counter() - start, request.versions())
    files = publish.publish(document, found, compared, _caption(plans), request.store, facts)
    if request.as_json:
        print_json({**document, "files": files})
    elif not request.quiet:
        _print_differences(found)
        _print_conventions(defined)
        _print_trainings(compared)
        print_table(
            ["engine", "dtype", "import, s", "training, s", "peak memory, MB"],
            [[each.engine, each.dtype, f"{each.start:.2f}", f"{each.training:.3f}", _megabytes(each.peak_bytes)]
             for each in costs],
        )  # fmt: skip
        for file in files:
            click.echo(file)
        print_text(_in_words(found, compared))
    return bool(document["ok"])


def _claims(request: Request, study: str) -> bool:
    """Test a study's claims on each engine; whether all verdicts agree."""
    start = time.perf_counter()
    plans = verdicts.make_plans(study, request.engines, request.overrides, request.folders)
    request.train(plans)
    found = verdicts.compare(plans, request.store)
    document = publish.claims_document(trainings.settings(plans), found)
    path = publish.publish_claims(document, request.store, provenance(time.perf_counter() - start, request.versions()))
    if request.as_json:
        print_json({**document, "files": [path]})
    elif not request.quiet:
        rows = [[each.text, *_verdict_cells(each), "agree" if each.ok else "DISAGREE"] for each in found]
        print_table(["claim", *plans, ""], rows, wrap=("claim",))
        click.echo(path)
        agree = sum(each.ok for each in found)
        print_text(f"{plural(len(found), 'claim')} of {study} on {', '.join(plans)}: {agree} with the same verdict on all")
    return bool(document["ok"])


def _caption(plans: Mapping[Any, StudyPlan]) -> str:
    own = trainings.settings(plans)
    return (
        f"{own['dataset']}, first {own['num_train']:,} training images, seed {own['seed']}: "
        f"{own['study']} on each engine from the same initial weights and minibatches; differences below "
        f"{LOWEST['float32']:g} in float32, and {LOWEST['float64']:g} in float64, are drawn there"
    )


def _print_differences(found: Sequence[Difference]) -> None:
    """A row for each way of each layer, rule and net, a column for each engine and precision."""
    columns = [*dict.fromkeys((each.engine, each.dtype) for each in found)]
    rows: dict[tuple[str, str, str], dict[tuple[str, str], Difference]] = {}
    for each in found:
        rows.setdefault((each.kind, each.name, each.way), {})[each.engine, each.dtype] = each
    cells = [[*key, *(_cell(row.get(column)) for column in columns)] for key, row in rows.items()]
    print_table(["", "name", "way", *(" ".join(column) for column in columns)], cells)


def _cell(found: Difference | None) -> str:
    return "-" if found is None else f"{found.difference:.1e}" + ("" if found.ok else " DISAGREES")


def _print_conventions(defined: Sequence[Convention]) -> None:
    click.echo("By definition:")
    cells = [
        [each.framework, each.what, f"{each.ours}; {each.theirs}", f"{each.size:.1e}", each.of,
         "-" if each.as_torch is None else f"{each.as_torch:.1e}"]
        for each in defined
    ]  # fmt: skip
    head = ["framework", "what", "notebooks; framework", "size", "of", "with --convention torch"]
    print_table(head, cells, drop=("of",), wrap=("what", "notebooks; framework", "of"))


def _print_trainings(compared: Sequence[Training]) -> None:
    cells = [[each.engine, each.dtype, each.arm, *_training_cells(each)] for each in compared]
    head = ["engine", "dtype", "training", "first", "largest", f"above {PARTED:g} from", "judged"]
    print_table(head, cells, wrap=("training",))


def _training_cells(each: Training) -> Iterator[str]:
    yield f"{each.apart[0]:.1e}"
    yield f"{max(each.apart):.1e}"
    yield "-" if each.parted is None else f"iteration {each.parted}"
    which = "all" if each.dtype == "float64" else "the first"
    yield f"{which}: {'ok' if each.ok else 'DISAGREES'}"


def _verdict_cells(each: Compared) -> list[str]:
    return [f"{word} ({each.means[engine]:.3g})" for engine, word in each.verdicts.items()]


def _megabytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 2**20:.0f}"


def _in_words(found: Sequence[Difference], compared: Sequence[Training]) -> str:
    wrong = [each.ok for each in found].count(False) + [each.ok for each in compared].count(False)
    largest = {
        dtype: max((each.difference for each in found if each.dtype == dtype), default=math.nan) for dtype in TOLERANCES
    }
    told = ", ".join(f"{value:.1e} in {dtype}" for dtype, value in largest.items())
    judged = f"{plural(len(found), 'difference')} and {plural(len(compared), 'training')} beside {OURS}'s"
    return f"{judged}: {'all agree' if not wrong else f'{wrong} disagree'}; the largest difference is {told}"
