"""Draws a Figure: PNG at 150 dpi and SVG, the same bytes for the same Figure."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from bnlab.report.blocks import full_caption
from bnlab.report.curves import draw_panel
from bnlab.report.figure import Figure, HeatMap, Image, Panel
from bnlab.report.heat import draw_bar, draw_heat_map, draw_image
from bnlab.report.layout import DRAFT, RIGHT, SIZE, arrange, frame_size
from bnlab.report.styles import Style, styles_by_label
from bnlab.report.text import FONT_SIZE, TITLE_SIZE, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

DPI = 150
NO_DATE: dict[str, Any] = {"Date": None, "Creator": None}
"""What SVG's metadata leave out, so that the same Figure gives the same bytes."""
RC: dict[str, Any] = {
    "svg.hashsalt": "bnlab",
    "font.size": FONT_SIZE,
    "text.hinting": "none",  # text is as wide as measured at any resolution, in both formats
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.formatter.useoffset": False,
    "axes.axisbelow": True,  # the grid lies behind faint lines and bands
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "path.simplify": True,
}


def draw(figure: Figure) -> dict[str, bytes]:
    """The figure's files by format."""
    with _matplotlib():
        canvas = compose(figure)
        said = {"Title": figure.title, "Description": full_caption(figure), "Coverage": _axes(canvas, figure)}
        svg = _rendered(canvas, "svg", metadata={**NO_DATE, **said})
        return {"png": _rendered(canvas, "png", dpi=DPI, metadata={"Software": None}), "svg": svg}


def get_ready() -> None:
    """Import what drawing takes. `draw` does so too; this is for a thread that has the time."""
    with _matplotlib():
        import matplotlib.backends.backend_agg
        import matplotlib.backends.backend_svg  # noqa: F401


def _axes(canvas: Canvas, figure: Figure) -> str:
    """For each panel the scale and the ends of x and y, or null if it isn't one of lines, as JSON: so a page can tell the
    values at a place."""
    both = zip(canvas.axes, figure.panels, strict=False)  # the axes of colour bars come last
    return json.dumps([_scales(axes) if isinstance(panel, Panel) else None for axes, panel in both])


def _scales(axes: Axes) -> list[list[Any]]:
    return [[axes.get_xscale(), *axes.get_xlim()], [axes.get_yscale(), *axes.get_ylim()]]


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
            _write_names(axes, panel, wide)
            DRAWN_BY[type(panel)](axes, panel, figure, styles)
        _share_y(all_axes, figure.panels)
        bars = {label: draw_bar(canvas, label, figure) for label in figure.value_labels}
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

    No backend is needed to write files. One that is installed is set afterwards, for what the caller draws later. C's own
    environment stays as it is: another thread may be reading it.
    """
    if "matplotlib" in sys.modules:
        return
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # users need not hear about its cache folder
    whole, backend = os.environ, os.environ.get("MPLBACKEND")
    os.environ = {name: value for name, value in whole.items() if name != "MPLBACKEND"}  # type: ignore  # noqa: B003
    try:
        import matplotlib
    finally:
        os.environ = whole  # noqa: B003
    if backend:
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


def _rendered(canvas: Any, name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    canvas.savefig(buffer, format=name, **options)
    return buffer.getvalue()


def _write_names(axes: Axes, panel: Panel | HeatMap | Image, wide: float) -> None:
    """The panel's title, and the labels of its axes."""
    title = wrapped(panel.title, TITLE_SIZE, wide + 2 * RIGHT)
    # pad, in points: above the marks at the edge. y: where it is anyway; without, each drawing measures all ticks for it.
    axes.set_title(title, y=1, pad=8, parse_math=False)
    if not isinstance(panel, Image):
        axes.set_xlabel(wrapped(panel.x_label, FONT_SIZE, SIZE[0]))
        axes.set_ylabel(wrapped(panel.y_label, FONT_SIZE, SIZE[1]))


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


DRAWN_BY: dict[type, Callable[[Any, Any, Figure, dict[str, Style]], None]] = {
    Panel: draw_panel,
    HeatMap: draw_heat_map,
    Image: draw_image,
}
