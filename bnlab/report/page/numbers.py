"""The tables of numbers: a row per arm, and the points of a figure's curves, from the CSV files of a study."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from bnlab.report.page.model import Arm, NumberTable
from bnlab.report.text import for_readers

MOST_ROWS = 32
"""Rows of a panel's table. Of a curve with more points, such as a loss, some are shown."""


def arm_rows(checks: Sequence[Mapping[str, str]], runs: Iterable[Mapping[str, Any]]) -> Iterator[Arm]:
    """Each arm at its last check. checks: the rows of arms.csv. runs: those of the summary."""
    endings: dict[str, Counter[str]] = {}
    for run in runs:
        endings.setdefault(str(run["arm"]), Counter())[str(run["status"])] += 1
    last = {row["arm"]: row for row in checks}
    for label, row in last.items():
        yield Arm(
            for_readers(label),
            int(row["n"]),
            f"{float(row['epoch']):g}",
            _mean(row, "train_acc"),
            _mean(row, "val_acc"),
            endings.get(label, Counter()),
        )


def _mean(row: Mapping[str, str], name: str) -> str:
    return _with_ends(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _with_ends(value: str, low: str, high: str) -> str:
    if not value or not math.isfinite(float(value)):
        return "not finite"
    return f"{_short(value)} ({_short(low)} to {_short(high)})" if low and high else _short(value)


def _short(text: str) -> str:
    """Three digits after the point for numbers like accuracies, else three digits in all."""
    value = float(text)
    return f"{value:.3f}" if abs(value) < 10 and (value == 0 or abs(value) >= 0.01) else f"{value:.3g}"


def number_tables(points: Sequence[Mapping[str, str]]) -> Iterator[NumberTable]:
    """A table per panel: a row for each place on the x-axis, a column for each curve."""
    panels: dict[str, list[Mapping[str, str]]] = {}
    for point in points:
        panels.setdefault(point["panel"], []).append(point)
    for panel, own in panels.items():
        curves = tuple(dict.fromkeys(point["curve"] for point in own))
        cells = {(point["x"], point["curve"]): _with_ends(point["y"], point["low"], point["high"]) for point in own}
        places = _sorted(dict.fromkeys(point["x"] for point in own))
        chosen = _some(len(places))
        shown = [places[i] for i in chosen]
        rows = tuple((_place(x), *(cells.get((x, curve), "-") for curve in curves)) for x in shown)
        head = (own[0].get("x_label") or "x", *map(for_readers, curves))
        yield NumberTable(panel, head, rows, _which(chosen, len(places)))


def _sorted(places: Iterable[str]) -> list[str]:
    """Numbers in their order; words as they come."""
    try:
        return sorted(places, key=float)
    except ValueError:
        return list(places)


def _some(count: int) -> list[int]:
    """At most so many of the indices below count, evenly, with the first and the last."""
    if count <= MOST_ROWS:
        return [*range(count)]
    step = (count - 1) / (MOST_ROWS - 1)
    return [round(i * step) for i in range(MOST_ROWS)]


def _which(chosen: Sequence[int], count: int) -> str:
    """'every 6th or 7th point'; of hardly more points than rows, how many are shown."""
    steps = sorted({after - before for before, after in pairwise(chosen)})
    if len(chosen) == count:
        return ""
    if steps[0] == 1:
        return f"{len(chosen)} of the {count} points"
    return f"every {' or '.join(map(_ordinal, steps))} point"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _place(text: str) -> str:
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text
