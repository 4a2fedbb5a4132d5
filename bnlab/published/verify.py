"""From names of groups to their rows, and to the figure of the training logs where one of those is among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bnlab.lab.files import write
from bnlab.lab.store import Store
from bnlab.published.cell import replay
from bnlab.published.figure import figure
from bnlab.published.groups import GROUPS
from bnlab.published.images import Images, find_images
from bnlab.published.runs import Ours, runs
from bnlab.report.draw import draw
from bnlab.report.table import csv_bytes, rows
from bnlab.runs.spec import RunSpec

FOLDER = "verify"


@dataclass(frozen=True)
class VerifyPlan:
    """The images, or why there are none; and our runs by log. The figure shows both logs, whichever is asked for."""

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


def make_plan(names: Sequence[str], folders: Sequence[Path]) -> VerifyPlan:
    """Look for the images if a group needs them, and list the runs. Raises DataError for damaged files; writes nothing."""
    if not any(GROUPS[name].trains for name in names):
        return VerifyPlan("no training log was asked for", {})
    images = find_images(folders)
    return VerifyPlan(images, {} if isinstance(images, str) else runs(images))


def gather(plan: VerifyPlan, store: Store) -> Ours:
    """Our trainings, for comparison with the published logs: the plan's runs, which are stored, and the cell run again."""
    by_log = {log: [history for run in specs if (history := store.load(run))] for log, specs in plan.logs.items()}
    return Ours(plan.images, {} if isinstance(plan.images, str) else replay(plan.images), by_log)


def publish(ours: Ours, store: Store) -> list[Path]:
    """Write the figure, and the table of the runs in it; where they lie. Nothing without images."""
    if isinstance(ours.images, str):
        return []
    contents = {f"figure.{name}": content for name, content in draw(figure(ours.images, ours)).items()}
    contents["table.csv"] = csv_bytes(rows((log, history) for log, of_log in ours.histories.items() for history in of_log))
    for name, content in contents.items():
        write(store.root / FOLDER / name, content)
    return [store.root / FOLDER / name for name in contents]
