"""The results folder. A run is one file under `runs/`, named by its spec's hash, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from pathlib import Path

from bnlab.errors import SettingsError
from bnlab.lab.files import clear_parts, json_bytes, store_error, write
from bnlab.runs.history import Ended, Failure, History, from_json
from bnlab.runs.spec import RunSpec

log = logging.getLogger("bnlab")


class Store:
    """The results folder at `root`; made when something is first written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, spec: RunSpec) -> Path:
        """Where the run's file lies, whether or not it is there."""
        return self.root / "runs" / spec.name[:2] / f"{spec.name}.json"

    def load(self, spec: RunSpec) -> History | None:
        """The finished or diverged run; None if it is still to be done, as a failed one is. See `read`."""
        ended = self.read(spec)
        return ended if isinstance(ended, History) else None

    def read(self, spec: RunSpec) -> Ended | None:
        """What is stored of the run, a failure too; None if there is nothing.

        A file that can't have been left by a run of this spec is named in the log and set aside as `….corrupt`. Raises
        StoreError for one that can't be read, so that nothing overwrites it.
        """
        path = self.path(spec)
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise store_error("read", path, error) from error
        try:
            return from_json(json.loads(content), spec)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SettingsError) as error:
            _set_aside(path, error)
            return None

    def save(self, ended: Ended) -> None:
        """Write the run's file. A failure never takes the place of a run that ended well. Raises StoreError if the file
        can't be written."""
        if isinstance(ended, Failure) and self.load(ended.spec) is not None:
            return
        write(self.path(ended.spec), json_bytes(ended.to_json()))

    def prepare(self, study: str = "") -> None:
        """Raises StoreError if the runs or the study's folder can't be written; clears what killed processes left."""
        for folder in (self.root, self.root / "runs", self.root / study):
            try:
                existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
                with tempfile.TemporaryFile(dir=existing):
                    pass
            except OSError as error:
                raise store_error("write", folder, error) from error
        clear_parts(self.root)


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(f"{path.name}.corrupt")
    reason = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split()) or type(error).__name__
    log.warning("%s is damaged (%s): it is set aside as %s, and the run is done again", path, reason, aside.name)
    try:
        with contextlib.suppress(FileNotFoundError):  # another process did it
            os.replace(path, aside)
    except OSError as failed:
        raise store_error("set aside", path, failed) from failed
