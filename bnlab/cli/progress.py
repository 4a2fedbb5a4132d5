"""What is said on standard error while runs are under way: a bar, a line per run with -v, and what is stored when they are
interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bnlab.cli.lazy import asked, interruptible
from bnlab.errors import RunError, plural
from bnlab.lab.compilation import prepare, prepared
from bnlab.lab.driver import carry_out
from bnlab.lab.executor import Workers, start_early
from bnlab.lab.standing import Standing, standing
from bnlab.lab.store import Store
from bnlab.runs.history import Ended, Failure, History
from bnlab.runs.spec import RunSpec

if TYPE_CHECKING:
    from rich.progress import TaskID

log = logging.getLogger("bnlab")
MOST_NAMED = 5
"""Failed runs that are named one by one."""


def set_up_log(verbose: bool) -> None:
    """Send what is logged to standard error: warnings, or with -v a line per run too."""
    logging.basicConfig(format="%(message)s", level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr)


@dataclass(frozen=True)
class Manner:
    """How runs are to be done: by whom; whether those that failed before are left alone, and those that are stored done
    anew; and whether the first failure is the last."""

    workers: Workers
    keep_failed: bool = False
    fail_fast: bool = False
    anew: bool = False

    def missing(self, runs: Standing) -> list[RunSpec]:
        """The runs to be done."""
        return runs.missing(self.keep_failed, self.anew)


def get_ready(jobs: int) -> None:
    """Compile the kernels if they aren't yet, and start the workers' server, if it doesn't run."""
    if not prepared():
        start = time.perf_counter()
        prepare()
        log.warning("compiled the kernels for this processor, once: %.0f s", time.perf_counter() - start)
    if jobs > 1:
        start_early()


def report_interrupt(runs: Sequence[RunSpec], store: Store) -> contextlib.AbstractContextManager[None]:
    """After Ctrl-C or SIGTERM, say how many of the runs are stored, if there are any to train."""

    def so_far() -> str:
        if not runs:
            return ""
        stored = (
            f"{len(standing(runs, store).done)} of {plural(len(runs), 'run')} {'is' if len(runs) == 1 else 'are'} stored"
        )
        return f": {stored} in {store.root}; the same command goes on from there"

    return interruptible(so_far)


def how_it_ended(history: History) -> str:
    """In words, and at which iteration if it diverged."""
    return history.status if history.diverged_at is None else f"diverged at iteration {history.diverged_at}"


def say(line: str, quiet: bool) -> None:
    """Say a line on standard error."""
    if not quiet:
        click.echo(line, err=True)


def in_words(runs: Standing, manner: Manner, at_most: bool = False) -> str:
    """What is stored, missing and failed, and how long the rest may take. at_most: fewer runs may do."""
    before = f"{len(runs.failed)} failed"
    if runs.failed:
        before += " and left alone" if manner.keep_failed else " and tried again"
    stored = f"{len(runs.done)} stored" + (" and done anew" if manner.anew and runs.done else "")
    missing = len(runs.runs) - len(runs.done) - len(runs.failed)
    to_do = manner.missing(runs)
    seconds = runs.seconds(to_do) if to_do else None
    left = "" if seconds is None else f"; about {_left(seconds, manner.workers.at_once(len(to_do)))} to go"
    return f"{'at most ' * at_most}{plural(len(runs.runs), 'run')}: {stored}, {missing:,} missing, {before}{left}"


def _left(seconds: float, at_once: int | None) -> str:
    return f"{in_time(seconds)} of one core" if at_once is None else in_time(seconds / at_once)


def in_time(seconds: float) -> str:
    """Seconds, minutes or hours, whichever is short."""
    units = ((3600, "h"), (60, "min"), (1, "s"))
    size, unit = next((each for each in units if seconds >= 1.5 * each[0]), units[-1])
    return f"{max(seconds / size, 0.1):.1f} {unit}" if seconds < 9.95 * size else f"{seconds / size:.0f} {unit}"


