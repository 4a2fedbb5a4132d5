"""Panels of curves: the lines, marks for what can't be shown in its place, and the bands behind the lines."""

from __future__ import annotations

from math import inf, isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

from bnlab.report.figure import MARGIN, Band, Figure, Line, Panel
from bnlab.report.layout import SIZE
from bnlab.report.styles import BAND_ALPHA, Style
from bnlab.report.text import write_powers, write_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = 25
"""How many markers a curve has, roughly. A longer curve has one on every second, third, … point."""
LANE = 0.055
"""The height of a lane of marks at the upper edge, as a part of the panel's height."""
TRIANGLE = "^"
FAR = 100.0
"""A line ends at most this many times the limit beyond it, since no picture can hold huge numbers."""


class Look(NamedTuple):
    """How strong a line is: widths, sizes in points; what has the higher zorder lies in front."""

    width: float
    width_without_points: float
    opacity: float
    zorder: float
    mark_size: float
    mark_width: float
    marks_zorder: float


CLEAR = Look(1.4, 1.0, 1.0, 2, 9, 1.6, 5)
FAINT = Look(0.7, 0.7, 0.35, 0.8, 5, 0.9, 3)
"""Behind the bands, whose zorder is 1; its marks in front of the lines."""


def draw_panel(axes: Axes, panel: Panel, _: Figure, styles: dict[str, Style]) -> None:
    """The curves of a panel with their bands, on its scales and within its limits."""
    axes.set_xscale(panel.x_scale)
    axes.margins(y=MARGIN)
    if panel.x_scale == "log":  # before anything is drawn: later, Matplotlib would use margins of a linear axis
        xs = [x for line in panel.lines for x in line.x if x > 0] or [1.0]
        axes.set_xlim(min(xs) / 1.7, max(xs) * 1.7)
        write_powers(axes.xaxis)
    for band in panel.bands:
        _draw_band(axes, band, styles[band.label], panel.upper_limit)
    for line, ceiling in zip(panel.lines, _ceilings(panel), strict=True):
        _draw_line(axes, line, styles[line.label], panel, ceiling)
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)
    if panel.x_ticks:
        write_ticks(axes, panel.x_ticks, SIZE[0])


def _ceilings(panel: Panel) -> list[float]:
    """For each line, the height at which its points are drawn that lie too high or are not finite.

    Each label that has such points gets a lane of its own: the upper edge, and below it lane by lane. Without a limit
    it is the highest finite value of the line.
    """
    limit = panel.upper_limit
    if limit == inf:
        return [max(filter(isfinite, line.y), default=1.0) for line in panel.lines]
    marked = [line for line in panel.lines if line.above(limit) or any(not line.y[i] <= limit for i in line.diverged)]
    labels = [*dict.fromkeys(line.label for line in marked)]
    height = LANE * (limit - panel.lower_limit)
    return [limit - height * (labels.index(line.label) if line.label in labels else 0) for line in panel.lines]


def _draw_line(axes: Axes, line: Line, style: Style, panel: Panel, ceiling: float) -> None:
    """The curve, which leaves the panel where a point lies beyond the limits, and breaks where one is not finite.

    A point too high is a triangle at the ceiling; where a run diverged, there is a cross instead.
    """
    limit, look = panel.upper_limit, _faint(line.label, panel) if line.faint else CLEAR
    shown = [max(y, panel.lower_limit) if y <= limit and y < inf else ceiling for y in line.y]
    above, step = line.above(limit), max(1, len(line.x) // MARKERS)
    axes.plot(
        line.x,
        [_on_the_way(y, limit) for y in line.y],
        label=f"_{line.label}" if line.faint else line.label,  # Matplotlib keeps "_" out of legends
        color=style.color,
        linestyle=style.dashes,
        marker=style.marker if line.points and not line.faint else None,
        markevery=[i for i in range(0, len(line.x), step) if i not in {*above, *line.diverged}],
        markersize=4,
        linewidth=look.width if line.points else look.width_without_points,
        alpha=look.opacity,
        zorder=look.zorder,
    )
    for indices, marker in ((above[:: 1 + len(above) // MARKERS], TRIANGLE), (line.diverged, style.cross)):
        if not indices:
            continue  # Matplotlib would measure a line without points as one to the corner of the sheet
        axes.plot(
            [line.x[i] for i in indices],
            [shown[i] for i in indices],
            color=style.color,
            marker=marker,
            markersize=look.mark_size,
            markeredgewidth=look.mark_width,
            linestyle="none",
            clip_on=False,
            zorder=look.marks_zorder,
        )


def _faint(label: str, panel: Panel) -> Look:
    """The more faint lines a curve has, the paler they are: together they must not hide its band."""
    many = sum(line.faint and line.label == label for line in panel.lines)
    return FAINT._replace(opacity=max(0.1, min(FAINT.opacity, 2 / many)))


def _on_the_way(y: float, limit: float) -> float:
    """The height that a line is drawn to: at most far beyond the limit, and NaN, a break, for what is not finite."""
    if not isfinite(y):
        return nan
    far = FAR * abs(limit) + FAR
    return max(-far, min(y, far)) if isfinite(limit) else y


def _draw_band(axes: Axes, band: Band, style: Style, limit: float) -> None:
    """A light fill, and edges in the dashes of its curve: they tell bands apart where these overlap, in grey too.

    A range without neighbours on either side has no area: it is a bar.
    """
    low, high = ([_on_the_way(y, limit) for y in bound] for bound in (band.low, band.high))
    known = [isfinite(below) and isfinite(above) for below, above in zip(low, high, strict=True)]
    axes.fill_between(band.x, low, high, where=known, color=style.color, alpha=BAND_ALPHA, linewidth=0)
    for edge in (low, high):
        drawn = [y if there else nan for y, there in zip(edge, known, strict=True)]
        axes.plot(band.x, drawn, color=style.color, linestyle=style.dashes, linewidth=0.7, alpha=0.8)
    alone = [i for i, there in enumerate(known) if there and not any(known[max(0, i - 1) : i] + known[i + 1 : i + 2])]
    if alone:
        x, bottoms, tops = ([values[i] for i in alone] for values in (band.x, low, high))
        axes.vlines(x, bottoms, tops, color=style.color, linewidth=4, alpha=BAND_ALPHA)
