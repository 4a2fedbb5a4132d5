"""What a study's command prints on standard output: tables for people, one JSON document for programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Set
from typing import Any

import click

from bnlab.cli.progress import Manner
from bnlab.cli.tables import can_print, print_json, print_table, print_text
from bnlab.errors import plural
from bnlab.evidence.interval import mean_interval
from bnlab.lab.standing import Standing
from bnlab.runs.history import History
from bnlab.studies.panels import measured
from bnlab.studies.plan import StudyPlan
from bnlab.studies.study import Result


def print_plan(plan: StudyPlan, runs: Standing, manner: Manner, said: str, as_json: bool, quiet: bool) -> None:
    """The runs of a plan, how each stands, and the sum of it in words."""
    labels, to_do = plan.labels, manner.missing(runs)
    names = {run.name for run in to_do}
    if as_json:
        rows = [
            {
                "arm": labels[run.name],
                "run": run.name,
                "stored": run.name in runs.done,
                "failed": run.name in runs.failed,
                "to_do": run.name in names,
                "spec": run.to_json(),
            }
            for run in runs.runs
        ]
        print_json({"study": plan.entry.name, "core_seconds_left": runs.seconds(to_do), "runs": rows})
    elif not quiet:
        cells = [[run.name, labels[run.name], str(run.replicate), _standing(run.name, runs, names)] for run in runs.runs]
        print_table(["run", "arm", "replicate", ""], cells, drop=["run"], wrap=["arm"])
        click.echo(f"{said}; nothing was run (--dry-run)")


def _standing(name: str, runs: Standing, to_do: Set[str]) -> str:
    """How a run stands, in a word or two."""
    before = "stored" if name in runs.done else "failed" if name in runs.failed else ""
    return ", ".join(filter(None, (before, "to do" if name in to_do else "")))


MOST_ARMS = 12
"""Arms of a sweep that have a row each. More of them are summed up, a row per curve, unless -v asks for all."""
MEASURES: dict[str, tuple[Callable[[History], float], str]] = {
    "final loss": (lambda run: run.final_loss, ".4g"),
    "best train acc": (measured("best_train_acc"), ".3f"),
    "best val acc": (measured("best_val_acc"), ".3f"),
    "final train acc": (measured("final_train_acc"), ".3f"),
    "final val acc": (measured("final_val_acc"), ".3f"),
}
"""What is said of the runs of an arm, and how its numbers are written."""
DROPPED = ["final train acc", "final val acc", "final loss"]


def print_study(
    plan: StudyPlan, results: list[Result], document: dict[str, Any], as_json: bool, verbose: bool, reused: int
) -> None:
    """A study's results: a row per arm or, of many arms of a sweep, per curve; the findings; and where the files are."""
    if as_json:
        print_json(document)
        return
    summed_up = len(results) > MOST_ARMS and any(result.arm.x is not None for result in results) and not verbose
    if summed_up:
        _print_curves(results)
    else:
        _print_arms(results)
    for finding in document["findings"]:
        print_text(finding)
    note = f" ({reused} stored before)" if reused else ""
    more = "; -v lists all arms" if summed_up else ""
    click.echo(f"{plural(len(plan.runs), 'run')}{note} in {document['provenance']['seconds']:.1f} s{more}")
    for file in document["files"]:
        click.echo(file)


def _print_arms(results: Sequence[Result]) -> None:
    """A row per arm: the mean of its runs and, for several, half the width of the 95 % interval of that mean."""
    rows = [
        [
            result.arm.label,
            str(len(result.histories)),
            *(_mean([value(run) for run in result.histories], form) for value, form in MEASURES.values()),
            _ended(result),
        ]
        for result in results
    ]
    print_table(["arm", "runs", *MEASURES, "status"], rows, drop=DROPPED, wrap=["arm", "status"])


def _mean(values: Sequence[float], form: str) -> str:
    found = mean_interval(values)
    if math.isnan(found.mean):
        return "-"
    sign = "±" if can_print("±") else "+-"
    spread = f" {sign} {found.half_width:{_digits(form)}}" if math.isfinite(found.half_width) else ""
    return f"{found.mean:{form}}{spread}"


def _digits(form: str) -> str:
    """A half-width needs fewer digits than its mean."""
    return ".2g" if form.endswith("g") else form


def _ended(result: Result) -> str:
    """How the runs ended: 'finished', or how many diverged (and where, if it is one run) or failed."""
    runs, lost = result.histories, [run.diverged_at for run in result.histories if run.diverged_at is not None]
    where = f"diverged at {lost[0]}" if len(runs) == 1 and lost else f"{len(lost)} diverged"
    told = [where] if lost else []
    if result.failures:
        told.append("failed" if not runs else f"{len(result.failures)} failed")
    return ", ".join(told) or "finished"


def _print_curves(results: Sequence[Result]) -> None:
    """A row per curve of a sweep: the range of the means of its arms."""
    curves: dict[str, list[Result]] = {}
    for result in results:
        curves.setdefault(result.arm.curve, []).append(result)
    rows = [
        [
            curve,
            str(sum(len(result.histories) for result in members)),
            *(_range(members, value, form) for value, form in MEASURES.values()),
            str(sum(result.diverged for result in members)),
        ]
        for curve, members in curves.items()
    ]
    print_table(["curve", "runs", *MEASURES, "diverged"], rows, drop=DROPPED, wrap=["curve"])


def _range(members: Sequence[Result], value: Callable[[History], float], form: str) -> str:
    means = [mean_interval([value(run) for run in result.histories]).mean for result in members if result.histories]
    return f"{min(means):{form}} to {max(means):{form}}" if means else "-"
