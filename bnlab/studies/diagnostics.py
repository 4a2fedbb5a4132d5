"""What the runs of a study recorded of their layers, if their settings ask for diagnostics, as a tidy table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bnlab.nets.diagnostics import QUANTITIES
from bnlab.report.table import csv_bytes
from bnlab.runs.history import History
from bnlab.studies.study import Result

COLUMNS = ("arm", "replicate", "iteration", "epoch", "layer", *QUANTITIES)
"""`QUANTITIES` in `bnlab/nets/diagnostics.py` says what each quantity is."""
Row = dict[str, Any]


def rows(results: Sequence[Result]) -> list[Row]:
    """A row for each arm, replicate, check and layer, by column; none for runs without diagnostics."""
    return [
        {"arm": result.arm.label, "replicate": history.spec.replicate, **row}
        for result in results
        for history in result.histories
        for row in rows_of_run(history)
    ]


def rows_of_run(history: History) -> Iterator[Row]:
    """The rows of a single run, without the columns that say which run it is."""
    table = history.outcome.diagnostics or {"iteration": []}
    for i, iteration in enumerate(table["iteration"]):
        own = {name: column[i] for name, column in table.items()}
        yield {"iteration": iteration, "epoch": iteration / history.spec.iterations_per_epoch, **own}


def diagnostics_files(results: Sequence[Result]) -> dict[str, bytes]:
    """The table as CSV by the name of its file; nothing if no run has diagnostics."""
    found = rows(results)
    if not found:
        return {}
    return {"diagnostics.csv": csv_bytes(COLUMNS, found)}
