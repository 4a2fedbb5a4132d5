"""Which study and arm a stored run belongs to, as the studies' folders say. It may be several, or none."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bnlab.lab.store import read_file

FILES = ("summary.json", "table.csv")
"""The files that say which runs a study has. `verify` is no study and writes only the table; its folder's name stands
for it.
"""


class Membership(NamedTuple):
    """A run's place in a study: the study's name, the name of its folder, the label of the arm. All empty: in none."""

    run: str
    study: str = ""
    folder: str = ""
    arm: str = ""


def lists_of_runs(root: Path) -> list[Path]:
    """For each folder of a study in the results folder, the file that lists its runs."""
    found = ([folder / name for name in FILES if (folder / name).is_file()] for folder in sorted(root.glob("*/")))
    return [files[0] for files in found if files]


def read_memberships(path: Path) -> list[Membership]:
    """The runs that such a file lists. Raises StoreError if it is damaged."""

    def parse(content: bytes) -> list[Membership]:
        folder = path.parent.name
        is_table = path.name == "table.csv"
        document: dict[str, Any] = {"study": folder, "runs": _rows_of_csv(content)} if is_table else json.loads(content)
        return [Membership(str(row["run"]), str(document["study"]), folder, str(row["arm"])) for row in document["runs"]]

    return read_file(path, parse)


def _rows_of_csv(content: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(content.decode(), newline=""))]


def select(
    names: Iterable[str], memberships: Sequence[Membership], study: str | None = None, arm: str | None = None
) -> list[Membership]:
    """For each of these runs, a row for each folder and arm that it belongs to, in the order of the studies' tables.

    study: only of this study, by its name or its folder's; arm: only arms with this text in their label. Without either,
    runs of no study come last.
    """
    here = {name: Membership(name) for name in names}
    if study is None and arm is None:
        in_a_study = {each.run for each in memberships}
        memberships = [*memberships, *(place for name, place in here.items() if name not in in_a_study)]
    wanted = (each for each in memberships if each.run in here and _is_asked_for(each, study, arm))
    return [*dict.fromkeys(wanted)]


def _is_asked_for(each: Membership, study: str | None, arm: str | None) -> bool:
    return study in (None, each.study, each.folder) and (arm is None or arm.casefold() in each.arm.casefold())
