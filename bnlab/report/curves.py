"""How curves look: a style for each label, marks for what can't be shown in its place, and the bands behind the curves.

Colours are Okabe and Ito's palette, safe for the colour-blind; each curve also has a line style and a marker of its
own, and the order of the colours keeps neighbours apart in grey. Source: Okabe and Ito, 2008, "Color universal design".
"""

from __future__ import annotations

from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from bnlab.report.figure import Band, Figure, Line, Panel
from bnlab.report.layout import BAND_ALPHA

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = 25
"""How many markers a curve has, roughly. A longer curve has one on every second, third, … point."""
LANE = 0.055
"""The height of a lane of marks at the upper edge, as a part of the panel's height."""
TRIANGLE = "^"
FAR = 100.0
"""A line ends at most this many times the limit beyond it, since no picture can hold huge numbers."""


class Style(NamedTuple):
    """How a curve looks."""

    color: str
    dashes: Any
    marker: str
    angle: float = 45.0
    """How far its crosses are turned, in degrees."""

    @property
    def cross(self) -> tuple[int, int, float]:
        """Matplotlib's marker: four strokes from the centre."""
        return (4, 2, self.angle)


STYLES = (
    Style("#0072B2", "solid", "o"),
    Style("#E69F00", (0, (5, 2)), "s"),
    Style("#000000", (0, (1, 1.2)), "^"),
    Style("#009E73", (0, (6, 2, 1, 2)), "D"),
    Style("#CC79A7", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Style("#D55E00", (0, (8, 3)), "P"),
)


def styles_by_label(figure: Figure) -> dict[str, Style]:
    """A style for each label, the same in all panels. Crosses are turned apart: at one place, none hides another."""
    labels = dict.fromkeys(line.label for panel in figure.panels for line in panel.lines)
    return {label: _style(i)._replace(angle=90 * (i + 0.5) / len(labels)) for i, label in enumerate(labels)}


def _style(i: int) -> Style:
    """The i-th style; when all are taken, their colours come again with other dashes and markers."""
    color, other = STYLES[i % len(STYLES)], STYLES[(i + i // len(STYLES)) % len(STYLES)]
    return Style(color.color, other.dashes, other.marker)


def ceilings(panel: Panel) -> list[float]:
    """For each line, the height at which its points are drawn that lie too high or are not finite.

    Each line that has such points gets a lane of its own: the upper edge, and below it lane by lane. Without a limit it
    is the highest finite value of the line.
    """
    limit = panel.upper_limit
    if panel.y_limits is None or limit == inf:
        return [max(filter(isfinite, line.y), default=1.0) for line in panel.lines]
    too_high = [any(not y <= limit for y in line.y) for line in panel.lines]
    height = LANE * (limit - panel.y_limits[0])
    return [limit - height * sum(too_high[:i]) for i in range(len(panel.lines))]


def draw_line(axes: Axes, line: Line, style: Style, limit: float, ceiling: float) -> None:
    """The curve, which leaves the panel where a point lies above the limit, and breaks where one is not finite.

    Such a point is a triangle at the ceiling; where a run diverged, there is a cross instead.
    """
    shown = [y if y <= limit and y < inf else ceiling for y in line.y]
    above, step = line.above(limit), max(1, len(line.x) // MARKERS)
    axes.plot(
        line.x,
        [_on_the_way(y, limit) for y in line.y],
        label=line.label,
        color=style.color,
        linestyle=style.dashes,
        marker=style.marker if line.points else None,
        markevery=[i for i in range(0, len(line.x), step) if i not in {*above, *line.diverged}],
        markersize=4,
        linewidth=1.4 if line.points else 1.0,
    )
    for indices, marker in ((above[:: 1 + len(above) // MARKERS], TRIANGLE), (line.diverged, style.cross)):
        axes.plot(
            [line.x[i] for i in indices],
            [shown[i] for i in indices],
            color=style.color,
            marker=marker,
            markersize=9,
            markeredgewidth=1.6,
            linestyle="none",
            clip_on=False,
            zorder=5,
        )


def _on_the_way(y: float, limit: float) -> float:
    """The height that the line is drawn to: at most far beyond the limit, and NaN, a break, for what is not finite."""
    if not isfinite(y):
        return nan
    return min(y, FAR * abs(limit) + FAR) if isfinite(limit) else y


def draw_band(axes: Axes, band: Band, style: Style) -> None:
    """A light fill, and edges in the dashes of its curve: they tell bands apart where these overlap, in grey too."""
    axes.fill_between(band.x, band.low, band.high, color=style.color, alpha=BAND_ALPHA, linewidth=0)
    for edge in (band.low, band.high):
        axes.plot(band.x, edge, color=style.color, linestyle=style.dashes, linewidth=0.7, alpha=0.8)
