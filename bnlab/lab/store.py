"""The results folder. A finished run is one file under `runs/`, named by its spec's hash, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

from bnlab.errors import SettingsError, StoreError
from bnlab.lab.history import History
from bnlab.lab.spec import RunSpec


class Store:
    """The results folder at `root`; made when something is first written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, spec: RunSpec) -> Path:
        """Where the run's file lies, whether or not it is there."""
        return self.root / "runs" / spec.name[:2] / f"{spec.name}.json"

    def load(self, spec: RunSpec) -> History | None:
        """The stored run, or None if there is none that can be read: then it is to be done again."""
        try:
            history = History.from_json(json.loads(self.path(spec).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, RecursionError, SettingsError):
            return None
        return history if history.spec == spec else None

    def save(self, history: History) -> None:
        """Write the run's file. Raises StoreError if that can't be done."""
        write(self.path(history.spec), json_bytes(history.to_json()))

    def check_writable(self, study: str = "") -> None:
        """Raises StoreError if the runs or the study's folder can't be written; leaves nothing behind."""
        for folder in (self.root, self.root / "runs", self.root / study):
            try:
                existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
                with tempfile.TemporaryFile(dir=existing):
                    pass
            except OSError as error:
                raise _store_error(folder, error) from error


def write(path: Path, content: bytes) -> None:
    """Put a file there whole or not at all: written beside its place under another name, then moved there.

    Raises StoreError if the folder can't be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise _store_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def json_bytes(document: Any) -> bytes:
    """Strict JSON, indented; ends in a newline."""
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()


def finite_or_none(value: Any) -> Any:
    """The value; or None, JSON's null, for a float that strict JSON has no word for: NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _store_error(path: Path, error: OSError) -> StoreError:
    # Making a folder in a file's place is refused as "exists", which says little.
    reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror or error
    return StoreError(f"can't write {path}: {reason}; choose a folder that can be written, with room, by --out")
