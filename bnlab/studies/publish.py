"""From a study's results to the files in its folder: figure, tables, findings, summary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from bnlab.errors import plural
from bnlab.evidence.judge import ArmRuns, Finding
from bnlab.evidence.sentences import part_of_title, sentence
from bnlab.lab.files import finite_or_none, json_bytes, write
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store
from bnlab.report import arms_table
from bnlab.report.draw import draw, get_ready
from bnlab.report.figure import Figure
from bnlab.report.figure_table import numbers_csv
from bnlab.report.findings import findings_json, findings_markdown
from bnlab.report.table import NAMES, csv_bytes, rows
from bnlab.runs.fields import plain
from bnlab.studies.asked import command, question, title
from bnlab.studies.axes import value_text
from bnlab.studies.claims_file import CLAIMS_FILE, claims_yaml
from bnlab.studies.further_files import diagnosed_files, own_files
from bnlab.studies.plan import StudyPlan, judged, results
from bnlab.studies.study import Result
from bnlab.studies.words import VARIED, closing_words

SUMMARY_SCHEMA, FINDINGS_SCHEMA = 2, 1
IN_CAPTIONS = {"data.dataset", "data.num_train", "net.hidden_dims", "net.weight_scale", "seed", "solver.update_rule"}
IN_CAPTIONS |= {"solver.learning_rate", "solver.batch_size", "solver.num_epochs", "diagnostics", "replicates"}


class Conclusion(NamedTuple):
    """What came out of a study: its results, what they say about its claims, and its summary with the files."""

    results: list[Result]
    findings: list[Finding]
    document: dict[str, Any]


def further_figures(plan: StudyPlan) -> dict[str, bytes]:
    """The files of the study's further figures, which need no run, by name. Brings in what drawing takes, even if there are
    none."""
    get_ready()
    return own_files(plan, _changes(plan))


def conclude(
    plan: StudyPlan, store: Store, seconds: float | None = None, further: Mapping[str, bytes] | None = None
) -> Conclusion:
    """Judge the stored runs of the plan, and publish. seconds: wall time of the whole study; without it, the sum over its
    runs. further: what `further_figures` gave, if that has been drawn already."""
    found = results(plan, store)
    findings = judged(plan, found)
    taken = sum(run.provenance["seconds"] for result in found for run in result.ended) if seconds is None else seconds
    return Conclusion(found, findings, publish(plan, found, findings, store, taken, further))


def publish(
    plan: StudyPlan,
    results: list[Result],
    findings: Sequence[Finding],
    store: Store,
    seconds: float,
    further: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Write the study's files to its folder; the summary is handed back, with where the files lie.

    seconds: wall time of the whole study. further: what `further_figures` gave, if that has been drawn already.
    """
    folder = store.root / plan.folder
    document = {**summary(plan, results, findings), "provenance": provenance(seconds)}
    found = findings_document(plan, findings)
    drawn = figure(plan, results, findings)
    files = {
        **{f"figure.{name}": content for name, content in draw(drawn).items()},
        "figure-numbers.csv": numbers_csv(drawn),
        "table.csv": csv_bytes(NAMES, table(results)),
        "arms.csv": csv_bytes(arms_table.COLUMNS, arms_table.rows(_arm_runs(results))),
        "findings.json": json_bytes(found),
        "findings.md": findings_markdown(found, document["findings"]).encode(),
        **(further_figures(plan) if further is None else further),
        **diagnosed_files(plan, results, _changes(plan)),
        **_own_claims(plan),
        "summary.json": json_bytes(document),
    }
    for name, content in files.items():
        write(folder / name, content)
    return {**document, "files": [str(folder / name) for name in files]}


def _own_claims(plan: StudyPlan) -> dict[str, bytes]:
    """The user's claims as a file that --claims takes, if there are any."""
    own = plan.claims[len(plan.study.CLAIMS) :]
    return {CLAIMS_FILE: claims_yaml(own)} if own else {}


def figure(plan: StudyPlan, results: list[Result], findings: Sequence[Finding]) -> Figure:
    """The study's figure under a title that says what was found, if there is anything found to say."""
    drawn = plan.study.figure(plan.settings, results)
    known = [finding for finding in findings if not any(map(math.isnan, finding.means))]
    in_title = [finding for finding in known if finding.contrast.claim.title]
    arms = [finding.contrast.of for finding in in_title]
    parts = [part_of_title(finding) for finding in sorted(in_title, key=lambda finding: arms.index(finding.contrast.of))]
    caption = drawn.caption + _diverged(results) + _changes(plan) + _failed(results)
    return replace(drawn, title="; ".join(parts) or drawn.title, caption=caption)


def table(results: list[Result]) -> list[dict[str, Any]]:
    """The tidy table: a dict per run, those that failed included."""
    return rows((result.arm.label, run) for result in results for run in result.ended)


def sentences(plan: StudyPlan, results: list[Result], findings: Sequence[Finding]) -> list[str]:
    """What the study says: a sentence for each claim, its remarks, and what the replicates differ in."""
    said = [f"{finding.contrast.text}? {sentence(finding, plan.study.AXIS)}" for finding in findings]
    return [*said, *plan.study.remarks(results), closing_words(plan.settings)]


def summary(plan: StudyPlan, results: list[Result], findings: Sequence[Finding]) -> dict[str, Any]:
    """What was asked and what came out, in strict JSON."""
    return {
        "schema": SUMMARY_SCHEMA,
        "study": plan.entry.name,
        "title": title(plan),
        "question": question(plan),
        "command": command(plan),
        "settings": settings_used(plan),
        "changed": dict(plan.changed),
        "fingerprint": plan.data.fingerprint,
        "findings": sentences(plan, results, findings),
        "verdicts": [{"claim": finding.contrast.text, "verdict": finding.verdict.word} for finding in findings],
        "arms": [{"arm": arm.label, "curve": arm.curve, "x": arm.x, "varied": dict(arm.varied)} for arm in plan.arms],
        "runs": [{name: finite_or_none(value) for name, value in row.items()} for row in table(results)],
    }


def findings_document(plan: StudyPlan, findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings in full, in strict JSON: claims, rules, effects, verdicts."""
    settings = plan.settings
    replicates = {"seed": settings.seed, "replicates": settings.replicates, "vary": VARIED[settings.vary]}
    return {
        "schema": FINDINGS_SCHEMA,
        "study": plan.entry.name,
        **replicates,
        **findings_json(findings, plan.looks, plan.study.AXIS),
    }


def _arm_runs(results: Sequence[Result]) -> Iterator[tuple[str, ArmRuns]]:
    for result in results:
        yield result.arm.label, result.runs


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
    return "".join(f"; {key} {value_text(value)}" for key, value in said.items())


def _diverged(results: list[Result]) -> str:
    lost = [result.arm.runs[0] for result in results if result.diverged]
    return f"; after a divergence accuracies count as {lost[0].data.chance:.3g}" if lost else ""


def _failed(results: list[Result]) -> str:
    failed = sum(len(result.failures) for result in results)
    return f"; {plural(failed, 'run')} failed and not drawn" if failed else ""
