"""The files of `parity/` in the results folder: figure, table and document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bnlab.lab.files import json_bytes, write
from bnlab.lab.store import Store
from bnlab.parity.conventions import Convention
from bnlab.parity.cost import Cost
from bnlab.parity.differences import TOLERANCES, Difference
from bnlab.parity.trainings import Training
from bnlab.parity.verdicts import Compared
from bnlab.report.draw import draw
from bnlab.report.figure import Figure, Line, Panel
from bnlab.report.figure_table import numbers_csv
from bnlab.report.table import csv_bytes

FOLDER, FILE, CLAIMS_FILE, SCHEMA = "parity", "parity.json", "claims.json", 1
COMMAND = "bnlab parity"
TABLE = "differences.csv"
"""Not `table.csv`, which lists the runs of a study."""
LOWEST = {"float32": 1e-8, "float64": 1e-17}
"""Where no difference at all is drawn: below what the dtype can tell apart."""
COLUMNS = ("engine", "kind", "name", "way", "dtype", "difference", "what", "tolerance", "ok")
DTYPE = "float32"
"""In which losses are drawn, and time and memory are measured: the usual one."""


def document(
    settings: Mapping[str, Any],
    differences: Sequence[Difference],
    conventions: Sequence[Convention],
    trainings: Sequence[Training],
    costs: Sequence[Cost],
) -> dict[str, Any]:
    """All that was found. settings: what was trained."""
    return {
        "schema": SCHEMA,
        "command": COMMAND,
        **settings,
        "ok": all(each.ok for each in differences) and all(each.ok for each in trainings),
        "differences": [each.to_json() for each in differences],
        "conventions": [each.to_json() for each in conventions],
        "trainings": [each.to_json() for each in trainings],
        "costs": [each.to_json() for each in costs],
    }


def publish(
    found: dict[str, Any],
    differences: Sequence[Difference],
    trainings: Sequence[Training],
    caption: str,
    store: Store,
    facts: Mapping[str, Any],
) -> list[str]:
    """Write the files, and give their paths. facts: the provenance, where what depends on the machine's mood stands too."""
    drawn = figure(trainings, caption)
    settled = {key: value for key, value in found.items() if key != "costs"}
    contents = {
        **{f"figure.{name}": content for name, content in draw(drawn).items()},
        "figure-numbers.csv": numbers_csv(drawn),
        TABLE: csv_bytes(COLUMNS, [{name: each.to_json()[name] for name in COLUMNS} for each in differences]),
        FILE: json_bytes({**settled, "provenance": {**facts, "costs": found["costs"]}}),
    }
    for name, content in contents.items():
        write(store.root / FOLDER / name, content)
    return [str(store.root / FOLDER / name) for name in contents]


def claims_document(settings: Mapping[str, Any], found: Sequence[Compared]) -> dict[str, Any]:
    """What the engines say of a study's claims. settings: what was trained."""
    return {
        "schema": SCHEMA,
        "command": f"{COMMAND} --claims",
        **settings,
        "ok": all(each.ok for each in found),
        "claims": [each.to_json() for each in found],
    }


def publish_claims(found: dict[str, Any], store: Store, facts: Mapping[str, Any]) -> str:
    """Write that, and give the file's path."""
    path = store.root / FOLDER / CLAIMS_FILE
    write(path, json_bytes({**found, "provenance": facts}))
    return str(path)


def figure(trainings: Sequence[Training], caption: str) -> Figure:
    """For each arm the losses side by side, and below it how far apart they are."""
    arms = [*dict.fromkeys(each.arm for each in trainings)]
    own = [[each for each in trainings if each.arm == arm] for arm in arms]
    panels = (*map(_losses, own), *map(_apart, own))
    return Figure("The same trainings on several engines", caption, panels, rows=2)


def _losses(trainings: Sequence[Training]) -> Panel:
    shown = [each for each in trainings if each.dtype == DTYPE]
    ours = Line(f"numpy, {DTYPE}", _iterations(shown[0].ours), shown[0].ours, points=False)
    lines = (
        ours,
        *(Line(f"{each.engine}, {DTYPE}", _iterations(each.theirs), each.theirs, points=False) for each in shown),
    )
    return Panel(f"{shown[0].arm}: loss", "iteration", "loss of the minibatch", lines, y_group="loss")


def _apart(trainings: Sequence[Training]) -> Panel:
    last = max(len(each.apart) for each in trainings)
    lines = [
        Line(f"{each.engine}, {each.dtype}", _iterations(each.apart), _powers(each), points=False) for each in trainings
    ]
    limit = Line("the most allowed in float64", [1, last], [math.log10(TOLERANCES["float64"])] * 2, points=False)
    label = "relative difference of the loss from numpy's, power of ten"
    limits = math.log10(min(LOWEST.values())), 1.0
    return Panel(f"{trainings[0].arm}: difference", "iteration", label, (*lines, limit), y_limits=limits)


def _powers(training: Training) -> list[float]:
    return [math.log10(max(apart, LOWEST[training.dtype])) for apart in training.apart]


def _iterations(values: Sequence[float]) -> list[float]:
    return [*map(float, range(1, len(values) + 1))]
