"""Draws a Figure: PNG at 150 dpi and SVG, the same bytes for the same Figure."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from bnlab.report.curves import Style, ceilings, draw_band, draw_line, styles_by_label
from bnlab.report.figure import Figure, Panel
from bnlab.report.layout import PANEL_WIDTH, height, margins, write_around

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

DPI = 150
FORMATS: dict[str, dict[str, Any]] = {
    "png": {"dpi": DPI, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None, "Creator": None}},
}
RC: dict[str, Any] = {
    "svg.hashsalt": "bnlab",
    "font.size": 10,
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

        across = -(-len(figure.panels) // figure.rows)
        canvas = Canvas(figsize=(PANEL_WIDTH * across, height(figure.rows)))
        FigureCanvasAgg(canvas)
        styles = styles_by_label(figure)
        columns = min(len(styles), 2 * across)
        around = margins(across, legend_rows=-(-len(styles) // columns), rows=figure.rows)
        all_axes = [*canvas.subplots(figure.rows, across, squeeze=False, gridspec_kw=around).flat]
        for axes, panel in zip(all_axes, figure.panels, strict=True):
            _draw_panel(axes, panel, styles)
        _share_y(all_axes, figure.panels)
        write_around(canvas, styles, figure, across, columns)
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


def _draw_panel(axes: Axes, panel: Panel, styles: dict[str, Style]) -> None:
    axes.set_title(panel.title, pad=8)  # points: above the marks at the upper edge
    axes.set(xlabel=panel.x_label, ylabel=panel.y_label, xscale=panel.x_scale)
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


def _share_y(all_axes: list[Any], panels: tuple[Panel, ...]) -> None:
    """The same limits for all panels of a y_group."""
    for group in {panel.y_group for panel in panels} - {None}:
        members = [axes for axes, panel in zip(all_axes, panels, strict=True) if panel.y_group == group]
        bounds = [axes.get_ylim() for axes in members]
        for axes in members:
            axes.set_ylim(min(low for low, _ in bounds), max(high for _, high in bounds))
