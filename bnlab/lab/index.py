"""`runs/runs.csv`, the index of stored runs: how each ended and how long it took, so that nobody has to open thousands of
files to know what is there.

The index is derived and never trusted over the folder. A line counts only while the run's file has the size and the time
of change that it names. It ends in a check sum of what a program of this version has written, since to another version
other runs are old, or damaged, and somebody may have edited it. Files without such a line are read, and the index is
written anew. A driver adds a line for each run that it stores; a line that is cut off, or lost because another driver has
written the index anew, costs a look at one file.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bnlab.errors import StoreError
from bnlab.lab.files import store_error, write
from bnlab.runs.history import SCHEMA, Ended
from bnlab.runs.spec import SPEC_VERSION, RunSpec

FILE, CHECK = "runs.csv", "check"
VERSION = f"{SCHEMA}.{SPEC_VERSION}"
"""Of runs' files and settings, by which a run is judged."""
OLDER, DAMAGED, UNREADABLE = "older version", "damaged", "unreadable"
"""The status of a file that holds no run of this version: one of an older; a damaged or newer one; or nobody can say."""


class Entry(NamedTuple):
    """A stored run: its name, the size and the time of change of its file in nanoseconds, how it ended, the seconds that it
    took; and by what one may guess the time of others like it: its kind, and how many images it trained on in all."""

    run: str
    bytes: int
    modified_ns: int
    status: str
    seconds: float = 0.0
    kind: str = ""
    images: int = 0

    @staticmethod
    def kind_of(spec: RunSpec) -> str:
        """The kind of a run: those of a kind take about as long per image."""
        return f"{spec.data.dataset} {spec.net.model} {spec.engine} {spec.dtype}"

    @property
    def done(self) -> bool:
        """Whether the run need not be done again."""
        return self.status in ("finished", "diverged")

    @property
    def seen(self) -> tuple[int, int]:
        """What changes when somebody changes the file."""
        return self.bytes, self.modified_ns


def entry_of(ended: Ended, file: os.stat_result) -> Entry:
    """The entry of a run whose file has these facts."""
    spec = ended.spec
    seconds = float(ended.provenance["seconds"])
    return Entry(spec.name, file.st_size, file.st_mtime_ns, ended.status, seconds, Entry.kind_of(spec), spec.num_images)


def listing(runs: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """(name, path, facts) of all that bears a run's name in the folder of runs. Raises StoreError if it can't be listed."""
    try:
        for folder in sorted(_entries(runs), key=lambda entry: entry.name):
            if folder.is_dir():
                for file in _entries(folder.path):
                    name, _, ending = file.name.partition(".")
                    if ending == "json" and len(name) == 32 and name.startswith(folder.name):
                        with contextlib.suppress(FileNotFoundError):  # another driver has set it aside
                            yield name, Path(file.path), file.stat()
    except OSError as error:
        raise store_error("read", runs, error) from error


def read(runs: Path) -> dict[str, Entry]:
    """What the index says, by name; lines that can't be right are left out. Empty if there is none."""
    path = runs / FILE
    try:
        content = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""  # a pipe would never end
    except OSError:
        return {}
    try:
        entries = [*map(_parsed, csv.DictReader(io.StringIO(content, newline="")))]
    except csv.Error:
        return {}
    return {entry.run: entry for entry in entries if entry is not None}


def add(runs: Path, entry: Entry) -> None:
    """Add a line. What goes wrong here costs time later, and nothing else."""
    with contextlib.suppress(OSError), open(runs / FILE, "a", encoding="utf-8", newline="") as file:
        file.write(_lines([entry], head=file.tell() == 0))


def rewrite(runs: Path, entries: Mapping[str, Entry]) -> None:
    """Write the index anew, if the folder can be written."""
    with contextlib.suppress(StoreError):
        write(runs / FILE, _lines((entries[name] for name in sorted(entries)), head=True).encode())


def _lines(entries: Iterable[Entry], head: bool) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow((*Entry._fields, CHECK))
    writer.writerows((*entry, _check_sum(map(str, entry))) for entry in entries)
    return text.getvalue()


def _check_sum(values: Iterable[str]) -> str:
    """Of a line, as it is written."""
    return f"{zlib.crc32(','.join((VERSION, *values)).encode()):08x}"


def _parsed(row: Mapping[str, str]) -> Entry | None:
    """The entry of a line; None for one that can't be right, that was edited, or that is another version's."""
    try:
        if row[CHECK] != _check_sum(row[name] for name in Entry._fields):
            return None
        entry = Entry(**{name: kind(row[name]) for name, kind in zip(Entry._fields, KINDS, strict=True)})
    except (KeyError, TypeError, ValueError):
        return None
    return entry if 0 <= entry.seconds < math.inf and entry.images >= 0 else None


KINDS = (str, int, int, str, float, str, int)


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [*found]
    except (FileNotFoundError, NotADirectoryError):
        return []
