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


def data_folders(data_dir: Path | None) -> tuple[Path, ...]:
    """Where data sets are looked for, in order. The environment is read here and nowhere else."""
    env_dir: Any = os.environ.get("BNLAB_DATA_DIR") or None
    return search_folders(data_dir, Path(env_dir) if env_dir else None)
