"""`bnlab gradcheck batchnorm --steps`: each node of batchnorm's computation graph, checked on its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.errors import plural
from bnlab.gradcheck import TOLERANCE
from bnlab.gradcheck.batchnorm_graph import NodeComparison, check_steps
from bnlab.report.gradients import as_json_row

LAYER = "batchnorm"


def print_steps(layers: Sequence[str], seed: int, as_json: bool) -> None:
    """The table of steps, backwards from the output; exit status 1 if one fails. A usage error for another layer."""
    if set(layers) != {LAYER}:
        asked = ", ".join(dict.fromkeys(layers)) or "all layers"
        raise click.UsageError(
            f"--steps is for {LAYER} alone, not for {asked}: write bnlab gradcheck {LAYER} --steps",
            click.get_current_context(),
        )
    steps = check_steps(seed)
    if as_json:
        print_json([as_json_row(step) for step in steps])
    else:
        head = ["node", "gradient", "shape", "worst error", "at", "analytic", "numeric", ""]
        print_table(head, [*map(_row, steps)], drop=["shape", "at", "numeric", "analytic"], wrap=["gradient"])
        failed = sum(not step.ok for step in steps)
        print_text(
            f"{plural(len(steps), 'gradient')}, from the output back to x, {failed} failed; "
            "the first to fail is the one to mend"
        )
        click.echo(f"Relative errors, at most {TOLERANCE:g}")
    if not all(step.ok for step in steps):
        sys.exit(1)


def _row(step: NodeComparison) -> list[str]:
    return [
        step.node,
        step.gradient,
        " x ".join(map(str, step.shape)),
        f"{step.error:.2e}",
        ", ".join(map(str, step.index)),
        f"{step.analytic:+.4e}",
        f"{step.numeric:+.4e}",
        "ok" if step.ok else "FAILED",
    ]
