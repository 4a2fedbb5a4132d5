"""How the comparisons of a gradient check are shown: a row each and what was found, or a JSON object each."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bnlab.cli.tables import print_table
from bnlab.gradcheck import TOLERANCE, VALUE_TOLERANCE, ZERO_TOLERANCE, Comparison
from bnlab.gradcheck.batchnorm_graph import Step
from bnlab.lab.files import finite_or_none


def print_comparisons(comparisons: list[Comparison]) -> None:
    """Our own gradients: a table, and a line that counts."""
    _print_table(comparisons, "analytic", "numeric")
    failed = sum(not comparison.ok for comparison in comparisons)
    kinks = sum(len(comparison.kinks) for comparison in comparisons)
    left_out = f", {kinks} entries left out at kinks" if kinks else ""
    click.echo(
        f"{len(comparisons)} gradients, {failed} failed{left_out}. Relative errors, at most {TOLERANCE:g}; abs.: the true "
        f"gradient is zero, and its absolute value may be at most {ZERO_TOLERANCE:g}"
    )


def print_module_comparisons(comparisons: list[Comparison], module: Path) -> None:
    """A user's functions: a table of what could be compared, a line for each finding, and what was checked and what not."""
    if compared := [comparison for comparison in comparisons if comparison.entries]:
        _print_table(compared, "yours", "right")
        click.echo(
            f"Relative errors, at most {VALUE_TOLERANCE:g} for outputs, and {TOLERANCE:g} for gradients, which are held "
            "against the numeric ones of your own forward pass"
        )
    for line in dict.fromkeys(
        _finding(each) for each in comparisons if each.ok is False or (each.note and not each.skipped)
    ):
        click.echo(line)
    checked = {comparison.function for comparison in comparisons if not comparison.skipped}
    failed = {comparison.function for comparison in comparisons if comparison.ok is False}
    skipped = {each.function: _why(each) for each in comparisons if each.function not in checked}
    click.echo(f"{module}: {len(checked)} functions checked, {len(failed)} failed, {len(skipped)} skipped")
    for reason in dict.fromkeys(skipped.values()):
        click.echo(f"{reason.capitalize()}: {', '.join(str(name) for name, why in skipped.items() if why == reason)}")


def as_json_row(comparison: Comparison | Step) -> dict[str, Any]:
    """All that the comparison says, in strict JSON: a number that isn't finite is null."""
    return {name: finite_or_none(value) for name, value in asdict(comparison).items()} | {"ok": comparison.ok}


def _print_table(comparisons: list[Comparison], given: str, right: str) -> None:
    kinks = any(comparison.kinks for comparison in comparisons)
    head = ["layer", "", "worst error", "at", given, right, *(["kinks left out"] if kinks else []), ""]
    print_table(head, [_row(comparison, kinks) for comparison in comparisons])


def _row(comparison: Comparison, kinks: bool) -> list[str]:
    left_out = f"{len(comparison.kinks)} of {comparison.entries}" if comparison.kinks else ""
    return [
        comparison.case,
        comparison.what,
        f"{comparison.error:.2e}" + (" abs." if comparison.zero else ""),
        ", ".join(map(str, comparison.index)),
        f"{comparison.analytic:+.9e}",
        f"{comparison.numeric:+.9e}",
        *([left_out] if kinks else []),
        "ok" if comparison.ok else "FAILED",
    ]


def _finding(comparison: Comparison) -> str:
    """The function, the array, and what is to be said of it."""
    where = f"{comparison.function}, {comparison.what}" if comparison.what else f"{comparison.function}"
    return f"{where}: {_why(comparison)}"


def _why(comparison: Comparison) -> str:
    return (
        "; ".join(filter(None, (comparison.problem, comparison.slip, comparison.note)))
        or "wrong, by no slip that is known here"
    )
