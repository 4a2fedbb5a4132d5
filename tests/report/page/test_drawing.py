"""Where the panels and the legend's entries of a figure lie, so that a narrow page can show them one by one."""

import json
import re
from dataclasses import replace
from html import escape
from itertools import combinations
from math import log

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


def test_the_place_of_a_value_follows_from_the_scales():
    """A curve is drawn where frame and scales say."""
    panel = Panel("p", "x", "y", (Line("a", [0.01, 0.1, 10], [1, 2, 4]),), x_scale="log")
    drawing = make_drawing(draw(Figure("t", "c", (panel,)))["svg"].decode(), "f1-")
    [[[left, top, right, bottom], [x_scale, *x], [y_scale, *y]]] = json.loads(drawing.axes)
    assert (x_scale, y_scale) == ("log", "linear")
    places = [
        (
            left + (right - left) * log(at / x[0]) / log(x[1] / x[0]),
            bottom - (bottom - top) * (value - y[0]) / (y[1] - y[0]),
        )
        for at, value in zip([0.01, 0.1, 10], [1, 2, 4], strict=True)
    ]
    curves = re.findall(r'd="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', drawing.markup)
    expected = pytest.approx([number for place in places for number in place], abs=0.2)
    assert any([float(number) for number in curve] == expected for curve in curves)


@pytest.mark.parametrize("axes", ["", "[]", "{", "[[1, 2]]", '[["a", "b"]]', "[null, null, null, null]"])
def test_scales_that_are_not_known_are_left_out(axes):
    changed = re.sub("<dc:coverage>.*?</dc:coverage>", f"<dc:coverage>{escape(axes)}</dc:coverage>", SVG, flags=re.DOTALL)
    assert make_drawing(changed, "f1-").axes == ""
    assert json.loads(make_drawing(SVG, "f1-").axes)


def test_a_file_of_an_older_version_is_shown_whole():
    drawing = make_drawing(re.sub(r"<metadata>.*?</metadata>", "", SVG, flags=re.DOTALL), "f1-")
    assert (drawing.title, drawing.description) == (None, None)
    assert drawing.box.top == 0


def test_an_svg_of_another_kind_is_shown_whole():
    drawing = make_drawing('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 8"><path d="M1 1L2 2"/></svg>', "f1-")
    assert (drawing.box, drawing.panels, drawing.legend) == (Box(0, 0, 9, 8), (), ())
