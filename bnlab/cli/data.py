"""`bnlab data list`: which data sets are here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bnlab.cli.options import data_dir_option, data_folders, json_option
from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.data import DATASETS, Description, describe, own_names
from bnlab.data.dataset import NUM_CLASSES


@click.command("list", epilog="Example: bnlab data list --data-dir ~/data")
@data_dir_option
@json_option
def command(data_dir: Path | None, as_json: bool) -> None:
    """List the data sets: whether they are here, their size and source, and which files to put where if they aren't."""
    folders = data_folders(data_dir)
    descriptions = [describe(name, folders) for name in (*DATASETS, *own_names(folders))]
    if as_json:
        print_json([asdict(description) for description in descriptions])
        return
    head = ["data set", "here", "images: train", "val", "test", "classes", "shape", "size", "where"]
    rows = [_row(description) for description in descriptions]
    print_table(head, rows, drop=("size", "shape", "classes", "val", "test"), wrap=("where",))
    for description in descriptions:
        print_text(f"{description.name}: {description.source}")
        for line in _more(description):
            print_text(f"  {line}")


def _more(d: Description) -> list[str]:
    """What else there is to say: the classes of images of one's own, notes, and what is wrong, a line for each thing."""
    classes = [f"classes: {', '.join(d.classes)}"] if d.classes and d.name not in DATASETS else []
    return [*classes, *d.notes, *(d.problem or "").splitlines()]


def _row(d: Description) -> list[str]:
    counts = [f"{count:,}" if count else "-" for count in (d.num_train, d.num_val, d.num_test)]
    classes = str(len(d.classes) or NUM_CLASSES) if d.present and not d.problem else "-"
    shape = " x ".join(map(str, d.image_shape)) if d.image_shape else "-"
    size = f"{d.num_bytes / 1e6:.1f} MB" if d.num_bytes else "-"
    return [d.name, "yes" if d.present else "no", *counts, classes, shape, size, d.where or "-"]
