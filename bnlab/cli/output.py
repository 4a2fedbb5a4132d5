"""What a study's command prints on standard output: tables for people, one JSON document for programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Set
from typing import Any

import click

from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.errors import plural
from bnlab.runs.history import Ended, Failure, History
from bnlab.studies.plan import StudyPlan
from bnlab.studies.study import Result


def print_plan(plan: StudyPlan, have: Set[str], as_json: bool, quiet: bool) -> None:
    """The runs of a plan, and which of them are stored."""
    labels = plan.labels
    if as_json:
        runs = [
            {"arm": labels[run.name], "run": run.name, "stored": run.name in have, "spec": run.to_json()}
            for run in plan.runs
        ]
        print_json({"study": plan.entry.name, "runs": runs})
    elif not quiet:
        rows = [[run.name, labels[run.name], "stored" if run.name in have else "to do"] for run in plan.runs]
        print_table(["run", "arm", ""], rows, drop=["run"], wrap=["arm"])
        to_do = sum(run.name not in have for run in plan.runs)
        click.echo(f"{plural(len(rows), 'run')}, {to_do} to do; nothing was run (--dry-run)")


HEAD = ["arm", "final loss", "final train acc", "final val acc", "best train acc", "best val acc", "status"]


def print_study(
    plan: StudyPlan, results: list[Result], document: dict[str, Any], as_json: bool, verbose: bool, reused: int
) -> None:
    """A study's results: a row per run or, in a sweep, per curve; the findings; and where the files are."""
    if as_json:
        print_json(document)
        return
    sweep = any(result.arm.x is not None for result in results)
    if sweep and not verbose:
        _print_curves(results)
    else:
        rows = [_row(each.arm.label, run) for each in results for run in each.ended]
        print_table(HEAD, rows, drop=HEAD[2:5], wrap=["arm", "status"])
    for finding in document["findings"]:
        print_text(finding)
    note = f" ({reused} stored before)" if reused else ""
    more = "; -v lists them" if sweep and not verbose else ""
    click.echo(f"{plural(len(plan.runs), 'run')}{note} in {document['provenance']['seconds']:.1f} s{more}")
    for file in document["files"]:
        click.echo(file)


RANGES: dict[str, tuple[Callable[[History], float], str]] = {
    "best train acc": (lambda run: run.best_train_acc, ".3f"),
    "best val acc": (lambda run: run.best_val_acc, ".3f"),
    "final loss": (lambda run: run.final_loss, ".3g"),
}
"""What is said of the runs of a curve: from the lowest to the highest."""


def _print_curves(results: Sequence[Result]) -> None:
    """A row per curve of a sweep: the range of its runs."""
    curves: dict[str, list[History]] = {}
    for result in results:
        curves.setdefault(result.arm.curve, []).extend(result.histories)
    rows = [
        [
            curve,
            str(len(runs)),
            *(_range([value(run) for run in runs], form) for value, form in RANGES.values()),
            str(sum(run.diverged_at is not None for run in runs)),
        ]
        for curve, runs in curves.items()
    ]
    print_table(["curve", "runs", *RANGES, "diverged"], rows, drop=["final loss"], wrap=["curve"])


def _range(values: Sequence[float], form: str) -> str:
    numbers = [value for value in values if not math.isnan(value)]
    return f"{min(numbers):{form}} to {max(numbers):{form}}" if numbers else "-"


def _row(label: str, run: Ended) -> list[str]:
    if isinstance(run, Failure):
        return [label, "-", "-", "-", "-", "-", run.status]
    train, val = run.outcome.train_acc_history, run.outcome.val_acc_history
    accuracies = [train[-1], val[-1], run.best_train_acc, run.best_val_acc]
    status = run.status if run.diverged_at is None else f"{run.status} at {run.diverged_at}"
    return [label, f"{run.final_loss:.4g}", *("-" if math.isnan(each) else f"{each:.3f}" for each in accuracies), status]
