"""`bnlab runs export`: stored runs for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from bnlab.cli.options import PATH, out_option, quiet_option
from bnlab.cli.runs_list import HEAD, arm_option, list_runs, row, status_option, study_option
from bnlab.errors import plural
from bnlab.lab.store import Store
from bnlab.report.export import FORMATS, Export, export


@click.command("export", epilog="Example: bnlab runs export --to parquet --study compare")
@click.option("--to", type=click.Choice([*FORMATS]), required=True, help="The form of the files.")
@study_option
@arm_option
@status_option
@click.option(
    "--target", type=PATH, metavar="FOLDER", help="Folder to write, anew each time [default: export/FORMAT under --out]."
)
@quiet_option
@out_option
def command(
    to: str, study: str | None, arm: str | None, status: str | None, target: Path | None, quiet: bool, out: Path
) -> None:
    """Write stored runs as files for other programs, with every setting, every result and every curve.

    `csv` and `parquet` are two tables: runs, which has a row for each study and arm that a run belongs to, and curves,
    which has a line for each loss and accuracy. `tensorboard` is a folder with a log for each run. Numbers are not
    rounded, but for TensorBoard's curves, which it reads in 32 bits. The folder is written whole or not at all.
    """
    listed = list_runs(Store(out), study, arm, status)
    runs = {run.spec.name: run for _, run in listed}
    selected = {"study": study, "arm": arm, "status": status}
    target = out / "export" / to if target is None else target
    export(to, target, Export(HEAD, [row(*each) for each in listed], [*runs.values()]), {"selected": selected})
    if not quiet:
        click.echo(f"{plural(len(runs), 'run')} written to {target}")