def train_missing(
    runs: Sequence[RunSpec],
    missing: Sequence[RunSpec],
    store: Store,
    folders: Sequence[Path],
    manner: Manner,
    shown: bool,
    labels: Mapping[str, str],
    ending: Callable[[History], str] = how_it_ended,
) -> list[Failure]:
    """Train and store the missing ones of the runs, behind a progress bar if `shown`; gives those that failed, in the order
    of the runs. ending: what -v says of a run."""
    failures = []
    with progress_bar(len(runs), len(runs) - len(missing), shown, lambda ended: _log(ended, labels, ending)) as advance:
        for ended in carry_out(missing, store, [*map(str, folders)], manner.workers, manner.fail_fast, manner.anew):
            advance(ended)
            if isinstance(ended, Failure):
                failures.append(ended)
    order = {run.name: place for place, run in enumerate(runs)}
    return sorted(failures, key=lambda failure: order[failure.spec.name])


@contextlib.contextmanager
def progress_bar(total: int, done: int, shown: bool, tell: Callable[[Ended], None]) -> Iterator[Callable[[Ended], None]]:
    """A bar with runs done, rate and time left; none where standard error is no terminal.

    Gives the function to call with each run that has been stored. done: runs stored before. tell: logs such a run.
    """
    with count_bar("runs", total, done, shown) as advance:

        def ended_one(ended: Ended) -> None:
            nonlocal done
            tell(ended)
            done += 1
            advance(done)

        yield ended_one


@contextlib.contextmanager
def count_bar(unit: str, total: int, done: int, shown: bool) -> Iterator[Callable[..., None]]:
    """A bar with how many are done, their rate and the time left; none where standard error is no terminal.

    unit: what is counted, such as 'runs'. Gives the function to call with the number done, and with more to say.
    """
    if not (shown and sys.stderr.isatty() and done < total):
        yield lambda done, more="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [TextColumn(unit), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]} " + f"{unit}/s")]
    columns += [TimeRemainingColumn(compact=True), TextColumn("{task.fields[more]}")]
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task(unit, total=total, completed=done, rate="-", more="")

        def advance(done: int, more: str = "") -> None:
            bar.update(task, completed=done, rate=f"{bar.tasks[task].speed or 0:.1f}", more=more)

        yield advance


def run_name(spec: RunSpec, labels: Mapping[str, str]) -> str:
    """A run as a reader knows it: its arm, its seed and its name."""
    replicate = f", replicate {spec.replicate}" if spec.replicate else ""
    return f"{labels[spec.name]}, seed {spec.seed}{replicate} ({spec.name})"


def runs_failed(failures: Sequence[Failure], labels: Mapping[str, str]) -> RunError:
    """The error that names runs that failed, a line for each of the first few."""
    lines = [f"a run failed: {run_name(each.spec, labels)}: {each.error}" for each in failures[:MOST_NAMED]]
    if len(failures) > MOST_NAMED:
        lines.append(f"and {plural(len(failures) - MOST_NAMED, 'more run')} failed")
    lines.append(f"failed runs are recorded, and the same command tries them again (-v shows where they fail): {asked()}")
    return RunError("\n".join(lines))


def _log(ended: Ended, labels: Mapping[str, str], ending: Callable[[History], str]) -> None:
    name, seconds = run_name(ended.spec, labels), ended.provenance["seconds"]
    if isinstance(ended, History):
        log.info("%s: %s in %.2f s", name, ending(ended), seconds)
    else:
        where = "\n".join(ended.provenance.get("traceback", []))
        log.info("%s: failed after %.2f s: %s\n%s", name, seconds, ended.error, where)


@contextlib.contextmanager
def byte_bar(shown: bool) -> Iterator[tuple[Callable[[str], None], Callable[[str, int, int], None]]]:
    """A bar with the bytes of a file, their rate and the time left; none where standard error is no terminal.

    Gives the function for a line to say meanwhile, and the one to call with a file's name, how many of its bytes are there,
    and how many it has.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda line: print(line, file=sys.stderr, flush=True), lambda name, there, size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = [TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()]
    bar = Progress(*columns, TimeRemainingColumn(compact=True), console=Console(stderr=True), transient=True)
    with bar:
        tasks: dict[str, TaskID] = {}

        def advance(name: str, there: int, size: int) -> None:
            if name not in tasks:
                for other in tasks.values():
                    bar.remove_task(other)
                tasks.clear()
                tasks[name] = bar.add_task(name, total=size, completed=there)
            bar.update(tasks[name], completed=there)

        yield lambda line: bar.console.print(line, markup=False, highlight=False, soft_wrap=True), advance
