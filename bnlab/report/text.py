"""Texts, measured in inches: how they are broken into lines and written at ticks, and what room they take when drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from math import ceil, floor, inf, log10, radians, sin
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 0.13
"""The least distance of one thing to the next."""
FONT_SIZE, TITLE_SIZE = 10, 12
"""Of the panels' labels and titles, in points."""
TICKS = ((10, 0, None, 1), (8.5, 0, None, 3), (8, 40, 1.2, 3), (8, 40, 1.8, 1), (7.5, 90, 1.6, 3), (7, 90, inf, 1))
"""How texts at ticks are written, the first way that fits: font size in points, angle in degrees, width of a line in
inches (None: up to the next one), number of lines."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TICK_GAP, LINE_HEIGHT = 0.08, 1.2 / 72
"""Inches between texts at ticks, and per line and point of font size."""


def for_readers(label: str) -> str:
    """A label as readers have it: 'spatial batchnorm' for 'spatial_batchnorm'."""
    return label.replace("_", " ")


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


def can_be_drawn(text: str) -> bool:
    """Whether the font of figures has all of its characters."""
    return set(map(ord, text)) <= _characters()


@cache
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


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


def write_ticks(axes: Axes, ticks: Mapping[float, str], alone: float) -> None:
    """The texts below their places: level if they fit side by side, else in lines or turned, and smaller.

    alone: the room of a text that is the only one.
    """
    places = sorted(ticks)
    axes.set_xticks(places)
    axes.minorticks_off()
    across = axes.transData.transform([(x, axes.get_ylim()[0]) for x in places])[:, 0] / axes.figure.dpi
    gaps = [right - left for left, right in pairwise(across)]
    gap = min(gaps, default=alone)
    for size, angle, width, most in TICKS:
        lines = [wrapped(ticks[x], size, width or gap - TICK_GAP) for x in places]
        widths = [max(text_width(line, size) for line in text.split("\n")) for text in lines]
        tallest = LINE_HEIGHT * size * max(text.count("\n") + 1 for text in lines)
        if angle:
            fits = tallest / sin(radians(angle)) + TICK_GAP <= gap
        else:  # a wide text may stand where there is more room than between the nearest two
            beside = zip(pairwise(widths), gaps, strict=True)
            fits = all(sum(pair) / 2 + TICK_GAP <= room for pair, room in beside) if gaps else widths[0] + TICK_GAP <= gap
        if fits and tallest <= LINE_HEIGHT * size * most:
            break
    turned: dict[str, Any] = {
        "rotation": angle,
        "rotation_mode": "anchor",
        "ha": "right",
        "va": "center" if angle == 90 else "top",
    }
    axes.set_xticks(places, lines, fontsize=size, parse_math=False, **(turned if angle else {}))


def write_powers(axis: Any) -> None:
    """Ticks at a log axis, x or y: at the powers of ten, and small ones at 2 and 5 times each. The small ones have texts if
    there are fewer than two powers within its limits to read the scale by.

    Matplotlib's own texts are typeset as formulas, which takes a third of the time of drawing; its eight small ticks take
    half of it.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    text, (low, high) = FuncFormatter(lambda value, _: as_power(value)), map(log10, axis.get_view_interval())
    axis.set_minor_locator(LogLocator(subs=(2, 5)))
    axis.set_major_formatter(text)
    axis.set_minor_formatter(text if floor(high) <= ceil(low) else NullFormatter())


def as_power(value: float) -> str:
    """A value as a multiple of a power of ten: '10⁻³', '2·10⁻²'."""
    factor, exponent = f"{value:.3e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if float(factor) == 1 else f"{float(factor):g}·{power}"


def box_of(drawn: Any) -> Any:
    """The place, in inches, of a text, a legend, or axes with all that is written around them."""
    canvas = drawn.figure
    return drawn.get_tightbbox(canvas.canvas.get_renderer()).transformed(canvas.dpi_scale_trans.inverted())
