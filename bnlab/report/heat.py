"""Heat maps with their colour bars, and images."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bnlab.report.figure import Figure, HeatMap, Image
from bnlab.report.layout import BAR, DRAFT, SIZE, rows_of
from bnlab.report.text import FONT_SIZE, wrapped, write_powers, write_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

CELL_SIZE = 7
"""Points, of texts in cells and beside them."""
COLORS = "viridis"
"""Equal steps look equal, to the colour-blind too, and no colour is grey."""
EXTEND = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}


def draw_heat_map(axes: Axes, heat_map: HeatMap, figure: Figure, *_: object) -> None:
    """A cell around each point (x, y); what has no value shows the hatched ground."""
    from matplotlib.ticker import MaxNLocator

    low, high = _color_limits(figure, heat_map.value_label)
    logs = heat_map.y_scale == "log"
    y = 10 ** _edges(np.log10(heat_map.y)) if logs else _edges(heat_map.y)
    values = np.clip(np.asarray(heat_map.values, float), low, high)
    axes.grid(False)
    axes.patch.set(facecolor="#d9d9d9", edgecolor="#8a8a8a", hatch="////")
    axes.pcolormesh(_edges(heat_map.x), y, values, cmap=COLORS, vmin=low, vmax=high)
    axes.set_yscale(heat_map.y_scale)
    if logs:
        write_powers(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=all(float(x).is_integer() for x in heat_map.x)))
    if heat_map.x_ticks:
        write_ticks(axes, heat_map.x_ticks, SIZE[0])
    if heat_map.y_ticks:
        axes.set_yticks([*heat_map.y_ticks], [*heat_map.y_ticks.values()], fontsize=CELL_SIZE, parse_math=False)
    if heat_map.downward:
        axes.invert_yaxis()
    _write_cells(axes, heat_map, (low + high) / 2)


def _write_cells(axes: Axes, heat_map: HeatMap, half: float) -> None:
    """The texts in the cells: dark on the light upper half of the colours, light on the dark lower half."""
    for y, values, texts in zip(heat_map.y, heat_map.values, heat_map.cells or (), strict=bool(heat_map.cells)):
        for x, value, text in zip(heat_map.x, values, texts, strict=True):
            axes.text(x, y, text, color="black" if value > half else "white", fontsize=CELL_SIZE, ha="center", va="center")


def _edges(centers: ArrayLike) -> Any:
    """The borders of cells around the centers: halfway between neighbours, and as far beyond the first and last."""
    points = np.asarray(centers, float)
    steps = np.diff(points) if len(points) > 1 else np.ones(1)
    return np.array([points[0] - steps[0] / 2, *(points[:-1] + points[1:]) / 2, points[-1] + steps[-1] / 2])


def _color_limits(figure: Figure, value_label: str) -> tuple[float, float]:
    """What the colours reach in all heat maps with this value_label: their finite values, or limits where those are set."""
    found: list[float] = []
    for heat_map in figure.heat_maps:
        if heat_map.value_label == value_label:
            found += heat_map.limits or (value for row in heat_map.values for value in row if isfinite(value))
    low, high = min(found, default=0.0), max(found, default=1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def draw_bar(canvas: Canvas, value_label: str, figure: Figure) -> Axes:
    """The colour bar of a value_label; with a pointed end where values lie beyond the colours."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = _color_limits(figure, value_label)
    members = [heat_map for heat_map in figure.heat_maps if heat_map.value_label == value_label]
    values = [value for member in members for row in member.values for value in row]
    ends = any(value < low for value in values), any(value > high for value in values)
    axes = canvas.add_axes((0.8, 0.1, BAR / DRAFT[0], SIZE[1] * len(rows_of(figure, value_label)) / DRAFT[1]))
    bar = canvas.colorbar(ScalarMappable(Normalize(low, high), COLORS), cax=axes, extend=EXTEND[ends])
    bar.set_label(wrapped(value_label, FONT_SIZE, SIZE[1]))
    return axes


def draw_image(axes: Axes, image: Image, *_: object) -> None:
    """The pixels as they are, without axes."""
    axes.imshow(np.clip(np.asarray(image.pixels, float), 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color="#cccccc")  # a white border is seen on the white sheet
