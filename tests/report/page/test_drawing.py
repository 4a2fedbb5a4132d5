"""Where the panels and the legend's entries of a figure lie, so that a narrow page can show them one by one."""

import re
from dataclasses import replace
from itertools import combinations

import pytest

from bnlab.report.draw import draw
from bnlab.report.figure import Figure, HeatMap, Line, Panel
from bnlab.report.page.drawing import Box, make_drawing

LINES = tuple(Line(label, [0, 50, 100], [0.1 + i, 0.5, 0.9]) for i, label in enumerate(("batchnorm", "layernorm", "zzz")))
PANELS = tuple(Panel(f"Panel {i}", "iteration", "accuracy, a label of some length", LINES) for i in range(4))
FIGURE = Figure("Zebras (in the title alone)", "the caption, with Q and J", PANELS, rows=2)
SVG = draw(FIGURE)["svg"].decode()


def apart(one, other):
    return one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top


@pytest.fixture(scope="module")
def drawing():
    return make_drawing(SVG, "f1-")


def test_each_panel_and_each_entry_is_found(drawing):
    assert len(drawing.panels) == 4
    assert len(drawing.legend) == 3
    for piece in (*drawing.panels, *drawing.legend):
        assert drawing.markup.count(f'id="{piece.identity}"') == 1


def test_pieces_lie_apart_and_within_the_sheet(drawing):
    for one, other in combinations([*drawing.panels], 2):
        assert apart(one.box.wider(-3), other.box.wider(-3))
    for one, other in combinations([*drawing.legend], 2):
        assert apart(one.box, other.box)
    for piece in (*drawing.panels, *drawing.legend):
        assert drawing.box | piece.box.wider(-5) == drawing.box


def test_the_title_and_the_caption_leave_the_drawing_and_the_letters_stay(drawing):
    assert (drawing.title, drawing.description) == (FIGURE.title, FIGURE.caption)
    defined, used = ({*re.findall(pattern, drawing.markup)} for pattern in (r' id="(f1-\d+)"', r"#(f1-\d+)"))
    assert defined == used
    letters = len({*"batchnormlayernormzzzPanel0123iterationaccuracy, a label of some length.56789"} - {" "})
    glyphs = re.findall(r'<path id="f1-\d+"[^>]*transform="scale\(\.01562\)"', drawing.markup)
    assert len(glyphs) < letters + 12
    whole = make_drawing(SVG.replace("dc:description", "dc:other"), "f1-")
    assert len(whole.markup) > len(drawing.markup)
    assert whole.box.top == 0
    assert drawing.box.top > 10


def test_a_colour_bar_is_no_panel():
    maps = tuple(HeatMap(f"Map {i}", "x", "y", [1, 2], [1, 2], [[1, 2], [3, 4]], "v") for i in range(2))
    drawing = make_drawing(draw(Figure("t", "c", maps))["svg"].decode(), "f1-")
    assert (len(drawing.panels), len(drawing.bars)) == (2, 1)
    assert all(panel.box.right <= drawing.bars[0].box.left + 5 for panel in drawing.panels)
    assert not drawing.wide


def test_three_panels_side_by_side_are_wide(drawing):
    assert not drawing.wide
    assert make_drawing(draw(replace(FIGURE, panels=PANELS[:3], rows=1))["svg"].decode(), "f1-").wide


def test_a_file_of_an_older_version_is_shown_whole():
    drawing = make_drawing(re.sub(r"<metadata>.*?</metadata>", "", SVG, flags=re.DOTALL), "f1-")
    assert (drawing.title, drawing.description) == (None, None)
    assert drawing.box.top == 0


def test_an_svg_of_another_kind_is_shown_whole():
    drawing = make_drawing('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 8"><path d="M1 1L2 2"/></svg>', "f1-")
    assert (drawing.box, drawing.panels, drawing.legend) == (Box(0, 0, 9, 8), (), ())
