"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from bnlab.data import search_folders

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder with data sets that come as files [default: $BNLAB_DATA_DIR, then the user's cache folder].",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output, nothing else."
)


def _folder(ctx: click.Context, param: click.Parameter, name: str) -> Path:
    if not name.strip():
        raise click.BadParameter("the name is empty: give a folder, such as results", param_hint="--out")
    return Path(name)


def _cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


out_option = click.option(
    "--out", default="results", show_default=True, metavar="FOLDER", help="Results folder.", callback=_folder
)
jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(min=1), default=_cores, help="Worker processes [default: all cores]."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Say of each run when it has ended, and how.")


def data_folders(data_dir: Path | None) -> tuple[Path, ...]:
    """Where data sets are looked for, in order. The environment is read here and nowhere else."""
    env_dir: Any = os.environ.get("BNLAB_DATA_DIR") or None
    return search_folders(data_dir, Path(env_dir) if env_dir else None)
