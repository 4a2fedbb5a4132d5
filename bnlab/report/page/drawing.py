"""A figure as the page shows it: whole on a wide screen; on a narrow one and on paper, one panel below the other.

A figure of three panels is 14 inches wide, and its text can't be read at the width of a phone. So the place of each panel,
with its labels, and of each entry of the legend is measured in the SVG, and the page shows them one by one, as views of the
same drawing. Places are in points, y downwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import cos, radians, sin
from typing import Any
from xml.etree.ElementTree import Element

from bnlab.report.blocks import CAPTION_ID, TITLE_ID
from bnlab.report.layout import BAR
from bnlab.report.page.svg import Svg, markup, read

MARGIN = 5.0
"""Around a panel: marks at its edge reach beyond its frame."""
BAR_WIDTH = 1.5 * 72 * BAR
"""A frame that isn't wider, in points, is a colour bar."""
WIDE = 800.0
"""A wider figure has three panels side by side; two can be read on paper as they are."""
TRANSFORM = re.compile(r"(translate|rotate|scale)\(([^)]*)\)")
POINT = re.compile(r"[ML](-?[\d.]+) (-?[\d.]+)")
LAST_GLYPH, RISE, DEPTH = 80.0, 80.0, 25.0
"""The width of a line's last letter at most, the height of a line above its base and below, in hundredths of the font
size."""


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def __or__(self, other: Box) -> Box:
        """The smallest rectangle around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def wider(self, by: float) -> Box:
        """The rectangle with more room on each side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    @property
    def view(self) -> str:
        """As the viewBox of an SVG."""
        return f"{self.left:.1f} {self.top:.1f} {self.right - self.left:.1f} {self.bottom - self.top:.1f}"

    @property
    def width(self) -> float:
        """The width in points."""
        return self.right - self.left


@dataclass(frozen=True)
class Piece:
    """A panel, a colour bar, or an entry of the legend: its id in the drawing, and its place. frame: without labels."""

    identity: str
    box: Box
    frame: Box


@dataclass(frozen=True)
class Drawing:
    """markup: what stands in the `svg` element. box: its view, less title and caption where the page has them as text."""

    markup: str
    box: Box
    legend: tuple[Piece, ...]
    panels: tuple[Piece, ...]
    title: str | None
    description: str | None
    bars: tuple[Piece, ...] = ()
    """The colour bars of heat maps."""
    axes: str = ""
    """For each panel its frame, [left, top, right, bottom], and the scale and the ends of x and y, or null, as JSON; empty
    if they aren't known."""

    @property
    def wide(self) -> bool:
        """Whether it is too wide to be read on paper as a whole."""
        return self.box.width > WIDE


def make_drawing(text: str, prefix: str) -> Drawing:
    """The drawing in an SVG file. Raises ValueError if there is none."""
    svg = read(text, prefix)
    figure = next((part for part in svg.parts if part.get("id") == f"{prefix}figure_1"), None)
    if figure is None:
        return Drawing(markup(svg), Box(0, 0, svg.width, svg.height), (), (), svg.title, svg.description)
    if svg.description is not None:
        _remove(figure, f"{prefix}{TITLE_ID}", f"{prefix}{CAPTION_ID}")
    axes = tuple(_pieces(figure, f"{prefix}axes_"))
    bars = tuple(piece for piece in axes if piece.frame.width <= BAR_WIDTH)
    panels = tuple(piece for piece in axes if piece not in bars)
    legend = tuple(piece for group in _named(figure, f"{prefix}legend_") for piece in _entries(group))
    return Drawing(
        _cleared(svg, figure),
        _view(svg, (*legend, *axes)),
        legend,
        panels,
        svg.title,
        svg.description,
        bars,
        _axes(svg, panels),
    )


def _remove(figure: Element, *identities: str) -> None:
    for child in [child for child in figure if child.get("id") in identities]:
        figure.remove(child)


def _cleared(svg: Svg, figure: Element) -> str:
    background = next(iter(figure), None)
    if background is not None and "patch_1" in (background.get("id") or ""):
        figure.remove(background)  # the page gives the figure its white ground
    shown = {piece.get("id") for piece in figure.iter("g") if re.search(r"(axes_\d+|entry_\d+)$", piece.get("id") or "")}
    for group in figure.iter("g"):
        if group.get("id") and group.get("id") not in shown:
            del group.attrib["id"]
    figure.set("stroke-linejoin", "round")  # what Matplotlib's own style says of all elements
    return markup(svg)


