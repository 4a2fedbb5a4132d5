"""From a study's name to its results: settings to arms, arms to Histories, Histories to the files in its folder.

The command line calls these in turn and prints what they give back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bnlab.data import DEFAULT, load
from bnlab.lab.driver import complete, stored
from bnlab.lab.files import finite_or_none, json_bytes, write
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store
from bnlab.report.draw import draw
from bnlab.report.table import csv_bytes, rows
from bnlab.runs.history import History
from bnlab.runs.spec import RunSpec
from bnlab.studies import StudyEntry
from bnlab.studies.settings import Override, leaves, load_settings
from bnlab.studies.study import Arm, CommonSettings, Result, Study, load_study

SUMMARY_SCHEMA = 1


@dataclass(frozen=True)
class StudyPlan:
    """A study with its settings, and the runs it takes."""

    entry: StudyEntry
    study: Study
    settings: CommonSettings
    arms: tuple[Arm, ...]

    @property
    def runs(self) -> list[RunSpec]:
        """All runs of all arms, in order."""
        return [run for arm in self.arms for run in arm.runs]

    @property
    def folder(self) -> str:
        """The name of the study's results folder: another data set than the default appends its name."""
        dataset = self.settings.data.dataset
        return self.study.folder(self.settings) + ("" if dataset == DEFAULT else f"-{dataset}")


def make_plan(
    entry: StudyEntry, config: Path | None = None, overrides: Iterable[Override] = (), folders: Sequence[Path] = ()
) -> StudyPlan:
    """Check the settings and the images, and list the runs. Raises SettingsError or DataError; writes nothing."""
    study = load_study(entry.module)
    settings = load_settings(study, entry.experiment, config, overrides)
    fingerprint = load(settings.data.dataset, folders, settings.data.num_train).fingerprint
    arms = study.runs(settings, fingerprint)
    return StudyPlan(entry, study, settings, tuple(arms))


def carry_out(
    plan: StudyPlan,
    store: Store,
    have: Mapping[str, History],
    folders: Sequence[Path] = (),
    jobs: int = 1,
    on_stored: Callable[[History], None] = lambda history: None,
) -> list[Result]:
    """Train and store the runs that aren't in `have`; the results in the order of the arms."""
    histories = complete(plan.runs, have, store, [str(folder) for folder in folders], jobs, on_stored)
    return [Result(arm, tuple(histories[run.name] for run in arm.runs)) for arm in plan.arms]


def already_stored(plan: StudyPlan, store: Store) -> dict[str, History]:
    """The plan's Histories that are in the store, by run name."""
    return stored(plan.runs, store)


def publish(plan: StudyPlan, results: list[Result], store: Store, seconds: float) -> dict[str, Any]:
    """Write the study's figure, table and summary to its folder; the summary is handed back, with where the files lie.

    seconds: wall time of the whole study.
    """
    folder = store.root / plan.folder
    document = {**summary(plan, results), "provenance": provenance(seconds)}
    figure = plan.study.figure(plan.settings, results)
    figure = replace(figure, caption=figure.caption + _changes(plan))
    files = {
        **{f"figure.{name}": content for name, content in draw(figure).items()},
        "table.csv": csv_bytes(table(results)),
        "summary.json": json_bytes(document),
    }
    for name, content in files.items():
        write(folder / name, content)
    return {**document, "files": [str(folder / name) for name in files]}


IN_CAPTIONS = {"data.dataset", "data.num_train", "net.hidden_dims", "net.weight_scale", "seed", "solver.update_rule"}
IN_CAPTIONS |= {"solver.learning_rate", "solver.batch_size", "solver.num_epochs"}


def _changes(plan: StudyPlan) -> str:
    """The settings that a caption doesn't name anyway and that aren't the study's own: '; net.reg 0.5'."""
    shipped = load_settings(plan.study, plan.entry.experiment)
    own = {leaf.key: leaf.value for leaf in leaves(asdict(shipped), "")}
    changed = [leaf for leaf in leaves(asdict(plan.settings), "") if leaf.value != own[leaf.key]]
    named = IN_CAPTIONS | {key for key in own if key.startswith("arms.")}
    return "".join(f"; {leaf.key} {leaf.value}" for leaf in changed if leaf.key not in named)


def table(results: list[Result]) -> list[dict[str, Any]]:
    """The tidy table: a dict a run."""
    return rows((result.arm.label, history) for result in results for history in result.histories)


def summary(plan: StudyPlan, results: list[Result]) -> dict[str, Any]:
    """What was asked and what came out, in strict JSON."""
    return {
        "schema": SUMMARY_SCHEMA,
        "study": plan.entry.name,
        "settings": _without(asdict(plan.settings), plan.study.VARIED),
        "findings": plan.study.findings(results),
        "runs": [{name: finite_or_none(value) for name, value in row.items()} for row in table(results)],
    }


def _without(settings: dict[str, Any], varied: Mapping[str, str]) -> dict[str, Any]:
    """The settings less those that the arms take over: no run used them."""
    for key in varied:
        section, name = key.split(".")
        del settings[section][name]
    return settings
