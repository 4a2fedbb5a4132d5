"""`bnlab gradcheck`: the gradients of the layers, checked in front of you."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from bnlab.cases import CASES
from bnlab.cli.lazy import did_you_mean
from bnlab.cli.options import json_option
from bnlab.cli.output import print_json, print_table
from bnlab.cli.steps import print_steps
from bnlab.gradcheck import TOLERANCE, ZERO_TOLERANCE, Verdict, check


@click.command(
    "gradcheck",
    epilog="Example: bnlab gradcheck batchnorm layernorm",
    help="Numeric against analytic gradients in float64, for the layers named, or for all. Exit status 1 if one fails.\n\n"
    f"Layers: {', '.join(CASES)}.",
)
@click.argument("layers", nargs=-1, metavar="[LAYER]...")
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**32 - 1), default=231, show_default=True, help="Seed of the inputs."
)
@click.option("--steps", is_flag=True, help="Check each node of batchnorm's computation graph on its own.")
@json_option
def command(layers: tuple[str, ...], seed: int, steps: bool, as_json: bool) -> None:
    for layer in layers:
        if layer not in CASES:
            hint = did_you_mean(layer, CASES)
            raise click.UsageError(
                f"unknown layer {layer!r}: choose from {', '.join(CASES)}{hint}", click.get_current_context()
            )
    if steps:
        print_steps(layers, seed, as_json)
        return
    verdicts = [verdict for name in dict.fromkeys(layers or CASES) for verdict in check(CASES[name], seed)]
    if as_json:
        print_json([{**asdict(verdict), "ok": verdict.ok} for verdict in verdicts])
    else:
        print_table(["layer", "gradient", "worst error", "at", "analytic", "numeric", ""], [*map(_row, verdicts)])
        failed = sum(not verdict.ok for verdict in verdicts)
        click.echo(
            f"{len(verdicts)} gradients, {failed} failed. Relative errors, at most {TOLERANCE:g}; abs.: the true gradient "
            f"is zero, and its absolute value may be at most {ZERO_TOLERANCE:g}"
        )
    if not all(verdict.ok for verdict in verdicts):
        sys.exit(1)


def _row(verdict: Verdict) -> list[str]:
    return [
        verdict.case,
        f"d{verdict.gradient}",
        f"{verdict.error:.2e}" + (" abs." if verdict.zero else ""),
        ", ".join(map(str, verdict.index)),
        f"{verdict.analytic:+.9e}",
        f"{verdict.numeric:+.9e}",
        "ok" if verdict.ok else "FAILED",
    ]