def _view(svg: Svg, pieces: tuple[Piece, ...]) -> Box:
    """The whole width, from the highest piece to the lowest if title and caption are gone."""
    if svg.description is None or not pieces:
        return Box(0, 0, svg.width, svg.height)
    around = pieces[0].box
    for piece in pieces[1:]:
        around |= piece.box
    return Box(0, max(around.top, 0), svg.width, min(around.bottom, svg.height))


def _axes(svg: Svg, panels: tuple[Piece, ...]) -> str:
    try:
        scales = json.loads(svg.axes or "null")
        both = zip(panels, scales or (), strict=True)
        found = [own and [[round(end, 1) for end in _ends(panel.frame)], *_checked(own)] for panel, own in both]
    except (TypeError, ValueError):  # a file of another version or hand
        return ""
    return json.dumps(found) if any(found) else ""


def _ends(frame: Box) -> tuple[float, ...]:
    return frame.left, frame.top, frame.right, frame.bottom


def _checked(scales: Any) -> list[list[Any]]:
    """Scale and ends of x and y. Raises TypeError or ValueError if they are something else."""
    return [[str(scale), float(low), float(high)] for scale, low, high in scales]


def _named(figure: Element, beginning: str) -> list[Element]:
    return [child for child in figure if (child.get("id") or "").startswith(beginning)]


def _pieces(figure: Element, beginning: str) -> Iterator[Piece]:
    """The panels: around the frame, which is the first path, and all texts."""
    for group in _named(figure, beginning):
        boxes = [*map(_path_box, islice(_paths(group), 1)), *_text_boxes(group)]
        if boxes:
            box = boxes[0]
            for other in boxes[1:]:
                box |= other
            yield Piece(group.get("id") or "", box.wider(MARGIN), boxes[0])


def _entries(legend: Element) -> Iterator[Piece]:
    """Each entry of the legend becomes a group: the curve and its name."""
    identity, parts = legend.get("id") or "", list(legend)
    entry: list[Element] = []
    for part in parts:
        legend.remove(part)
        entry.append(part)
        texts = [*_text_boxes(part)]
        if texts:
            group = Element("g", {"id": f"{identity}-entry_{sum(1 for _ in legend) + 1}"})
            group.extend(entry)
            legend.append(group)
            box = texts[0]
            for other in (*texts[1:], *(_path_box(path) for each in entry for path in _paths(each))):
                box |= other
            yield Piece(group.get("id") or "", box.wider(2), box)
            entry = []
    legend.extend(entry)


def _paths(element: Element) -> Iterator[Element]:
    """The paths that are drawn where they stand, not those that are defined for use elsewhere."""
    for child in element:
        if child.tag == "path":
            yield child
        elif child.tag != "defs":
            yield from _paths(child)


def _path_box(path: Element) -> Box:
    """Of a path of straight lines."""
    points = [(float(x), float(y)) for x, y in POINT.findall(path.get("d", ""))] or [(0.0, 0.0)]
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _text_boxes(group: Element) -> Iterator[Box]:
    """The places of the lines of text in a group: groups of glyphs that a transform puts into their place."""
    for line in group.iter("g"):
        steps = dict(TRANSFORM.findall(line.get("transform") or ""))
        if {"translate", "scale"} <= steps.keys():
            yield _line_box(line, steps)


def _line_box(line: Element, steps: dict[str, str]) -> Box:
    x, y = _numbers(steps["translate"])
    angle, size = radians(_numbers(steps.get("rotate", "0"))[0]), _numbers(steps["scale"])[0]
    glyphs = [
        _numbers(dict(TRANSFORM.findall(use.get("transform") or "")).get("translate", "0")) for use in line.iter("use")
    ]
    end = max((glyph[0] for glyph in glyphs), default=0.0) + LAST_GLYPH
    corners = [(across * size, up * size) for across in (0.0, end) for up in (DEPTH, -RISE)]
    turned = [(x + a * cos(angle) - b * sin(angle), y + a * sin(angle) + b * cos(angle)) for a, b in corners]
    xs, ys = zip(*turned, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.replace(",", " ").split()]
