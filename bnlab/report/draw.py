"""Draws a Figure: PNG at 150 dpi and SVG, the same bytes for the same Figure."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from math import inf, isfinite, radians, sin
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from bnlab.report.curves import Style, ceilings, draw_band, draw_line, styles_by_label
from bnlab.report.figure import Figure, HeatMap, Image, Panel
from bnlab.report.layout import BAR, RIGHT, SIZE, arrange, frame_size, rows_of, text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

DPI = 150
FONT_SIZE, TITLE_SIZE = 10, 12
"""Of the panels' labels and titles, in points."""
DRAFT = 10.0, 10.0
"""The sheet, in inches, on which the panels are drawn before their places are known."""
COLORS = "viridis"
"""Of heat maps: equal steps look equal, to the colour-blind too, and no colour is grey."""
EXTEND = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
TICKS = ((10, 0, None, 1), (8.5, 0, None, 3), (8, 40, 1.2, 3), (8, 40, 1.8, 1), (7.5, 90, 1.6, 3), (7, 90, inf, 1))
"""How texts at ticks are written, the first way that fits: font size in points, angle in degrees, width of a line in
inches (None: up to the next one), number of lines."""
TICK_GAP, LINE_HEIGHT = 0.08, 1.2 / 72
"""Inches between texts at ticks, and per line and point of font size."""
FORMATS: dict[str, dict[str, Any]] = {
    "png": {"dpi": DPI, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None, "Creator": None}},
}
RC: dict[str, Any] = {
    "svg.hashsalt": "bnlab",
    "font.size": FONT_SIZE,
    "text.hinting": "none",  # text is as wide as measured at any resolution, in both formats
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,  # the grid lies behind faint lines and bands
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "path.simplify": True,
}


def draw(figure: Figure) -> dict[str, bytes]:
    """The figure's files by format."""
    with _matplotlib():
        canvas = compose(figure)
        return {name: _rendered(canvas, name, options) for name, options in FORMATS.items()}


def compose(figure: Figure) -> Canvas:
    """Matplotlib's figure, with everything in its place."""
    with _matplotlib():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas

        canvas, styles = Canvas(figsize=DRAFT, dpi=DPI), styles_by_label(figure)
        FigureCanvasAgg(canvas)
        wide, high = frame_size(figure)
        all_axes = [canvas.add_axes((0.1, 0.1, wide / DRAFT[0], high / DRAFT[1])) for _ in figure.panels]
        for axes, panel in zip(all_axes, figure.panels, strict=True):
            axes.set_title(wrapped(panel.title, TITLE_SIZE, wide + 2 * RIGHT), pad=8)  # points: above the marks at the edge
            DRAWN_BY[type(panel)](axes, panel, figure, styles)
        _share_y(all_axes, figure.panels)
        bars = {label: _draw_bar(canvas, label, figure) for label in figure.value_labels}
        arrange(canvas, all_axes, bars, figure, styles)
        return canvas


@contextlib.contextmanager
def _matplotlib() -> Iterator[None]:
    """Matplotlib with our settings: a user's own style must not change the picture."""
    _import_matplotlib()
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(cast(Any, RC))
        yield


def _import_matplotlib() -> None:
    """Import it for the first time, without the environment's MPLBACKEND: one that isn't installed would be an error.

    No backend is needed to write files. One that is installed is set afterwards, for what the caller draws later.
    """
    if "matplotlib" in sys.modules:
        return
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # users need not hear about its cache folder
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


def _rendered(canvas: Any, name: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    canvas.savefig(buffer, format=name, **options)
    return buffer.getvalue()


def _draw_panel(axes: Axes, panel: Panel, _: Figure, styles: dict[str, Style]) -> None:
    _set_labels(axes, panel)
    axes.set_xscale(panel.x_scale)
    axes.margins(y=0.08)
    if panel.x_scale == "log":  # before anything is drawn: later, Matplotlib would use margins of a linear axis
        xs = [x for line in panel.lines for x in line.x if x > 0] or [1.0]
        axes.set_xlim(min(xs) / 1.7, max(xs) * 1.7)
    for band in panel.bands:
        draw_band(axes, band, styles[band.label], panel.upper_limit)
    for line, ceiling in zip(panel.lines, ceilings(panel), strict=True):
        draw_line(axes, line, styles[line.label], panel, ceiling)
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)
    if panel.x_ticks:
        _write_ticks(axes, panel.x_ticks)


