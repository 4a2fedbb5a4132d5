"""What a figure shows. How it is drawn is the business of `bnlab.report.draw` alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal


@dataclass(frozen=True)
class Line:
    """A curve: points (x, y), named by its label. Lines of one label look the same in every panel.

    diverged: indices of the points where a run ended because its loss was not finite. points: mark each point.
    faint: a single replicate, or raw values under a mean: thin and pale, behind everything else, without markers.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    diverged: tuple[int, ...] = ()
    points: bool = True
    faint: bool = False

    def above(self, limit: float) -> list[int]:
        """The indices of the points that need a triangle: above the limit, or NaN.

        A diverged run's last point has a cross instead, and a faint line has no triangles: the line of its mean has.
        """
        if self.faint:
            return []
        return [i for i, y in enumerate(self.y) if not y <= limit and i not in self.diverged]


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
    """

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    x_scale: Literal["linear", "log"] = "linear"
    y_limits: tuple[float, float | None] | None = None
    y_group: str | None = None
    bands: tuple[Band, ...] = ()

    @property
    def lower_limit(self) -> float:
        """Of the y-axis; minus infinity where none is fixed."""
        return -inf if self.y_limits is None else self.y_limits[0]

    @property
    def upper_limit(self) -> float:
        """Of the y-axis; infinite where it is open above."""
        return inf if self.y_limits is None or self.y_limits[1] is None else self.y_limits[1]


@dataclass(frozen=True)
class Figure:
    """Panels under one title and one legend, above a caption with the settings. Panels fill the rows from left to right.

    ordered: labels of curves that stand for the values of a setting with an order, the lowest first, such as batch sizes.
    Their colours go from dark to light; all other labels, such as a baseline's, have colours outside that range.
    """

    title: str
    caption: str
    panels: tuple[Panel, ...]
    rows: int = 1
    ordered: tuple[str, ...] = ()
