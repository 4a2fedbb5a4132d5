"""`bnlab gradcheck`: the gradients of the layers, checked in front of you; ours, or your own."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource

from bnlab.cases import CASES, NOTEBOOK_CASES
from bnlab.cli.comparisons import print_comparisons, print_module_comparisons
from bnlab.cli.options import PATH, json_option
from bnlab.cli.steps import print_steps
from bnlab.cli.tables import print_json
from bnlab.errors import did_you_mean
from bnlab.gradcheck import check
from bnlab.homework import TIME_LIMIT, check_with_limit
from bnlab.report.gradients import as_json_row

DAY = 24 * 60 * 60
SEED = 231
"""Of the inputs."""


@click.command(
    "gradcheck",
    epilog="Example: bnlab gradcheck batchnorm layernorm",
    help="Numeric against analytic gradients in float64, for the layers, losses and nets named, or for all. Exit status 1 "
    "if one fails. Entries at a kink of relu, max pooling or a hinge have no gradient: they are left out and counted.\n\n"
    "With --module it checks the functions in a file of your own, named as in the course notebooks (affine_forward, "
    "conv_backward_naive, softmax_loss, ...): outputs against bnlab's, gradients against the numeric ones of your own "
    "forward pass. A usual mistake is named. A function that is missing, or not written yet, is skipped, unless you name "
    "its layer. Exit status 1 if one fails, or if nothing could be checked.\n\n"
    f"There are: {', '.join(CASES)}.",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--module", type=PATH, metavar="FILE", help="Check the layers and losses in this Python file.")
@click.option(
    "--time-limit",
    type=click.IntRange(min=1, max=DAY),
    default=TIME_LIMIT,
    show_default=True,
    metavar="SECONDS",
    help="With --module: give a function up, as failed, if one call of it takes longer.",
)
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**32 - 1), default=SEED, show_default=True, help="Seed of the inputs."
)
@click.option("--steps", is_flag=True, help="Check each node of batchnorm's computation graph on its own.")
@json_option
def command(names: tuple[str, ...], module: Path | None, time_limit: int, seed: int, steps: bool, as_json: bool) -> None:
    _refuse_unknown(names, module)
    _refuse_clashes(module, steps)
    if steps:
        print_steps(names, seed, as_json)
        return
    names = tuple(dict.fromkeys(names))
    if module is None:
        comparisons = [comparison for name in names or CASES for comparison in check(CASES[name], seed)]
    else:
        module.resolve()  # raises if the working folder is gone, which must not look like a fault of the file
        comparisons = check_with_limit(module, names, seed, time_limit)
    if as_json:
        print_json([as_json_row(comparison) for comparison in comparisons])
    elif module is None:
        print_comparisons(comparisons)
    else:
        print_module_comparisons(comparisons, module)
    results = {comparison.ok for comparison in comparisons}
    if False in results or results == {None}:
        sys.exit(1)


def _refuse_unknown(names: tuple[str, ...], module: Path | None) -> None:
    known = CASES if module is None else NOTEBOOK_CASES
    for name in names:
        if name in known:
            continue
        what = "layer, loss or net" if module is None else "layer or loss"
        hint = "; nets are checked without --module" if name in CASES else did_you_mean(name, known)
        raise click.UsageError(
            f"there is no {what} {name!r}: choose from {', '.join(known)}{hint}", click.get_current_context()
        )


def _refuse_clashes(module: Path | None, steps: bool) -> None:
    context = click.get_current_context()
    if steps and module is not None:
        raise click.UsageError("--steps walks bnlab's own batchnorm: leave --module out", context)
    if module is None and context.get_parameter_source("time_limit") is not ParameterSource.DEFAULT:
        raise click.UsageError(
            "--time-limit is for the functions in your own file: give --module FILE, or leave it out", context
        )
