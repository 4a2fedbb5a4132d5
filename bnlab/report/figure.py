"""What a figure shows, without a word about drawing: `bnlab.report.draw` does that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Line:
    """A curve: points (x, y), named by its label. Lines of one label look the same in every panel.

    diverged: indices of the points where a run ended because its loss was not finite. points: mark each point.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    diverged: tuple[int, ...] = ()
    points: bool = True


@dataclass(frozen=True)
class Band:
    """A range at each x, from low to high, filled behind the curve of the same label and in its colour."""

    label: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """One pair of axes. Panels that name the same y_group share their y-axis, because they are there to be compared.

    y_limits: fixed limits; points above them are drawn at the edge.
    """

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    x_scale: Literal["linear", "log"] = "linear"
    y_limits: tuple[float, float | None] | None = None
    y_group: str | None = None
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Figure:
    """Panels under one title and one legend, with the settings in a caption line. They fill the rows from left to right."""

    title: str
    caption: str
    panels: tuple[Panel, ...]
    rows: int = 1
