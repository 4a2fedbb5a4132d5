"""`bnlab data list`: which data sets are here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bnlab.cli.options import data_dir_option, data_folders, json_option
from bnlab.cli.output import print_json, print_table
from bnlab.data import DATASETS, Description, describe


@click.command("list", epilog="Example: bnlab data list --data-dir ~/data")
@data_dir_option
@json_option
def command(data_dir: Path | None, as_json: bool) -> None:
    """Which data sets are here, where from, how large; and for those that aren't, which files to put where."""
    folders = data_folders(data_dir)
    descriptions = [describe(name, folders) for name in DATASETS]
    if as_json:
        print_json([asdict(description) for description in descriptions])
        return
    head = ["data set", "here", "images: train", "val", "test", "shape", "size", "where"]
    print_table(head, [_row(description) for description in descriptions])
    for description in descriptions:
        click.echo(f"{description.name}: {description.source}")
        if description.problem:
            click.echo(f"  {description.problem}")


def _row(d: Description) -> list[str]:
    counts = [f"{count:,}" if count else "-" for count in (d.num_train, d.num_val, d.num_test)]
    shape = " x ".join(map(str, d.image_shape)) if d.image_shape else "-"
    size = f"{d.num_bytes / 1e6:.1f} MB" if d.num_bytes else "-"
    return [d.name, "yes" if d.present else "no", *counts, shape, size, d.where or "-"]
