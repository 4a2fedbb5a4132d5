"""The numbers that a figure shows, as a table: for those who can't see it, and for those who draw it themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bnlab.lab.files import finite_or_none
from bnlab.report.figure import Figure, HeatMap, Image, Panel
from bnlab.report.table import csv_bytes

COLUMNS = ("panel", "curve", "x", "y", "low", "high", "x_label")


def numbers_csv(figure: Figure) -> bytes:
    """A row for each point of each curve, or cell of a heat map. Faint lines, single runs and raw values, are left out.

    low and high: the band around the curve. x_label: what x is. A heat map has a curve per row of cells, named by its
    place on the y-axis. A value that isn't finite is an empty cell.
    """
    return csv_bytes(COLUMNS, _rows(figure))


def _rows(figure: Figure) -> Iterator[dict[str, Any]]:
    for panel in figure.panels:
        if isinstance(panel, Image):
            continue
        for row in _of_panel(panel) if isinstance(panel, Panel) else _of_map(panel):
            values = (panel.title, *(finite_or_none(value) for value in row), panel.x_label)
            yield dict(zip(COLUMNS, values, strict=True))


def _of_panel(panel: Panel) -> Iterator[tuple[Any, ...]]:
    ends = {
        (band.label, x): (low, high)
        for band in panel.bands
        for x, low, high in zip(band.x, band.low, band.high, strict=True)
    }
    for line in panel.lines:
        if not line.faint:
            for x, y in zip(line.x, line.y, strict=True):
                yield line.label, _place(panel, x), float(y), *map(float, ends.get((line.label, x), (float("nan"),) * 2))


def _place(panel: Panel, x: float) -> float | str:
    """A place on the x-axis; in words where its ticks are."""
    return (panel.x_ticks or {}).get(x, float(x))


def _of_map(heat_map: HeatMap) -> Iterator[tuple[Any, ...]]:
    nothing = (float("nan"),) * 2
    across, down = heat_map.x_ticks or {}, heat_map.y_ticks or {}
    for y, row in zip(heat_map.y, heat_map.values, strict=True):
        for x, value in zip(heat_map.x, row, strict=True):
            place = f"{heat_map.y_label} {down.get(y, f'{y:.3g}')}"
            yield place, across.get(x, float(x)), float(value), *nothing
