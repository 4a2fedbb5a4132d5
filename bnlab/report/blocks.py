"""The blocks of text around the panels: the title, the legend and the caption. Sizes are in inches, of fonts in points."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from bnlab.report.figure import Figure
from bnlab.report.styles import BAND_ALPHA, Style
from bnlab.report.text import GAP, box_of, for_readers, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

TITLE_SIZES, TITLE_LINES = (13, 12, 11, 10), 3
"""Points. A title that is too long for the lines is set smaller."""
LEGEND_SIZE, CAPTION_SIZE = 9.5, 8
TITLE_ID, CAPTION_ID = "title", "caption"
"""The ids of both in SVG: a page that writes them as text of its own finds them by these."""


def write_title(canvas: Canvas, figure: Figure, width: float) -> Any:
    """The title in lines of about the same length."""
    for size in TITLE_SIZES:
        text = wrapped(figure.title, size, width - 2 * GAP)
        if text.count("\n") < TITLE_LINES:
            break
    narrower = (wrapped(figure.title, size, width * part / 20) for part in range(19, 8, -1))
    even = [text, *(other for other in narrower if other.count("\n") == text.count("\n"))][-1]
    return canvas.text(0.5, 1, even, fontsize=size, ha="center", va="top", gid=TITLE_ID)


def write_caption(canvas: Canvas, figure: Figure, width: float) -> Any:
    """The caption, which also explains the marks if there are any."""
    text = wrapped(full_caption(figure), CAPTION_SIZE, width - 4 * GAP)
    place: dict[str, Any] = {"ha": "center", "va": "bottom", "ma": "left", "gid": CAPTION_ID}
    return canvas.text(0.5, 0, text, fontsize=CAPTION_SIZE, color="#333333", **place)


def full_caption(figure: Figure) -> str:
    """The caption, and a line for each kind of mark that the figure has."""
    return "\n".join((figure.caption, *_marks(figure)))


def write_legend(canvas: Canvas, figure: Figure, styles: dict[str, Style], width: float) -> Any:
    """One legend for all panels, in as few rows as fit the sheet, and in small print if a label alone is too long."""
    handles, size = _handles(figure, styles), LEGEND_SIZE
    for rows in range(1, len(handles) + 1):
        columns = -(-len(handles) // rows)
        legend = _legend_of(canvas, handles, columns, size)
        wide = box_of(legend).width
        if wide <= width - 2 * GAP:
            return legend
        legend.remove()
    return _legend_of(canvas, handles, 1, size * (width - 2 * GAP) / wide)


def _legend_of(canvas: Canvas, handles: dict[str, Any], columns: int, size: float) -> Any:
    spaces: dict[str, Any] = {"handlelength": 3.4, "columnspacing": 1.5, "borderaxespad": 0, "borderpad": 0}
    near: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 1)}
    names = map(for_readers, handles)
    return canvas.legend([*handles.values()], [*names], ncols=columns, fontsize=size, **spaces, **near)


def _handles(figure: Figure, styles: dict[str, Style]) -> dict[str, Any]:
    """What the legend shows for each label. A curve with a band lies on a patch of the band's colour."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = [line for panel in figure.line_panels for line in panel.lines]
    marked = {line.label for line in lines if line.points and not line.faint}
    banded = {band.label for panel in figure.line_panels for band in panel.bands}
    handles: dict[str, Any] = {}
    for label, style in styles.items():
        marker = style.marker if label in marked else "none"
        curve = Line2D([], [], color=style.color, linestyle=style.dashes, linewidth=1.4, marker=marker, markersize=4)
        patch = Patch(color=style.color, alpha=BAND_ALPHA, linewidth=0)
        handles[label] = (patch, curve) if label in banded else curve
    return handles


def _marks(figure: Figure) -> list[str]:
    """What the marks mean that the figure has."""
    lines = [(panel, line) for panel in figure.line_panels for line in panel.lines]
    values = [value for heat_map in figure.heat_maps for row in heat_map.values for value in row]
    marks = {
        "A triangle at the upper edge: the value lies above it (a row of marks for each curve)": any(
            line.above(panel.upper_limit) for panel, line in lines
        ),
        "Where a line comes in from below, its values lie lower than the axis reaches": any(
            not line.faint and y < panel.lower_limit for panel, line in lines for y in line.y
        ),
        "A cross: the run diverged there": any(line.diverged for _, line in lines),
        "Hatched grey: no value": any(map(isnan, values)),
    }
    return [meaning for meaning, there in marks.items() if there]
