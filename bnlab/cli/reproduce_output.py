"""What `bnlab reproduce` prints: what is to be done, or what came out, a row for each study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from typing import Any, get_args

import click

from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.cli.verify import in_words
from bnlab.errors import plural
from bnlab.evidence.verdicts import Word
from bnlab.studies.asked import command
from bnlab.studies.reproduction import VERIFY, Reproduction


def print_plans(everything: Reproduction, have: Set[str], said: str, as_json: bool, quiet: bool) -> None:
    """The studies of a reproduction, how many of their runs are stored, and the sum of it in words."""
    runs = {name: [run.name for run in plan.runs] for name, plan in everything.studies.items()}
    commands = {name: command(plan) for name, plan in everything.studies.items()}
    if everything.verify is not None:
        runs[VERIFY], commands[VERIFY] = [run.name for run in everything.verify.runs], f"bnlab {VERIFY}"
    total = len(everything.runs)
    if as_json:
        studies = [{"study": name, "command": commands[name], "runs": each} for name, each in runs.items()]
        print_json({"studies": studies, "runs": {"all": total, "stored_before": len(have)}})
    elif not quiet:
        cells = [[name, str(len(each)), str(len({*each} - have))] for name, each in runs.items()]
        print_table(["study", "runs", "to do"], cells, wrap=["study"])
        print_text(f"{said}; shared runs are counted once; nothing was run (--dry-run)")


def print_outcome(document: Mapping[str, Any]) -> None:
    """A row per study, then the published numbers, the gradients, and where the page is."""
    studies, runs = document["studies"], document["runs"]
    answers = [
        _verdicts(Counter(each["verdict"] for each in study["verdicts"])) for study in studies if "verdicts" in study
    ]
    columns = {
        "study": [study["study"] for study in studies],
        "runs": [_runs(study) for study in studies],
        **({"claims": answers} if answers else {}),
        "folder": [study["folder"] or "-" for study in studies],
    }
    if studies:
        print_table([*columns], [*zip(*columns.values(), strict=True)], drop=["runs", "folder"], wrap=["claims", "study"])
    if answers:
        print_text(f"{plural(document['claims']['all'], 'claim')}: {_verdicts(document['claims'])}")
    if document["verify"]:
        reason = document["verify"]["without_images"]
        print_text(in_words(document["verify"]["counts"]) + (f"; {reason}" if reason else ""))
    if document["gradcheck"]:
        found = document["gradcheck"]["counts"]
        print_text(f"{plural(found['gradients'], 'gradient')} checked, {found['failed']} failed")
    note = f" ({runs['stored_before']} stored before)" if runs["stored_before"] else ""
    click.echo(f"{plural(runs['all'], 'run')}{note} in {document['provenance']['seconds']:.1f} s")
    if document["page"]:
        click.echo(document["page"])


def _runs(study: Mapping[str, Any]) -> str:
    return str(study["runs"]) + (f", {study['failed']} failed" if study["failed"] else "")


def _verdicts(found: Mapping[str, int]) -> str:
    """How many claims have each verdict: '3 supported, 1 undecided'."""
    return ", ".join(f"{found[word]} {word}" for word in get_args(Word) if found[word]) or "none"
