"""`bnlab gradcheck`: the gradients of the layers, checked in front of you."""

from __future__ import annotations

import sys

import click

from bnlab.cases import CASES
from bnlab.cli.lazy import did_you_mean
from bnlab.cli.options import json_option
from bnlab.cli.output import print_json
from bnlab.cli.steps import print_steps
from bnlab.cli.verdicts import as_json_row, print_verdicts
from bnlab.gradcheck import TOLERANCE, ZERO_TOLERANCE, Verdict, check


@click.command(
    "gradcheck",
    epilog="Example: bnlab gradcheck batchnorm layernorm",
    help="Numeric against analytic gradients in float64, for the layers, losses and nets named, or for all. Exit status 1 "
    f"if one fails.\n\nThere are: {', '.join(CASES)}.",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**32 - 1), default=231, show_default=True, help="Seed of the inputs."
)
@click.option("--steps", is_flag=True, help="Check each node of batchnorm's computation graph on its own.")
@json_option
def command(names: tuple[str, ...], seed: int, steps: bool, as_json: bool) -> None:
    for name in names:
        if name not in CASES:
            raise click.UsageError(
                f"there is no layer, loss or net {name!r}: choose from {', '.join(CASES)}{did_you_mean(name, CASES)}",
                click.get_current_context(),
            )
    if steps:
        print_steps(names, seed, as_json)
        return
    verdicts = [verdict for name in dict.fromkeys(names or CASES) for verdict in check(CASES[name], seed)]
    if as_json:
        print_json([as_json_row(verdict) for verdict in verdicts])
    else:
        print_verdicts(verdicts)
        click.echo(_summary(verdicts))
    if not all(verdict.ok for verdict in verdicts):
        sys.exit(1)


def _summary(verdicts: list[Verdict]) -> str:
    failed = sum(not verdict.ok for verdict in verdicts)
    return (
        f"{len(verdicts)} gradients, {failed} failed. Relative errors, at most {TOLERANCE:g}; abs.: the true gradient "
        f"is zero, and its absolute value may be at most {ZERO_TOLERANCE:g}"
    )
