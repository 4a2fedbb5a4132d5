"""`bnlab evaluate CHECKPOINT`: a trained net on the test images."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bnlab.cli.options import PATH, data_dir_option, data_folders, json_option, quiet_option
from bnlab.cli.progress import get_ready, set_up_log
from bnlab.cli.tables import print_json, print_table
from bnlab.fullsize.checkpoint import read
from bnlab.fullsize.evaluate import evaluate
from bnlab.fullsize.evaluation_files import write_evaluation


@click.command("evaluate", epilog="Example: bnlab evaluate results/train/good-model --data-dir ~/data")
@click.argument("checkpoint", type=PATH, metavar="CHECKPOINT")
@data_dir_option
@click.option("--classes", metavar="NAME,NAME,…", help="Names of the classes, in the order of their labels, for images of "
              "your own [default: the data set's].")  # fmt: skip
@click.option("--out", type=PATH, metavar="FOLDER", help="Folder for the files [default: that of the checkpoint].")
@json_option
@quiet_option
def command(
    checkpoint: Path, data_dir: Path | None, classes: str | None, out: Path | None, as_json: bool, quiet: bool
) -> None:
    """What a net that bnlab train has trained says of the test images, with the parameters of its best check.

    CHECKPOINT is the file, or its folder. Prints the accuracy with its 95 % interval (Wilson's), and writes
    evaluation.json, the confusion matrix (confusion.csv, .png, .svg) and the images that the net is surest and wrong about
    (mistakes.png, .svg). No other command reads test images: look at them once, when all choices are made.
    """
    start = time.perf_counter()
    set_up_log(False)
    named = None if classes is None else [name.strip() for name in classes.split(",")]
    trained = read(checkpoint)
    get_ready(jobs=1)
    found = evaluate(trained, data_folders(data_dir), named)
    document = write_evaluation(found, out or found.checkpoint.path.parent, time.perf_counter() - start)
    if as_json:
        print_json(document)
    elif not quiet:
        print_evaluation(document)


def print_evaluation(document: Mapping[str, Any]) -> None:
    """A row per class, the accuracy, and where the files are."""
    rows = [
        [each["name"], f"{each['images']:,}", f"{each['right'] / each['images']:.3f}" if each["images"] else "-"]
        for each in document["classes"]
    ]
    print_table(["class", "images", "right"], rows)
    low, high = document["interval"]["low"], document["interval"]["high"]
    click.echo(
        f"Test accuracy {document['accuracy']:.4f} ({low:.4f} to {high:.4f}): {document['right']:,} of "
        f"{document['test_images']:,} images; {document['interval']['method']}"
    )
    for file in document["files"]:
        click.echo(file)
