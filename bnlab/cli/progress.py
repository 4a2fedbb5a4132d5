"""A bar on standard error: runs done, rate and time left. None where standard error is no terminal."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator

from bnlab.lab.history import History

log = logging.getLogger("bnlab")


@contextlib.contextmanager
def progress_bar(total: int, done: int, shown: bool) -> Iterator[Callable[[History], None]]:
    """Gives the function to call with each History that has been stored. done: runs stored before."""
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
