"""The results folder. A run is one file under `runs/`, named by its spec's hash, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import stat
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from bnlab.errors import SettingsError, StoreError, plural
from bnlab.lab import index
from bnlab.lab.files import clear_parts, first_in, json_bytes, store_error, write
from bnlab.lab.index import Entry
from bnlab.runs.history import Ended, Failure, History, from_json, is_of_older_version
from bnlab.runs.spec import RunSpec

log = logging.getLogger("bnlab")
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, SettingsError)
"""What reading a damaged file may raise."""
NAME = re.compile("[0-9a-f]{32}")
FEWEST_DIGITS, USUAL_DIGITS = 4, 8
"""Digits of a run's name: the fewest that may stand for it, and how many are shown."""
T = TypeVar("T")


class Store:
    """The results folder at `root`; made when something is first written. read_only: damaged files are named, and stay."""

    def __init__(self, root: Path, read_only: bool = False) -> None:
        self.root, self.read_only = root, read_only

    @property
    def runs(self) -> Path:
        """The folder with the runs' files."""
        return self.root / "runs"

    def path(self, spec: RunSpec) -> Path:
        """Where the run's file lies, whether or not it is there."""
        return self.file(spec.name)

    def file(self, name: str) -> Path:
        """Where the file of the run with this name lies."""
        return self.runs / name[:2] / f"{name}.json"

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
        except DAMAGE as error:
            self._set_aside(path, error)
            return None

    def save(self, ended: Ended) -> None:
        """Write the run's file. A failure never takes the place of a run that ended well. Raises StoreError if the file
        can't be written."""
        if isinstance(ended, Failure) and self.load(ended.spec) is not None:
            return
        facts = write(self.path(ended.spec), json_bytes(ended.to_json()))
        index.add(self.runs, index.entry_of(ended, facts))

    def entries(self) -> dict[str, Entry]:
        """How each stored run stands, by name: from the index where that agrees with the folder, else from the file. The
        index is mended. Raises StoreError if the folder can't be listed."""
        known = index.read(self.runs)
        found = {}
        for name, path, facts in index.listing(self.runs):
            entry = known.get(name)
            agrees = entry is not None and entry.seen == (facts.st_size, facts.st_mtime_ns)
            found[name] = entry if entry and agrees else _entry(name, path, facts)
        if found != known and not self.read_only:
            index.rewrite(self.runs, found)
        return found

    def first_here(self) -> AbstractContextManager[bool]:
        """Whether no other driver is at work on the runs, until the end of the block. Raises StoreError if the folder can't
        be made."""
        return first_in(self.runs)

    def paths(self) -> list[Path]:
        """The files of all stored runs, by name. Raises StoreError if there is no results folder."""
        if not self.root.absolute().is_dir():  # absolute: it raises where the working folder is gone
            raise StoreError(f"there is no results folder {self.root}: run a study first, or name the folder by --out")
        return sorted(path for path in self.runs.glob("*/*.json") if NAME.fullmatch(path.stem))

    def find(self, prefix: str) -> Path:
        """The file of the one run whose name begins like this. Raises StoreError if there is none, or several."""
        if not re.fullmatch(rf"[0-9a-f]{{{FEWEST_DIGITS},}}", prefix.lower()):
            raise StoreError(
                f"{prefix!r} can't be a run: give the first {FEWEST_DIGITS} digits (0-9, a-f) of its name, or more"
            )
        found = {path.stem: path for path in self.paths() if path.stem.startswith(prefix.lower())}
        if not found:
            raise StoreError(f"no run in {self.root} begins with {prefix!r}: bnlab runs list shows all that are there")
        if len(found) > 1:
            digits = next(n for n in range(USUAL_DIGITS, 33) if len({name[:n] for name in found}) == len(found))
            names = ", ".join(name[:digits] for name in found)
            raise StoreError(f"{plural(len(found), 'run')} begin with {prefix!r}: {names}; give more digits")
        return next(iter(found.values()))

    def _set_aside(self, path: Path, error: Exception) -> None:
        aside = path.with_name(f"{path.name}.corrupt")
        try:
            if not self.read_only:
                with contextlib.suppress(FileNotFoundError):  # another process did it
                    os.replace(path, aside)
        except OSError as failed:
            raise store_error("set aside", path, failed) from failed
        done = (
            "the run is to be done again"
            if self.read_only
            else f"it is set aside as {aside.name}, and the run is done again"
        )
        log.warning("%s is damaged (%s): %s", path, _reason(error), done)

    def prepare(self, study: str = "") -> None:
        """Raises StoreError if the runs or the study's folder can't be written; clears what killed processes left."""
        for folder in (self.root, self.runs, self.root / study):
            try:
                existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
                with tempfile.TemporaryFile(dir=existing):
                    pass
            except OSError as error:
                raise store_error("write", folder, error) from error
        clear_parts(self.root)


def _entry(name: str, path: Path, facts: os.stat_result) -> Entry:
    """How a file stands that the index doesn't know."""
    seen = Entry(name, facts.st_size, facts.st_mtime_ns, index.UNREADABLE)
    if not stat.S_ISREG(facts.st_mode):
        return seen
    try:
        document = json.loads(path.read_bytes())
        ended = from_json(document)
        right = ended.spec.name == name
    except OSError:
        return seen
    except json.JSONDecodeError:
        document, right = None, False
    except DAMAGE:
        right = False
    if right:
        return index.entry_of(ended, facts)
    return seen._replace(status=index.OLDER if is_of_older_version(document) else index.DAMAGED)


def read_run(path: Path) -> Ended:
    """The run in a file; the file is left as it is. Raises StoreError as `read_file` does."""

    def parse(content: bytes) -> Ended:
        ended = from_json(json.loads(content))
        if ended.spec.name != path.stem:
            raise ValueError(f"it holds the run {ended.spec.name}")
        return ended

    return read_file(path, parse)


def read_file(path: Path, parse: Callable[[bytes], T]) -> T:
    """What a file of the results folder holds. Raises StoreError if it can't be read, or not be parsed."""
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise store_error("read", path, error) from error
    except DAMAGE as error:
        raise StoreError(
            f"{path} is damaged or of another version ({_reason(error)}): the command of its study makes it again"
        ) from error


def _reason(error: Exception) -> str:
    """What is wrong with a document, in words."""
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return "it is no JSON document"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    if isinstance(error, TypeError | AttributeError | OverflowError):
        return "a part of it is of the wrong kind"
    return " ".join(str(error).split())
