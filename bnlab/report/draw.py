"""Draws a Figure: PNG at 150 dpi and SVG, the same bytes for the same Figure.

Colours are Okabe and Ito's palette, safe for the colour-blind; each curve also has a line style and a marker of its
own, and the order of the colours keeps neighbours apart in grey. Source: Okabe and Ito, 2008, "Color universal design".
"""

from __future__ import annotations

import io
import logging
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from bnlab.report.figure import Figure, Line, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 150
FORMATS: dict[str, dict[str, Any]] = {
    "png": {"dpi": DPI, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None, "Creator": None}},
}
MARKERS = 25
"""Markers on a curve, about: on each point, or on every second, third, … of a long one."""
PANEL_WIDTH, HEIGHT = 4.6, 4.7  # inches
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
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its cache folder is no news to users
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own style must not change the picture
        matplotlib.rcParams.update(cast(Any, RC))
        canvas = Canvas(figsize=(PANEL_WIDTH * len(figure.panels), HEIGHT))
        FigureCanvasAgg(canvas)
        styles = _styles(figure)
        columns = min(len(styles), 2 * len(figure.panels))
        margins = _margins(len(figure.panels), legend_rows=-(-len(styles) // columns))
        all_axes = canvas.subplots(1, len(figure.panels), squeeze=False, gridspec_kw=margins)[0]
        for axes, panel in zip(all_axes, figure.panels, strict=True):
            _draw_panel(axes, panel, styles)
        _share_y(list(all_axes), figure.panels)
        _write_around(canvas, all_axes[0], figure, columns)
        return {name: _rendered(canvas, name, options) for name, options in FORMATS.items()}


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


def _share_y(all_axes: list[Any], panels: tuple[Panel, ...]) -> None:
    """The same limits for all panels of a y_group."""
    for group in {panel.y_group for panel in panels} - {None}:
        members = [axes for axes, panel in zip(all_axes, panels, strict=True) if panel.y_group == group]
        bounds = [axes.get_ylim() for axes in members]
        for axes in members:
            axes.set_ylim(min(low for low, _ in bounds), max(high for _, high in bounds))


def _margins(panels: int, legend_rows: int) -> dict[str, float]:
    """Room for the title and legend above and the caption below, the same in inches whatever the number of panels."""
    width = PANEL_WIDTH * panels
    return {
        "left": 0.8 / width,
        "right": 1 - 0.15 / width,
        "top": 1 - (0.9 + 0.22 * legend_rows) / HEIGHT,
        "bottom": 1.0 / HEIGHT,
        "wspace": 0.24,
    }


def _write_around(canvas: Any, first: Axes, figure: Figure, columns: int) -> None:
    """Title, one legend for all panels, and the caption with what the marks mean where there are any."""
    canvas.text(0.5, 1 - 0.1 / HEIGHT, figure.title, fontsize=13, ha="center", va="top")
    handles, labels = first.get_legend_handles_labels()
    above = {"loc": "upper center", "bbox_to_anchor": (0.5, 1 - 0.38 / HEIGHT)}
    canvas.legend(handles, labels, ncols=columns, handlelength=3.4, columnspacing=1.5, fontsize=9.5, **above)
    width = 76 * len(figure.panels)
    caption = "\n".join(line for text in (figure.caption, *_marks(figure)) for line in textwrap.wrap(text, width))
    canvas.text(0.5, 0.08 / HEIGHT, caption, fontsize=8, color="#333333", ha="center", va="bottom")


def _marks(figure: Figure) -> list[str]:
    lines = [(panel, line) for panel in figure.panels for line in panel.lines]
    tops = [(panel.y_limits[1], line) for panel, line in lines if panel.y_limits is not None]
    marks = []
    if any(top is not None and not y <= top for top, line in tops for y in line.y):
        marks.append("A triangle at the upper edge: the value lies above it")
    if any(line.diverged for _, line in lines):
        marks.append("A cross: the run diverged there")
    return marks
