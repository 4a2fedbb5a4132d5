"""What a figure shows. How it is drawn is the business of `bnlab.report.draw` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Literal

from numpy.typing import ArrayLike

MARGIN = 0.08
"""Of what is drawn, this part stays free above and below where a y-axis isn't fixed."""


@dataclass(frozen=True)
class Line:
    """A curve: points (x, y), named by its label. Lines of one label look the same in every panel.

    diverged: indices of the points where a run ended because its loss was not finite. points: mark each point.
    faint: a single replicate, or raw values under a mean: thin and pale, behind everything else, without markers.
    gaps: NaN says that there is no value, and the line has a gap; else it counts as too high.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    diverged: tuple[int, ...] = ()
    points: bool = True
    faint: bool = False
    gaps: bool = False

    def above(self, limit: float) -> list[int]:
        """The indices of the points that need a triangle: above the limit, or NaN that is no gap.

        A diverged run's last point has a cross instead, and a faint line has no triangles: the line of its mean has.
        """
        if self.faint:
            return []
        return [i for i, y in enumerate(self.y) if not (y <= limit or (self.gaps and isnan(y))) and i not in self.diverged]


@dataclass(frozen=True)
class Band:
    """A range at each x, from low to high, filled behind the curve of the same label and in its colour.

    It has a gap where low or high is NaN: no range is known there.
    """

    label: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """One pair of axes. Panels with the same y_group share the limits of their y-axis, so that they can be compared.

    y_limits: fixed limits; points above them are drawn at the edge, and lines leave the panel below them.
    x_ticks: texts at positions of the x-axis, for settings that are not numbers.
    """

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    x_scale: Literal["linear", "log"] = "linear"
    y_limits: tuple[float, float | None] | None = None
    y_group: str | None = None
    bands: tuple[Band, ...] = ()
    x_ticks: Mapping[float, str] | None = None

    @property
    def lower_limit(self) -> float:
        """Of the y-axis; minus infinity where none is fixed."""
        return -inf if self.y_limits is None else self.y_limits[0]

    @property
    def upper_limit(self) -> float:
        """Of the y-axis; infinite where it is open above."""
        return inf if self.y_limits is None or self.y_limits[1] is None else self.y_limits[1]


@dataclass(frozen=True)
class HeatMap:
    """A table of numbers as colours: `values` has a row for each y and a column for each x. NaN is hatched grey.

    Heat maps with the same value_label share their colours and one colour bar. limits: the lowest and highest value
    that the colours reach, wherever the values lie; an infinite value, and one beyond, has the colour of the limit.
    x_ticks, y_ticks: texts at positions, for what isn't numbers. cells: the text in each cell, shaped as values. downward:
    the first y is at the top, as in a table.
    """

    title: str
    x_label: str
    y_label: str
    x: Sequence[float]
    y: Sequence[float]
    values: Sequence[Sequence[float]]
    value_label: str
    y_scale: Literal["linear", "log"] = "linear"
    limits: tuple[float, float] | None = None
    x_ticks: Mapping[float, str] | None = None
    y_ticks: Mapping[float, str] | None = None
    cells: Sequence[Sequence[str]] | None = None
    downward: bool = False


@dataclass(frozen=True)
class Image:
    """A picture without scales: pixels (H, W) grey or (H, W, 3) red, green, blue, from 0 (black) to 1; others clipped."""

    title: str
    pixels: ArrayLike


@dataclass(frozen=True)
class Figure:
    """Panels under one title and one legend, above a caption with the settings. Panels fill the rows from left to right.

    ordered: families of curves that stand for the values of a setting with an order, such as batch sizes: their labels, the
    lowest first. The colours of a family go from dark to light; other labels, such as a baseline's, have other colours.
    """

    title: str
    caption: str
    panels: tuple[Panel | HeatMap | Image, ...]
    rows: int = 1
    ordered: tuple[tuple[str, ...], ...] = ()

    @property
    def line_panels(self) -> list[Panel]:
        """The panels that have curves."""
        return [panel for panel in self.panels if isinstance(panel, Panel)]

    @property
    def heat_maps(self) -> list[HeatMap]:
        """The panels that are heat maps."""
        return [panel for panel in self.panels if isinstance(panel, HeatMap)]

    @property
    def value_labels(self) -> list[str]:
        """What the colours of heat maps stand for, in the order in which they appear."""
        return list(dict.fromkeys(heat_map.value_label for heat_map in self.heat_maps))

    @property
    def labels(self) -> list[str]:
        """The names of all curves, in the order in which they appear."""
        return list(dict.fromkeys(line.label for panel in self.line_panels for line in panel.lines))

    @property
    def across(self) -> int:
        """The number of panels in a row; the last row may have fewer."""
        return -(-len(self.panels) // self.rows)
