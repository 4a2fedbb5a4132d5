"""Options that several commands share, and the type of all options that name a file or folder."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click

from bnlab.data import DATASETS, DEFAULT, name_of, search_folders
from bnlab.lab.cores import cores
from bnlab.optim import CONVENTIONS
from bnlab.runs.spec import DEVICES, ENGINES


class PathType(click.Path):
    """A file or folder. A leading ~ is the home folder: in `--out=~/x` the shell leaves it as it is."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip():
            self.fail("the name is empty: give a file or folder, such as results", param, ctx)
        return super().convert(os.path.expanduser(value), param, ctx)


PATH = PathType()
LONGEST_TIME = 31_536_000
"""Seconds of a year; the system's clocks don't take any number."""


class Number(click.FloatRange):
    """A number within limits; `nan`, which no limit refuses, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number: give one in the range {self._describe_range()}", param, ctx)
        return number


SECONDS = Number(min=0, min_open=True, max=LONGEST_TIME)


data_dir_option = click.option(
    "--data-dir",
    type=PATH,
    metavar="PATH",
    help="Images of your own: an .npz file, or a folder with a folder of pictures per class. Or the folder with data sets "
    "that come as files [default: $BNLAB_DATA_DIR, then the user's cache folder].",
)
dataset_option = click.option(
    "--dataset", help=f"{', '.join(DATASETS)} [default: images of your own in --data-dir, else {DEFAULT}]."
)
seed_option = click.option("--seed", type=int, help="Seed of all random streams [default: 231].")
engine_option = click.option(
    "--engine", metavar="NAME", help=f"What trains the nets: {', '.join(ENGINES)} [default: numpy]."
)
device_option = click.option(
    "--device", metavar="NAME", help=f"Where the torch engine computes: {', '.join(DEVICES)} [default: cpu]."
)
convention_option = click.option(
    "--convention",
    metavar="NAME",
    help=f"Whose running variance and momentum: {', '.join(CONVENTIONS)} [default: notebook].",
)
dry_run_option = click.option("-n", "--dry-run", is_flag=True, help="List the runs and stop.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output, nothing else."
)
out_option = click.option(
    "--out", type=PATH, default="results", show_default=True, metavar="FOLDER", help="Results folder."
)
jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(min=1), default=cores, help="Worker processes [default: all cores]."
)
time_limit_option = click.option(
    "--run-time-limit",
    type=SECONDS,
    metavar="SECONDS",
    help="End a run that takes longer, and record it as failed.",
)
keep_failed_option = click.option("--keep-failed", is_flag=True, help="Leave runs alone that failed before.")
fail_fast_option = click.option("--fail-fast", is_flag=True, help="Begin no more runs after one has failed.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Print a line for each run when it ends.")


def chosen_dataset(dataset: str | None, data_dir: Path | None) -> str | None:
    """The data set that the options name: by `--dataset`, else by images of one's own in `--data-dir`; None for neither."""
    return name_of(search_folders(data_dir)[0]) if dataset is None and data_dir is not None else dataset


def warn_of_unused(data_dir: Path | None, named: str | None, taken: str) -> None:
    """Say that a folder was named that the data set has no use for: somebody may take the results for those of other
    images. named: the data set that an option names; taken: the one that is taken."""
    if data_dir is not None and named is None and taken in DATASETS and not DATASETS[taken].in_files:
        told = f"{data_dir} is no folder of pictures, nor an .npz file, and {taken} needs no files: --data-dir isn't used"
        click.echo(f"Warning: {told}; bnlab data list --data-dir {data_dir} says what is there for --dataset", err=True)


def data_folders(data_dir: Path | None) -> tuple[Path, ...]:
    """Where data sets are looked for, in order. The environment's folder is read here and nowhere else."""
    named = os.environ.get("BNLAB_DATA_DIR")
    return search_folders(data_dir, Path(os.path.expanduser(named)) if named else None)
