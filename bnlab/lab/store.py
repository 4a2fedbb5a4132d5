"""The results folder. A finished run is one file under `runs/`, named by its spec's hash, written whole or not at all."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bnlab.errors import SettingsError
from bnlab.lab.files import json_bytes, store_error, write
from bnlab.runs.history import History
from bnlab.runs.spec import RunSpec


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
                raise store_error(folder, error) from error
