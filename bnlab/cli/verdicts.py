"""How the verdicts of a gradient check are shown: a row each and what was found, or a JSON object each."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bnlab.batchnorm_graph import Step
from bnlab.cli.output import print_table
from bnlab.gradcheck import TOLERANCE, VALUE_TOLERANCE, ZERO_TOLERANCE, Verdict
from bnlab.lab.store import finite_or_none


def print_verdicts(verdicts: list[Verdict]) -> None:
    """Our own gradients: a table, and a line that counts."""
    _print_table(verdicts, "analytic", "numeric")
    failed = sum(not verdict.ok for verdict in verdicts)
    kinks = sum(len(verdict.kinks) for verdict in verdicts)
    left_out = f", {kinks} entries left out at kinks" if kinks else ""
    click.echo(
        f"{len(verdicts)} gradients, {failed} failed{left_out}. Relative errors, at most {TOLERANCE:g}; abs.: the true "
        f"gradient is zero, and its absolute value may be at most {ZERO_TOLERANCE:g}"
    )


def print_module_verdicts(verdicts: list[Verdict], module: Path) -> None:
    """A user's functions: a table of what could be compared, a line for each finding, and what was checked and what not."""
    if compared := [verdict for verdict in verdicts if verdict.entries]:
        _print_table(compared, "yours", "right")
        click.echo(
            f"Relative errors, at most {VALUE_TOLERANCE:g} for outputs, and {TOLERANCE:g} for gradients, which are held "
            "against the numeric ones of your own forward pass"
        )
    for line in dict.fromkeys(_finding(each) for each in verdicts if each.ok is False or (each.note and not each.skipped)):
        click.echo(line)
    checked = {verdict.function for verdict in verdicts if not verdict.skipped}
    failed = {verdict.function for verdict in verdicts if verdict.ok is False}
    skipped = {each.function: _why(each) for each in verdicts if each.function not in checked}
    click.echo(f"{module}: {len(checked)} functions checked, {len(failed)} failed, {len(skipped)} skipped")
    for reason in dict.fromkeys(skipped.values()):
        click.echo(f"{reason.capitalize()}: {', '.join(str(name) for name, why in skipped.items() if why == reason)}")


def as_json_row(verdict: Verdict | Step) -> dict[str, Any]:
    """All that the verdict says, in strict JSON: a number that isn't finite is null."""
    return {name: finite_or_none(value) for name, value in asdict(verdict).items()} | {"ok": verdict.ok}


def _print_table(verdicts: list[Verdict], given: str, right: str) -> None:
    kinks = any(verdict.kinks for verdict in verdicts)
    head = ["layer", "", "worst error", "at", given, right, *(["kinks left out"] if kinks else []), ""]
    print_table(head, [_row(verdict, kinks) for verdict in verdicts])


def _row(verdict: Verdict, kinks: bool) -> list[str]:
    left_out = f"{len(verdict.kinks)} of {verdict.entries}" if verdict.kinks else ""
    return [
        verdict.case,
        verdict.what,
        f"{verdict.error:.2e}" + (" abs." if verdict.zero else ""),
        ", ".join(map(str, verdict.index)),
        f"{verdict.analytic:+.9e}",
        f"{verdict.numeric:+.9e}",
        *([left_out] if kinks else []),
        "ok" if verdict.ok else "FAILED",
    ]


def _finding(verdict: Verdict) -> str:
    """The function, the array, and what is to be said of it."""
    where = f"{verdict.function}, {verdict.what}" if verdict.what else f"{verdict.function}"
    return f"{where}: {_why(verdict)}"


def _why(verdict: Verdict) -> str:
    return "; ".join(filter(None, (verdict.problem, verdict.slip, verdict.note))) or "wrong, by no slip that is known here"
