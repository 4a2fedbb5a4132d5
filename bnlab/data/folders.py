"""Where data sets' files are looked for. Nothing here reads the environment: the caller hands in what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bnlab.errors import DataError


def search_folders(data_dir: str | Path | None = None, env_dir: str | Path | None = None) -> tuple[Path, ...]:
    """The folders to search, in order: data_dir alone if given, else env_dir (if given) and the user's cache folder.

    Raises DataError if data_dir isn't a folder, nor an .npz file; the others need not exist.
    """
    if data_dir is not None:
        return (_existing(Path(data_dir)),)
    from platformdirs import user_cache_path

    cache = user_cache_path("bnlab")
    return (Path(env_dir), cache) if env_dir else (cache,)


def places(folders: Sequence[Path], names: Sequence[str]) -> Iterator[Path]:
    """Each folder and its subfolders of these names, in the order in which they are searched."""
    for folder in folders:
        yield folder
        yield from (folder / name for name in names)


def _existing(folder: Path) -> Path:
    if not folder.is_dir() and not (folder.suffix.lower() == ".npz" and folder.is_file()):
        state = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(
            f"data folder {folder} {state}: name a folder that holds the data set's files or your own pictures, or an .npz "
            "file"
        )
    return folder
