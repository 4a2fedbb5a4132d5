"""`bnlab sweep KEY=V1,V2`: any settings over lists of values."""

from __future__ import annotations

from typing import Any

import click

from bnlab.cli.options import data_folders
from bnlab.cli.study import COMMON, StudyCommand, run_study
from bnlab.studies import SWEEP
from bnlab.studies.sweep import make_sweep

HELP = f"""Any settings of a run over lists of values.

The first KEY is the x axis. Each further KEY gives a curve for each of its values; several give a curve for each
combination. KEYs are settings such as net.weight_scale, net.hidden_dims, solver.learning_rate, data.num_train and dtype.
Values are separated by commas; lists stand in brackets, as in 'net.hidden_dims=[100],[100,100]'.

All other settings are those of experiments/{SWEEP.experiment}, the net of compare with batchnorm. bnlab settings sweep
shows them, and -s changes them."""


@click.command(
    "KEY=V1,V2",
    cls=StudyCommand,
    help=HELP,
    short_help=SWEEP.help,
    epilog="Example: bnlab sweep net.weight_scale=0.001,0.01,0.1 solver.batch_size=10,50 --against net.normalization=none",
)
@click.argument("axes", nargs=-1, metavar="KEY=V1,V2 [KEY=V1,V2]")
@click.option(
    "--against", multiple=True, metavar="KEY=V", help="A baseline: one more curve, with this setting changed. Repeatable."
)
def command(axes: tuple[str, ...], against: tuple[str, ...], **given: Any) -> None:
    run_study(SWEEP, make_sweep(axes, against, data_folders(given["data_dir"])), given)


command.entries = [SWEEP]
for decorate in COMMON:
    decorate(command)