def _set_labels(axes: Axes, panel: Panel | HeatMap) -> None:
    axes.set_xlabel(wrapped(panel.x_label, FONT_SIZE, SIZE[0]))
    axes.set_ylabel(wrapped(panel.y_label, FONT_SIZE, SIZE[1]))


def _write_ticks(axes: Axes, ticks: Mapping[float, str]) -> None:
    """The texts below their places: level if they fit side by side, else in lines or turned, and smaller."""
    places = sorted(ticks)
    axes.set_xticks(places)
    axes.minorticks_off()
    across = axes.transData.transform([(x, axes.get_ylim()[0]) for x in places])[:, 0] / axes.figure.dpi
    gap = min((right - left for left, right in pairwise(across)), default=SIZE[0])
    for size, angle, width, most in TICKS:
        lines = [wrapped(ticks[x], size, width or gap - TICK_GAP) for x in places]
        widest = max(text_width(line, size) for text in lines for line in text.split("\n"))
        tallest = LINE_HEIGHT * size * max(text.count("\n") + 1 for text in lines)
        taken = tallest / sin(radians(angle)) if angle else widest
        if taken + TICK_GAP <= gap and tallest <= LINE_HEIGHT * size * most:
            break
    turned: dict[str, Any] = {
        "rotation": angle,
        "rotation_mode": "anchor",
        "ha": "right",
        "va": "center" if angle == 90 else "top",
    }
    axes.set_xticks(places, lines, fontsize=size, **(turned if angle else {}))


def _share_y(all_axes: list[Any], panels: tuple[Panel | HeatMap | Image, ...]) -> None:
    """The same limits for all panels of a y_group."""
    groups: dict[str, list[Any]] = {}
    for axes, panel in zip(all_axes, panels, strict=True):
        if isinstance(panel, Panel) and panel.y_group is not None:
            groups.setdefault(panel.y_group, []).append(axes)
    for members in groups.values():
        bounds = [axes.get_ylim() for axes in members]
        for axes in members:
            axes.set_ylim(min(low for low, _ in bounds), max(high for _, high in bounds))


def _draw_heat_map(axes: Axes, heat_map: HeatMap, figure: Figure, _: dict[str, Style]) -> None:
    """A cell around each point (x, y); what has no value shows the hatched ground."""
    from matplotlib.ticker import MaxNLocator

    _set_labels(axes, heat_map)
    low, high = _color_limits(figure, heat_map.value_label)
    logs = heat_map.y_scale == "log"
    y = 10 ** _edges(np.log10(heat_map.y)) if logs else _edges(heat_map.y)
    values = np.clip(np.asarray(heat_map.values, float), low, high)
    axes.grid(False)
    axes.patch.set(facecolor="#d9d9d9", edgecolor="#8a8a8a", hatch="////")
    axes.pcolormesh(_edges(heat_map.x), y, values, cmap=COLORS, vmin=low, vmax=high)
    axes.set_yscale(heat_map.y_scale)
    axes.xaxis.set_major_locator(MaxNLocator(integer=all(float(x).is_integer() for x in heat_map.x)))


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


def _draw_bar(canvas: Canvas, value_label: str, figure: Figure) -> Axes:
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


def _draw_image(axes: Axes, image: Image, *_: object) -> None:
    axes.imshow(np.clip(np.asarray(image.pixels, float), 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color="#cccccc")  # a white border is seen on the white sheet


DRAWN_BY: dict[type, Callable[[Any, Any, Figure, dict[str, Style]], None]] = {
    Panel: _draw_panel,
    HeatMap: _draw_heat_map,
    Image: _draw_image,
}
