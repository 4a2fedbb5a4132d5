"""The places on a figure's sheet: of the title, the legend, the rows of panels, the caption. Sizes are in inches.

Panels keep their size. Everything around them is measured, and the sheet grows by what it takes, so nothing overlaps.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from bnlab.report.blocks import write_caption, write_legend, write_title
from bnlab.report.figure import Figure, HeatMap, Image
from bnlab.report.styles import Style
from bnlab.report.text import GAP, box_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

DRAFT = 10.0, 10.0
"""The sheet on which the panels are drawn before their places are known: width and height."""
PANEL_WIDTH = 4.6
"""From one panel's left side to the next one's, with the room for the y-axis."""
SIZE, IMAGE_SIZE = (3.65, 2.6), (1.6, 1.6)
"""Of a panel's frame: width and height. The second is for figures that have images alone."""
LEFT, RIGHT = 0.8, 0.15
"""The least room on either side of a frame."""
BAR, BAR_WIDTH = 0.18, 0.95
"""The width of a colour bar, and the least from its left side to that of the next one."""


class Room(NamedTuple):
    """What is written around a frame takes this much room."""

    left: float
    below: float
    right: float
    above: float


def frame_size(figure: Figure) -> tuple[float, float]:
    """The width and height of each panel's frame."""
    return IMAGE_SIZE if all(isinstance(panel, Image) for panel in figure.panels) else SIZE


def arrange(canvas: Canvas, all_axes: list[Axes], bars: dict[str, Axes], figure: Figure, styles: dict[str, Style]) -> None:
    """Write the title, the legend and the caption, and put all into its place on a sheet that is large enough."""
    (wide, high), rooms, slots = frame_size(figure), [_room(axes, figure) for axes in all_axes], bar_slots(figure)
    left, right = (max(GAP, *(room[side] for room in rooms)) for side in (0, 2))
    if figure.line_panels or figure.heat_maps:
        left, right = max(LEFT, left), max(RIGHT, right)
    step = left + wide + right
    bar_step = max([BAR_WIDTH, *(box_of(bar).width + GAP for bar in bars.values())])
    width = figure.across * step + bar_step * (1 + max(slots.values(), default=-1))

    title, caption = write_title(canvas, figure, width), write_caption(canvas, figure, width)
    legend = [write_legend(canvas, figure, styles, width)] if styles else []
    tops, bottom = _tops(rooms, figure, start=GAP + sum(box_of(block).height + GAP for block in (title, *legend)))
    height = ceil((bottom + box_of(caption).height + GAP) * 50) / 50  # whole pixels at 150 dpi
    canvas.set_size_inches(width, height)

    title.set_position((0.5, 1 - GAP / height))
    caption.set_position((0.5, GAP / height))
    for block in legend:
        block.set_bbox_to_anchor((0.5, 1 - (2 * GAP + box_of(title).height) / height))
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
    (wide, high), box = frame_size(figure), box_of(axes)
    x, y = canvas.transFigure.transform(axes.get_position(original=True).min) / canvas.dpi
    return Room(x - box.x0 + 0.05, y - box.y0, box.x1 - x - wide + 0.05, box.y1 - y - high)
