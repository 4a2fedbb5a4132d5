"""From the names of groups to the trainings they need and the figure of the training logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from bnlab.lab.files import json_bytes, write
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store
from bnlab.published.cell import replay
from bnlab.published.figure import figure
from bnlab.published.groups import GROUPS
from bnlab.published.images import Images, find_images
from bnlab.published.number import PublishedNumber, Status
from bnlab.published.runs import Trainings, runs
from bnlab.report.draw import draw
from bnlab.report.figure_table import numbers_csv
from bnlab.report.table import NAMES, csv_bytes, rows
from bnlab.runs.fields import plain
from bnlab.runs.spec import RunSpec

FOLDER, FILE, SCHEMA = "verify", "verify.json", 1
COMMAND = "bnlab verify"


@dataclass(frozen=True)
class VerifyPlan:
    """The images, or why there are none; and the runs of our seeds by log. The figure always shows both logs."""

    images: Images | str
    logs: Mapping[str, tuple[RunSpec, ...]]

    @property
    def runs(self) -> list[RunSpec]:
        """All runs, in order."""
        return [run for specs in self.logs.values() for run in specs]

    @property
    def labels(self) -> dict[str, str]:
        """The log that each run is for, by the run's name."""
        return {run.name: log for log, specs in self.logs.items() for run in specs}


def make_plan(names: Sequence[str], folders: Sequence[Path], engine: Mapping[str, Any] | None = None) -> VerifyPlan:
    """Look for the images if a group needs them, and list the runs. Writes nothing. Raises DataError for damaged files.

    engine: settings of the runs that say what trains them, where it isn't the numpy engine.
    """
    if not any(GROUPS[name].trains for name in names):
        return VerifyPlan("no training log was asked for", {})
    images = find_images(folders)
    return VerifyPlan(images, {} if isinstance(images, str) else runs(images, engine))


def gather(plan: VerifyPlan, store: Store) -> Trainings:
    """Train the cell again, and put it beside the Histories of the plan's runs that are stored and didn't diverge."""
    loaded = {log: [store.load(run) for run in specs] for log, specs in plan.logs.items()}
    by_log = {
        log: [history for history in histories if history is not None and history.diverged_at is None]
        for log, histories in loaded.items()
    }
    return Trainings(plan.images, {} if isinstance(plan.images, str) else replay(plan.images), by_log)


def publish(trainings: Trainings, store: Store) -> list[Path]:
    """Write the figure and the table of its runs, and give their paths. Without images there is nothing to write."""
    if isinstance(trainings.images, str):
        return []
    drawn = figure(trainings.images, trainings)
    contents = {f"figure.{name}": content for name, content in draw(drawn).items()}
    contents["figure-numbers.csv"] = numbers_csv(drawn)
    by_log = trainings.histories.items()
    contents["table.csv"] = csv_bytes(NAMES, rows((log, history) for log, histories in by_log for history in histories))
    for name, content in contents.items():
        write(store.root / FOLDER / name, content)
    return [store.root / FOLDER / name for name in contents]


def publish_rows(rows: Sequence[PublishedNumber], images: Images | str, store: Store, seconds: float) -> dict[str, Any]:
    """Write all published numbers with ours to `verify/verify.json`, and give the document.

    rows: those of all groups. images: or why there are none. seconds: what the whole verification took.
    """
    told = images if isinstance(images, str) else ""
    reason = _without_folders(told)
    document = {
        "schema": SCHEMA,
        "command": COMMAND,
        "counts": counts(rows),
        "images": None if isinstance(images, str) else {**plain(images.spec), "mean_of": images.mean_of},
        "without_images": reason or None,
        "rows": [_row(replace(row, why=row.why.replace(told, reason))) for row in rows],
        # What is reported only is a ratio of timings, so it stands where all timings do.
        "provenance": {**provenance(seconds), "reported": {row.what: row.ours for row in rows if _is_timing(row)}},
    }
    write(store.root / FOLDER / FILE, json_bytes(document))
    return document


def counts(rows: Sequence[PublishedNumber]) -> dict[str, int]:
    """How many rows have each status."""
    return {status: sum(row.status == status for row in rows) for status in get_args(Status)}


def _without_folders(reason: str) -> str:
    """Why there are no images, less where they were looked for and what to do, which name folders of this machine."""
    return reason.partition(" (searched")[0].partition(": ")[0]


def _row(row: PublishedNumber) -> dict[str, Any]:
    """The row with its status and the format of its numbers; what is a timing is left out."""
    timing = {"ours": None, "difference": None} if _is_timing(row) else {}
    return {**row.to_json(), **timing, "status": row.status, "limited": row.limited, "form": row.form}


def _is_timing(row: PublishedNumber) -> bool:
    return row.status == "reported"
