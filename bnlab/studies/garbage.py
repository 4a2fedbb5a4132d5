"""What of a results folder may go: runs of older versions, what killed writers have left, and runs that somebody names."""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bnlab.errors import SettingsError, StoreError, did_you_mean
from bnlab.lab import index
from bnlab.lab.files import alone_in, half_written, remove, store_error
from bnlab.lab.index import Entry
from bnlab.lab.store import Store
from bnlab.studies.memberships import Membership, lists_of_runs, read_memberships

DAY = 86_400
FOREIGN_AGE = 1.0
"""Days after which a half-written file of another host is taken for left behind: nobody writes a file for so long."""


class Garbage(NamedTuple):
    """A file that may go: why, its size, and for how many days nobody has changed it. modified_ns: when that was."""

    path: Path
    why: str
    bytes: int
    days: float
    modified_ns: int

    def is_unchanged(self) -> bool:
        """Whether it is still the file that was found; one that is gone is."""
        try:
            facts = self.path.stat()
        except OSError:
            return True
        return (facts.st_size, facts.st_mtime_ns) == (self.bytes, self.modified_ns)


class Found(NamedTuple):
    """The files that may go; and how many runs stay although they were named, since another study lists them."""

    files: list[Garbage]
    shared: int


def find(store: Store, studies: Collection[str] = (), status: str | None = None, older_than: float = 0.0) -> Found:
    """What may go. studies: runs of these, by a study's name or its folder's; status: runs that ended like this;
    older_than: only files that nobody has changed for so many days.

    A run that other studies list stays, unless all of them are named. One that no study lists, such as the replicate that a
    later command with fewer of them doesn't list, stays unless it failed. Raises StoreError for a folder or a list of runs
    that can't be read, and SettingsError for a study that isn't there.
    """
    if not store.root.is_dir():
        raise StoreError(f"there is no results folder {store.root}: name one by --out")
    entries = store.entries()
    named, shared = _named(entries, _places(store), studies, status) if studies or status else ({}, 0)
    older = {name: "of an older version" for name, entry in entries.items() if entry.status == index.OLDER}
    why = {store.file(name): text for name, text in {**named, **older}.items()}
    files = [*_garbage(why), *_garbage(dict(_leftovers(store)))]
    return Found([each for each in files if each.days >= older_than], shared)


def delete(store: Store, found: Found) -> Found:
    """Delete the files, but for those that somebody has changed since they were found: a run that had failed may have been
    done meanwhile. Gives what was deleted. Raises StoreError if another command is at work on the runs, or a file can't be
    deleted."""
    deleted = []
    with alone_in(store.runs):
        for each in found.files:
            try:
                if each.is_unchanged():
                    remove(each.path)
                    deleted.append(each)
            except OSError as error:
                raise store_error("delete", each.path, error) from error
        store.entries()  # mends the index
    return Found(deleted, found.shared)


def _places(store: Store) -> dict[str, list[Membership]]:
    """Where each run is listed. A list that can't be read could name any run: it is an error."""
    places: dict[str, list[Membership]] = defaultdict(list)
    for path in lists_of_runs(store.root):
        for each in read_memberships(path):
            places[each.run].append(each)
    return places


def _named(
    entries: Mapping[str, Entry], places: Mapping[str, list[Membership]], studies: Collection[str], status: str | None
) -> tuple[dict[str, str], int]:
    """The runs that are named, with the reason, and how many of them stay."""
    listed = {name for each in places.values() for place in each for name in (place.study, place.folder)}
    for study in studies:
        if study not in listed:
            there = ", ".join(sorted(listed)) or "none"
            hint = did_you_mean(study, listed)
            raise SettingsError(f"--study: no study or study's folder here is called {study!r}: there are {there}{hint}")
    found, shared = {}, 0
    for name, entry in entries.items():
        if status not in (None, entry.status):
            continue
        own = [place for place in places.get(name, []) if not studies or {place.study, place.folder} & {*studies}]
        if studies and own and len(own) < len(places[name]):
            shared += 1
        elif own or (not studies and entry.status == "failed"):
            found[name] = f"{entry.status}, {own[0].folder}" if own else entry.status
    return found, shared


def _leftovers(store: Store) -> Iterator[tuple[Path, str]]:
    """Half-written files whose writers are gone, and damaged files that were set aside."""
    known = {*half_written(store.root)}
    for path in half_written(store.root, others=True):
        if path in known:
            yield path, "half-written, its writer is gone"
        elif _days(path) >= FOREIGN_AGE:
            yield path, "half-written on another host"
    for path in sorted(store.runs.glob("*/*.json.corrupt")):
        yield path, "damaged, set aside"


def _garbage(why: Mapping[Path, str]) -> Iterator[Garbage]:
    for path, reason in why.items():
        with contextlib.suppress(FileNotFoundError):
            facts = os.stat(path)
            yield Garbage(path, reason, facts.st_size, _days(path), facts.st_mtime_ns)


def _days(path: Path) -> float:
    """For how long nobody has changed the file; 0 for one from the future."""
    with contextlib.suppress(FileNotFoundError):
        return max(time.time() - path.stat().st_mtime, 0.0) / DAY
    return 0.0
