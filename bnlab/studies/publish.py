"""From a study's results to the files in its folder: figure, table, summary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bnlab.errors import plural
from bnlab.lab.files import finite_or_none, json_bytes, write
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store
from bnlab.report.draw import draw
from bnlab.report.table import csv_bytes, rows
from bnlab.runs.fields import plain
from bnlab.studies.plan import StudyPlan
from bnlab.studies.study import Result

SUMMARY_SCHEMA = 2
IN_CAPTIONS = {"data.dataset", "data.num_train", "net.hidden_dims", "net.weight_scale", "seed", "solver.update_rule"}
IN_CAPTIONS |= {"solver.learning_rate", "solver.batch_size", "solver.num_epochs"}


def publish(plan: StudyPlan, results: list[Result], store: Store, seconds: float) -> dict[str, Any]:
    """Write the study's figure, table and summary to its folder; the summary is handed back, with where the files lie.

    seconds: wall time of the whole study.
    """
    folder = store.root / plan.folder
    document = {**summary(plan, results), "provenance": provenance(seconds)}
    figure = plan.study.figure(plan.settings, results)
    figure = replace(figure, caption=figure.caption + _changes(plan) + _failed(results))
    files = {
        **{f"figure.{name}": content for name, content in draw(figure).items()},
        "table.csv": csv_bytes(table(results)),
        "summary.json": json_bytes(document),
    }
    for name, content in files.items():
        write(folder / name, content)
    return {**document, "files": [str(folder / name) for name in files]}


def table(results: list[Result]) -> list[dict[str, Any]]:
    """The tidy table: a dict per run, those that failed included."""
    return rows((result.arm.label, run) for result in results for run in result.ended)


def summary(plan: StudyPlan, results: list[Result]) -> dict[str, Any]:
    """What was asked and what came out, in strict JSON."""
    return {
        "schema": SUMMARY_SCHEMA,
        "study": plan.entry.name,
        "settings": settings_used(plan),
        "changed": dict(plan.changed),
        "findings": plan.study.findings(results),
        "arms": [{"arm": arm.label, "curve": arm.curve, "x": arm.x, "varied": dict(arm.varied)} for arm in plan.arms],
        "runs": [{name: finite_or_none(value) for name, value in row.items()} for row in table(results)],
    }


def settings_used(plan: StudyPlan) -> dict[str, Any]:
    """The settings less those that the arms take over, which no run used."""
    settings = plain(plan.settings)
    for key in plan.study.VARIED:
        *sections, name = key.split(".")
        part = settings
        for section in sections:
            part = part[section]
        del part[name]
    return settings


def _changes(plan: StudyPlan) -> str:
    """The settings that aren't the study's own and that a caption doesn't name anyway: '; net.reg 0.5'."""
    said = {key: value for key, value in plan.changed.items() if key not in IN_CAPTIONS and not key.startswith("arms.")}
    return "".join(f"; {key} {value}" for key, value in said.items())


def _failed(results: list[Result]) -> str:
    failed = sum(len(result.failures) for result in results)
    return f"; {plural(failed, 'run')} failed and not drawn" if failed else ""
