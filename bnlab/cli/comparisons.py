"""How the comparisons of a gradient check are printed: as a table with the findings below it."""

from __future__ import annotations

from pathlib import Path

import click

from bnlab.cli.tables import print_table, print_text
from bnlab.errors import plural
from bnlab.gradcheck import TOLERANCE, VALUE_TOLERANCE, ZERO_TOLERANCE, Comparison
from bnlab.homework import findings, reason


def print_comparisons(comparisons: list[Comparison]) -> None:
    """Our own gradients: a table, and a line with the counts."""
    _print_table(comparisons, "analytic", "numeric")
    failed = sum(not comparison.ok for comparison in comparisons)
    kinks = sum(len(comparison.kinks) for comparison in comparisons)
    left_out = f", {kinks} entries left out at kinks" if kinks else ""
    print_text(
        f"{plural(len(comparisons), 'gradient')}, {failed} failed{left_out}. Relative errors, at most {TOLERANCE:g}; abs.: "
        f"the true gradient is zero, and its absolute value may be at most {ZERO_TOLERANCE:g}"
    )


def print_module_comparisons(comparisons: list[Comparison], module: Path) -> None:
    """A user's functions: a table of what could be compared, a line for each finding, and a summary."""
    if compared := [comparison for comparison in comparisons if comparison.entries]:
        _print_table(compared, "yours", "right")
        print_text(
            f"Relative errors, at most {VALUE_TOLERANCE:g} for outputs, and {TOLERANCE:g} for gradients, which are held "
            "against the numeric ones of your own forward pass"
        )
    for line in findings(comparisons):
        print_text(line)
    _print_summary(comparisons, module)


def _print_table(comparisons: list[Comparison], given: str, right: str) -> None:
    kinks = any(comparison.kinks for comparison in comparisons)
    head = ["layer", "", "worst error", "at", given, right, *(["kinks left out"] if kinks else []), ""]
    rows = [_row(comparison, kinks) for comparison in comparisons]
    print_table(head, rows, drop=["at", right, given, "kinks left out"])


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


def _print_summary(comparisons: list[Comparison], module: Path) -> None:
    """How many functions were checked, and which were not and why."""
    checked = {comparison.function for comparison in comparisons if not comparison.skipped}
    failed = {comparison.function for comparison in comparisons if comparison.ok is False}
    skipped = {each.function: reason(each) for each in comparisons if each.function not in checked}
    click.echo(
        f"{module}: {plural(len(checked), 'function')} checked, {len(failed)} failed, {len(skipped)} skipped"
        if checked
        else f"{module}: nothing could be checked, {plural(len(skipped), 'function')} skipped"
    )
    for why in dict.fromkeys(skipped.values()):
        click.echo(
            f"{why.capitalize()}: {', '.join(str(name) for name, its_reason in skipped.items() if its_reason == why)}"
        )
