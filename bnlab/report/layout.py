"""The places on a figure's sheet: the title, the legend, the rows of panels, the caption. Sizes are in inches.

Panels keep their size. Everything around them is measured, and the sheet grows by what it takes, so nothing overlaps.
"""

from __future__ import annotations

from functools import cache
from math import ceil, isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from bnlab.report.curves import BAND_ALPHA, Style
from bnlab.report.figure import Figure, HeatMap, Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

PANEL_WIDTH = 4.6
"""From one panel's left side to the next one's, with the room for the y-axis."""
SIZE, IMAGE_SIZE = (3.65, 2.6), (1.6, 1.6)
"""Of a panel's frame: width and height. The second is for figures that have images alone."""
LEFT, RIGHT, GAP = 0.8, 0.15, 0.13
"""The least room on either side of a frame, and the least distance of one thing to the next."""
BAR, BAR_WIDTH = 0.18, 0.95
"""The width of a colour bar, and the least from its left side to that of the next one."""
TITLE_SIZES, TITLE_LINES = (13, 12, 11, 10), 3
"""Points. A title that is too long for the lines is set smaller."""
LEGEND_SIZE, CAPTION_SIZE = 9.5, 8


class Room(NamedTuple):
    """What is written around a frame takes this much room."""

    left: float
    below: float
    right: float
    above: float


def frame_size(figure: Figure) -> tuple[float, float]:
    """The width and height of each panel's frame."""
    return IMAGE_SIZE if all(isinstance(panel, Image) for panel in figure.panels) else SIZE


def text_width(text: str, size: float) -> float:
    """The width of a line of text, in inches, at a font size in points."""
    words = text.split(" ")
    return (sum(map(_word_width, words)) + _word_width(" ") * (len(words) - 1)) * size


@cache
def _word_width(word: str) -> float:
    """Inches per point of font size."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    return float(text_to_path.get_text_width_height_descent(word, FontProperties(size=10), ismath=False)[0]) / 720


def wrapped(text: str, size: float, width: float) -> str:
    """The text in lines of at most that width; a longer word has a line of its own. No-break spaces are kept."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.append("")
        for word in filter(None, paragraph.split(" ")):
            longer = f"{lines[-1]} {word}".lstrip(" ")
            if not lines[-1] or text_width(longer, size) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
    return "\n".join(lines)


