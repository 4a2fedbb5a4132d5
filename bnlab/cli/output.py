"""What a study's command prints on standard output: tables for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from bnlab.cli.tables import print_json, print_table
from bnlab.runs.history import History
from bnlab.studies.plan import StudyPlan
from bnlab.studies.study import Result


def print_plan(plan: StudyPlan, have: Mapping[str, History], as_json: bool, quiet: bool) -> None:
    """The runs of a plan, and which of them are stored."""
    listed = [(arm.label, run, run.name in have) for arm in plan.arms for run in arm.runs]
    if as_json:
        print_json(
            {
                "study": plan.entry.name,
                "runs": [
                    {"arm": arm, "run": run.name, "stored": stored, "spec": asdict(run)} for arm, run, stored in listed
                ],
            }
        )
    elif not quiet:
        to_do = sum(not stored for *_, stored in listed)
        print_table(["run", "arm", ""], [[run.name, arm, "stored" if s else "to do"] for arm, run, s in listed])
        click.echo(f"{len(listed)} runs, {to_do} to do; nothing was run (--dry-run)")


def print_study(
    plan: StudyPlan, results: list[Result], document: dict[str, Any], as_json: bool, quiet: bool, reused: int
) -> None:
    """A study's results: a row a run, the findings, and where the files are."""
    if as_json:
        print_json(document)
    elif not quiet:
        head = ["arm", "final loss", "train acc: last", "best", "val acc: last", "best", "status"]
        print_table(head, [_row(result.arm.label, history) for result in results for history in result.histories])
        for finding in document["findings"]:
            click.echo(finding)
        note = f" ({reused} stored before)" if reused else ""
        click.echo(f"{len(plan.runs)} runs{note} in {document['provenance']['seconds']:.1f} s")
        for file in document["files"]:
            click.echo(file)


def _row(label: str, history: History) -> list[str]:
    train, val = history.outcome.train_acc_history, history.outcome.val_acc_history
    accuracies = [train[-1], max(train), val[-1], max(val)]
    return [label, f"{history.final_loss:.4f}", *(f"{accuracy:.3f}" for accuracy in accuracies), history.status]
