"""How curves look: a style for each label, marks for what can't be shown in its place, and the bands behind the curves.

The first colours are Okabe and Ito's palette, safe for the colour-blind; each curve also has a line style and a marker of
its own, and the order of the colours keeps neighbours apart in grey. Source: Okabe and Ito, 2008, "Color universal
design". Curves for the values of a setting with an order take their colours from viridis, which is safe too.
"""

from __future__ import annotations

from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from bnlab.report.figure import Band, Figure, Line, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = 25
"""How many markers a curve has, roughly. A longer curve has one on every second, third, … point."""
LANE = 0.055
"""The height of a lane of marks at the upper edge, as a part of the panel's height."""
TRIANGLE = "^"
BAND_ALPHA = 0.22
"""The opacity of a band's fill."""
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


MORE_COLORS = (
    "#332288", "#80B1D3", "#B2182B", "#A0A0FF", "#4D9221", "#5E3C00", "#D0A060",
    "#AA4499", "#1B3A6B", "#8C564B", "#FB9A99", "#555555", "#003C30", "#C51B7D",
)  # fmt: skip
"""For a seventh curve and further ones; then a colormap is sampled."""
BESIDE_ORDERED = ("#000000", "#D55E00", "#E69F00", "#0072B2", "#CC79A7", "#009E73")
"""The colours of STYLES, those first that can't be taken for a part of viridis."""
ORDERED = (("viridis", 0.06, 0.82), ("Oranges_r", 0.05, 0.55), ("Purples_r", 0.05, 0.5), ("Greys_r", 0.0, 0.5))
"""For each family of ordered curves the part of a colormap, from dark to light: neither black nor too light on white."""


def styles_by_label(figure: Figure) -> dict[str, Style]:
    """A style for each label, the same in all panels. Crosses are turned apart: at one place, none hides another."""
    labels = figure.labels
    ordered = [label for family in figure.ordered for label in family]
    others = [label for label in labels if label not in ordered]
    first = BESIDE_ORDERED if ordered else tuple(style.color for style in STYLES)
    colors = dict(zip(others, _colors(first, len(others)), strict=True))
    for i, family in enumerate(figure.ordered):
        colors |= dict(zip(family, _ordered_colors(i, len(family)), strict=True))
    places = {label: i for i, label in enumerate([*others, *ordered])}
    angles = {label: 90 * (i + 0.5) / len(labels) for i, label in enumerate(labels)}
    return {label: _shape(places[label])._replace(color=colors[label], angle=angles[label]) for label in labels}


def _shape(i: int) -> Style:
    """The i-th combination of dashes and marker. When all dashes are taken, they come again with other markers."""
    return STYLES[i % len(STYLES)]._replace(marker=STYLES[(i + i // len(STYLES)) % len(STYLES)].marker)


def _colors(first: tuple[str, ...], count: int) -> list[str]:
    """As many colours, no two the same."""
    table = first + MORE_COLORS
    more = max(0, count - len(table))
    return [*table[:count], *_sampled("plasma", [0.8 * (i + 0.5) / more for i in range(more)])]


def _ordered_colors(family: int, count: int) -> list[str]:
    """As many colours from dark to light, at even distances."""
    name, start, end = ORDERED[family % len(ORDERED)]
    step = (end - start) / max(1, count - 1)
    return _sampled(name, [start + step * i for i in range(count)])


def _sampled(name: str, places: list[float]) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps[name](place)) for place in places]


def ceilings(panel: Panel) -> list[float]:
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


def draw_line(axes: Axes, line: Line, style: Style, panel: Panel, ceiling: float) -> None:
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


def draw_band(axes: Axes, band: Band, style: Style, limit: float) -> None:
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