def arrange(canvas: Canvas, all_axes: list[Axes], bars: dict[str, Axes], figure: Figure, styles: dict[str, Style]) -> None:
    """Write the title, the legend and the caption, and put all into its place on a sheet that is large enough."""
    (wide, high), rooms, slots = frame_size(figure), [_room(axes, figure) for axes in all_axes], bar_slots(figure)
    left, right = (max(GAP, *(room[side] for room in rooms)) for side in (0, 2))
    if figure.line_panels or figure.heat_maps:
        left, right = max(LEFT, left), max(RIGHT, right)
    step = left + wide + right
    bar_step = max([BAR_WIDTH, *(_box(bar).width + GAP for bar in bars.values())])
    width = figure.across * step + bar_step * (1 + max(slots.values(), default=-1))

    title, caption = _title(canvas, figure, width), _caption(canvas, figure, width)
    legend = [_legend(canvas, figure, styles, width)] if styles else []
    tops, bottom = _tops(rooms, figure, start=GAP + sum(_box(block).height + GAP for block in (title, *legend)))
    height = ceil((bottom + _box(caption).height + GAP) * 50) / 50  # whole pixels at 150 dpi
    canvas.set_size_inches(width, height)

    title.set_position((0.5, 1 - GAP / height))
    caption.set_position((0.5, GAP / height))
    for block in legend:
        block.set_bbox_to_anchor((0.5, 1 - (2 * GAP + _box(title).height) / height))
    for i, axes in enumerate(all_axes):
        top, x = tops[i // figure.across], left + i % figure.across * step
        axes.set_position((x / width, 1 - (top + high) / height, wide / width, high / height))
    for label, axes in bars.items():
        rows, x = rows_of(figure, label), figure.across * step + bar_step * slots[label]
        top, low = tops[rows[0]], tops[rows[-1]] + high
        axes.set_position((x / width, 1 - low / height, BAR / width, (low - top) / height))


def _tops(rooms: list[Room], figure: Figure, start: float) -> tuple[list[float], float]:
    """How far below the sheet's upper edge the frames of each row begin, and where the last row's labels end."""
    tops, down = [], start
    for row in range(figure.rows):
        of_row = rooms[row * figure.across : (row + 1) * figure.across]
        tops.append(down + max((room.above for room in of_row), default=0))
        down = tops[-1] + frame_size(figure)[1] + max((room.below for room in of_row), default=0) + GAP
    return tops, down


def bar_slots(figure: Figure) -> dict[str, int]:
    """For each value_label, the place of its colour bar: 0 beside the panels, 1 beside a bar of the same rows, ..."""
    slots: dict[str, int] = {}
    for label in figure.value_labels:
        rows = set(rows_of(figure, label))
        taken = {slot for other, slot in slots.items() if rows & set(rows_of(figure, other))}
        slots[label] = min(set(range(len(slots) + 1)) - taken)
    return slots


def rows_of(figure: Figure, value_label: str) -> range:
    """The rows from the first to the last heat map with this value_label."""
    found = [
        i // figure.across
        for i, panel in enumerate(figure.panels)
        if isinstance(panel, HeatMap) and panel.value_label == value_label
    ]
    return range(found[0], found[-1] + 1)


def _room(axes: Axes, figure: Figure) -> Room:
    """What ticks, labels and title take around the frame."""
    canvas: Any = axes.figure
    (wide, high), box = frame_size(figure), _box(axes)
    x, y = canvas.transFigure.transform(axes.get_position(original=True).min) / canvas.dpi
    return Room(x - box.x0 + 0.05, y - box.y0, box.x1 - x - wide + 0.05, box.y1 - y - high)


def _box(drawn: Any) -> Any:
    """The place, in inches, of a text, a legend, or axes with all that is written around them."""
    canvas = drawn.figure
    return drawn.get_tightbbox(canvas.canvas.get_renderer()).transformed(canvas.dpi_scale_trans.inverted())


def _title(canvas: Canvas, figure: Figure, width: float) -> Any:
    """The title in lines of about the same length."""
    for size in TITLE_SIZES:
        text = wrapped(figure.title, size, width - 2 * GAP)
        if text.count("\n") < TITLE_LINES:
            break
    narrower = (wrapped(figure.title, size, width * part / 20) for part in range(19, 8, -1))
    even = [text, *(other for other in narrower if other.count("\n") == text.count("\n"))][-1]
    return canvas.text(0.5, 1, even, fontsize=size, ha="center", va="top")


def _caption(canvas: Canvas, figure: Figure, width: float) -> Any:
    """The caption, which also explains the marks if there are any."""
    text = wrapped("\n".join((figure.caption, *_marks(figure))), CAPTION_SIZE, width - 4 * GAP)
    return canvas.text(0.5, 0, text, fontsize=CAPTION_SIZE, color="#333333", ha="center", va="bottom", ma="left")


def _legend(canvas: Canvas, figure: Figure, styles: dict[str, Style], width: float) -> Any:
    """One legend for all panels, in as few rows as fit the sheet, and in small print if a label alone is too long."""
    handles, size = _handles(figure, styles), LEGEND_SIZE
    for rows in range(1, len(handles) + 1):
        columns = -(-len(handles) // rows)
        legend = _legend_of(canvas, handles, columns, size)
        wide = _box(legend).width
        if wide <= width - 2 * GAP:
            return legend
        legend.remove()
    return _legend_of(canvas, handles, 1, size * (width - 2 * GAP) / wide)


def _legend_of(canvas: Canvas, handles: dict[str, Any], columns: int, size: float) -> Any:
    spaces: dict[str, Any] = {"handlelength": 3.4, "columnspacing": 1.5, "borderaxespad": 0, "borderpad": 0}
    near: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 1)}
    return canvas.legend([*handles.values()], [*handles], ncols=columns, fontsize=size, **spaces, **near)


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
        "A line that comes from below its panel starts lower than the axis": any(
            not line.faint and y < panel.lower_limit for panel, line in lines for y in line.y
        ),
        "A cross: the run diverged there": any(line.diverged for _, line in lines),
        "Hatched grey: no value": any(map(isnan, values)),
    }
    return [meaning for meaning, there in marks.items() if there]
