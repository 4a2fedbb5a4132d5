"""What standard error shows while runs are under way: a bar, a line per run with -v, and after Ctrl-C what is stored."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator, Sequence

from bnlab.cli.lazy import Interrupted
from bnlab.errors import plural
from bnlab.lab.driver import stored
from bnlab.lab.store import Store
from bnlab.runs.history import History
from bnlab.runs.spec import RunSpec

log = logging.getLogger("bnlab")


def set_up_log(verbose: bool) -> None:
    """Send what is logged to standard error: warnings, and with -v a line per run."""
    logging.basicConfig(format="%(message)s", level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr)


@contextlib.contextmanager
def report_interrupt(runs: Sequence[RunSpec], store: Store) -> Iterator[None]:
    """After Ctrl-C, say how many of the runs are stored."""
    try:
        yield
    except KeyboardInterrupt as error:
        done = len(stored(runs, store))
        so_far = f"{done} of {plural(len(runs), 'run')} {'is' if len(runs) == 1 else 'are'} stored in {store.root}"
        raise Interrupted(f"interrupted: {so_far}; the same command goes on from there") from error


@contextlib.contextmanager
def progress_bar(total: int, done: int, shown: bool) -> Iterator[Callable[[History], None]]:
    """A bar with the runs done, their rate and the time left. There is none if standard error is not a terminal.

    Yields the function to call with each History when it has been stored. done: runs stored before.
    """
    if not (shown and sys.stderr.isatty() and done < total):
        yield _log
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]} runs/s")
    bar = Progress(
        TextColumn("runs"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(compact=True),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("runs", total=total, completed=done, rate="-")

        def advance(history: History) -> None:
            _log(history)
            bar.update(task, advance=1, rate=f"{bar.tasks[task].speed or 0:.1f}")

        yield advance


def _log(history: History) -> None:
    log.info("%s %s in %.2f s", history.spec.name, history.status, history.provenance["seconds"])
