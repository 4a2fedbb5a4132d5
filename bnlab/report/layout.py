"""The places on a figure's sheet: panels, the title and legend above them, the caption below. Sizes are in inches."""

from __future__ import annotations

import textwrap
from typing import Any

from bnlab.report.curves import BAND_ALPHA, Style
from bnlab.report.figure import Figure

PANEL_WIDTH = 4.6
HEIGHT, MORE_HEIGHT = 4.7, 3.4
"""The height of a figure with one row of panels, and what each further row adds."""


def height(rows: int) -> float:
    """The height of a figure with this many rows of panels."""
    return HEIGHT + (rows - 1) * MORE_HEIGHT


def margins(across: int, legend_rows: int, rows: int = 1) -> dict[str, float]:
    """Room for the title and legend above and for the caption below: the same in inches for any number of panels."""
    wide, high = PANEL_WIDTH * across, height(rows)
    return {
        "left": 0.8 / wide,
        "right": 1 - 0.15 / wide,
        "top": 1 - (0.9 + 0.22 * legend_rows) / high,
        "bottom": 1.0 / high,
        "wspace": 0.24,
        "hspace": 0.36,
    }


def write_around(canvas: Any, styles: dict[str, Style], figure: Figure, across: int, columns: int) -> None:
    """Write the title, one legend for all panels, and the caption, which also explains the marks if there are any."""
    high = height(figure.rows)
    canvas.text(0.5, 1 - 0.1 / high, figure.title, fontsize=13, ha="center", va="top")
    handles, labels = _legend(figure, styles)
    above = {"loc": "upper center", "bbox_to_anchor": (0.5, 1 - 0.38 / high)}
    canvas.legend(handles, labels, ncols=columns, handlelength=3.4, columnspacing=1.5, fontsize=9.5, **above)
    caption = "\n".join(line for text in (figure.caption, *_marks(figure)) for line in textwrap.wrap(text, 76 * across))
    canvas.text(0.5, 0.08 / high, caption, fontsize=8, color="#333333", ha="center", va="bottom")


def _legend(figure: Figure, styles: dict[str, Style]) -> tuple[list[Any], list[str]]:
    """The handles and labels of the curves, each label once. A curve with a band lies on a patch of the band's colour."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = [line for panel in figure.panels for line in panel.lines]
    marked = {line.label for line in lines if line.points and not line.faint}
    banded = {band.label for panel in figure.panels for band in panel.bands}
    handles: list[Any] = []
    for label in dict.fromkeys(line.label for line in lines):
        style = styles[label]
        marker = style.marker if label in marked else "none"
        curve = Line2D([], [], color=style.color, linestyle=style.dashes, linewidth=1.4, marker=marker, markersize=4)
        patch = Patch(color=style.color, alpha=BAND_ALPHA, linewidth=0)
        handles.append((patch, curve) if label in banded else curve)
    return handles, [*styles]


def _marks(figure: Figure) -> list[str]:
    """What the marks mean that the figure has."""
    lines = [(panel, line) for panel in figure.panels for line in panel.lines]
    marks = []
    if any(line.above(panel.upper_limit) for panel, line in lines):
        marks.append("A triangle at the upper edge: the value lies above it (a row of marks for each curve)")
    if any(line.diverged for _, line in lines):
        marks.append("A cross: the run diverged there")
    return marks
