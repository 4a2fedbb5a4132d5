"""Where data sets in files are looked for: the folders themselves, and the ways to find a set within a folder.

Nothing here reads the environment; the command line hands in what it found there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bnlab.data.source import MissingError
from bnlab.errors import DataError


def search_folders(data_dir: str | Path | None, env_dir: str | Path | None) -> tuple[Path, ...]:
    """The folders to search, in order: `data_dir` alone if given, else `env_dir` if given and the user's cache.

    Raises DataError if `data_dir` isn't a folder.
    """
    if data_dir is not None:
        folder = Path(data_dir)
        if not folder.is_dir():
            what = "isn't a folder" if folder.exists() else "doesn't exist"
            raise DataError(f"data folder {folder} {what}; name the folder that holds the data set's files")
        return (folder,)
    from platformdirs import user_cache_path

    cache = user_cache_path("bnlab")
    return (Path(env_dir), cache) if env_dir else (cache,)


def locate(
    name: str, folders: Sequence[Path], subfolders: Sequence[str], holds: Callable[[Path], bool], files: str
) -> Path:
    """The first of D, D/name and D/subfolder, for each folder D in order, that `holds` says yes to.

    `files` names the files to put there, for the MissingError raised if no folder does.
    """
    for folder in folders:
        for candidate in (folder, *(folder / subfolder for subfolder in (name, *subfolders))):
            if holds(candidate):
                return candidate
    if not folders:
        raise MissingError(f"{name} is read from files and no folder to search was given; name one that holds {files}")
    searched = ", ".join(str(folder) for folder in folders)
    raise MissingError(f"{name} isn't in {searched}; put {files} in {folders[0] / name}")
