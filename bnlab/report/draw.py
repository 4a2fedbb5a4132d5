"""Draws a Figure: PNG at 150 dpi and SVG, the same bytes for the same Figure.

Colours are Okabe and Ito's palette, safe for the colour-blind; each curve also has a line style and a marker of its
own, and the order of the colours keeps neighbours apart in grey. Source: Okabe and Ito, 2008, "Color universal design".
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from bnlab.report.figure import Band, Figure, Line, Panel
from bnlab.report.layout import BAND_ALPHA, PANEL_WIDTH, height, margins, write_around

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 150
FORMATS: dict[str, dict[str, Any]] = {
    "png": {"dpi": DPI, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None, "Creator": None}},
}
MARKERS = 25
"""Markers on a curve, about: on each point, or on every second, third, … of a long one."""
RC: dict[str, Any] = {
    "svg.hashsalt": "bnlab",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "path.simplify": True,
}


class Style(NamedTuple):
    """How a curve looks."""

    color: str
    dashes: Any
    marker: str


STYLES = (
    Style("#0072B2", "solid", "o"),
    Style("#E69F00", (0, (5, 2)), "s"),
    Style("#000000", (0, (1, 1.2)), "^"),
    Style("#009E73", (0, (6, 2, 1, 2)), "D"),
    Style("#CC79A7", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Style("#D55E00", (0, (8, 3)), "P"),
)


def draw(figure: Figure) -> dict[str, bytes]:
    """The figure's files by format."""
    _import_matplotlib()
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own style must not change the picture
        matplotlib.rcParams.update(cast(Any, RC))
        across = -(-len(figure.panels) // figure.rows)
        canvas = Canvas(figsize=(PANEL_WIDTH * across, height(figure.rows)))
        FigureCanvasAgg(canvas)
        styles = _styles(figure)
        columns = min(len(styles), 2 * across)
        around = margins(across, legend_rows=-(-len(styles) // columns), rows=figure.rows)
        all_axes = [*canvas.subplots(figure.rows, across, squeeze=False, gridspec_kw=around).flat]
        for axes, panel in zip(all_axes, figure.panels, strict=True):
            _draw_panel(axes, panel, styles)
        _share_y(all_axes, figure.panels)
        write_around(canvas, all_axes[0], figure, across, columns)
        return {name: _rendered(canvas, name, options) for name, options in FORMATS.items()}


def _import_matplotlib() -> None:
    """Import it for the first time, without the environment's MPLBACKEND: one that isn't installed would be an error.

    No backend is needed to write files. One that is installed is set afterwards, for what the caller draws later.
    """
    if "matplotlib" in sys.modules:
        return
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its cache folder is no news to users
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


def _styles(figure: Figure) -> dict[str, Style]:
    """A style for each label, the same in all panels."""
    labels = dict.fromkeys(line.label for panel in figure.panels for line in panel.lines)
    return {label: _style(i) for i, label in enumerate(labels)}


def _style(i: int) -> Style:
    """The i-th style; when all are taken, their colours come again with other dashes and markers."""
    color, other = STYLES[i % len(STYLES)], STYLES[(i + i // len(STYLES)) % len(STYLES)]
    return Style(color.color, other.dashes, other.marker)


def _draw_panel(axes: Axes, panel: Panel, styles: dict[str, Style]) -> None:
    axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label, xscale=panel.x_scale)
    axes.margins(y=0.08)
    if panel.x_scale == "log":  # before anything is drawn: Matplotlib's own margins are for a linear axis then
        xs = [x for line in panel.lines for x in line.x if x > 0] or [1.0]
        axes.set_xlim(min(xs) / 1.7, max(xs) * 1.7)
    for band in panel.bands:
        _draw_band(axes, band, styles[band.label])
    for line in panel.lines:
        _draw_line(axes, line, styles[line.label], panel.y_limits)
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)


def _draw_line(axes: Axes, line: Line, style: Style, y_limits: tuple[float, float | None] | None) -> None:
    """The curve; points above the limits sit at the edge as triangles, points where a run diverged get a cross."""
    top = y_limits[1] if y_limits is not None else None
    finite = [y for y in line.y if y == y and abs(y) != float("inf")]
    ceiling = top if top is not None else max(finite, default=1.0)
    shown = [min(y, ceiling) if y == y else ceiling for y in line.y]
    above = [i for i, y in enumerate(line.y) if top is not None and not y <= top]
    marks: dict[str, Any] = {"color": style.color, "linestyle": "none", "clip_on": False, "zorder": 5}
    axes.plot(
        line.x,
        shown,
        label=line.label,
        color=style.color,
        linestyle=style.dashes,
        marker=style.marker if line.points else None,
        markevery=max(1, len(line.x) // MARKERS),
        markersize=4,
        linewidth=1.4 if line.points else 1.0,
    )
    axes.plot([line.x[i] for i in above], [ceiling] * len(above), marker=6, markersize=9, **marks)
    axes.plot(
        [line.x[i] for i in line.diverged],
        [shown[i] for i in line.diverged],
        marker="x",
        markersize=9,
        markeredgewidth=2,
        **marks,
    )


def _draw_band(axes: Axes, band: Band, style: Style) -> None:
    """A light fill, and edges in the dashes of its curve: they tell bands apart where these overlap, in grey too."""
    axes.fill_between(band.x, band.low, band.high, color=style.color, alpha=BAND_ALPHA, linewidth=0)
    for edge in (band.low, band.high):
        axes.plot(band.x, edge, color=style.color, linestyle=style.dashes, linewidth=0.7, alpha=0.8)


def _share_y(all_axes: list[Any], panels: tuple[Panel, ...]) -> None:
    """The same limits for all panels of a y_group."""
    for group in {panel.y_group for panel in panels} - {None}:
        members = [axes for axes, panel in zip(all_axes, panels, strict=True) if panel.y_group == group]
        bounds = [axes.get_ylim() for axes in members]
        for axes in members:
            axes.set_ylim(min(low for low, _ in bounds), max(high for _, high in bounds))
