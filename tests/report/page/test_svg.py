"""The SVG of figures in a page: only what draws, nothing that loads or runs, ids of its own."""

import re

import pytest

from bnlab.report.draw import draw
from bnlab.report.figure import Figure, HeatMap, Line, Panel
from bnlab.report.page.svg import markup, read

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 20">'


def cleaned(inner, prefix="f1-"):
    return markup(read(f"{HEAD}{inner}</svg>", prefix))


@pytest.mark.parametrize("text", ["", "<svg", "<html/>", HEAD.replace("0 0 10 20", "0 0 0 20") + "</svg>", "\x00"])
def test_what_is_no_svg_is_refused(text):
    with pytest.raises(ValueError, match="no SVG"):
        read(text, "f1-")


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p>text</p></foreignObject>",
        "<style>* {color: red}</style>",
        '<a href="https://example.org"><path d="M0 0L1 1"/></a>',
    ],
)
def test_other_elements_are_left_out(bad):
    assert cleaned(bad + '<path d="M1 1L2 2"/>') == '<path d="M1 1L2 2" />'


@pytest.mark.parametrize(
    "link", ["https://example.org/x.png", "javascript:alert(1)", "data:image/svg+xml;base64,AAAA", "x.svg"]
)
def test_links_that_leave_the_file_are_left_out(link):
    assert link not in cleaned(f'<image width="3" xlink:href="{link}"/>')
    assert cleaned(f'<image width="3" xlink:href="{link}" onload="alert(1)"/>') == '<image width="3" />'


def test_pixels_stay():
    assert "data:image/png;base64,iVBO=" in cleaned('<image xlink:href="data:image/png;base64,iVBO="/>')


def test_styles_become_attributes():
    assert cleaned('<path d="M0 0L1 1" style="fill: none; stroke: #0072b2; evil: url(x)"/>') == (
        '<path d="M0 0L1 1" fill="none" stroke="#0072b2" />'
    )


def test_numbers_are_rounded_but_small_factors_kept():
    path = cleaned('<path d="M 57.605273 254.999999 \nL 0.000001 -3.5 \nz\n" transform="scale(0.015625)"/>')
    assert path == '<path d="M57.61 255L0 -3.5z" transform="scale(.01562)" />'


def test_ids_are_the_figure_s_own_and_those_that_nothing_refers_to_go():
    inner = '<defs><path id="m" d="M0 0L1 1"/></defs><clipPath id="c"><rect width="1"/></clipPath><g id="unused">'
    text = cleaned(inner + '<use xlink:href="#m" clip-path="url(#c)"/><use xlink:href="#m"/></g>', "f7-")
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids)) == 2
    assert all(each.startswith("f7-") for each in ids)
    assert {*re.findall(r'#([^")]*)', text)} == {*ids}


def test_a_letter_that_is_defined_in_one_place_is_there_for_all():
    svg = read(HEAD + '<g id="a"><defs><path id="z" d="M0 0L1 1"/></defs></g><use xlink:href="#z"/></svg>', "f1-")
    assert markup(svg).startswith("<defs><path")


def test_what_children_share_is_said_once():
    path = '<path d="M0 0" style="fill: red; opacity: 0.5"/>'
    inner = f'<g transform="scale(2)">{path}{path}</g>'
    assert cleaned(inner).count('fill="red"') == 1
    assert cleaned(inner).count('opacity="0.5"') == 2


def test_heat_maps_have_crisp_cells():
    figure = Figure("t", "c", (HeatMap("p", "x", "y", [1, 2], [1, 2], [[1, 2], [3, 4]], "v"),))
    assert 'shape-rendering="crispEdges"' in markup(read(draw(figure)["svg"].decode(), "f1-"))


def test_a_figure_says_its_title_and_its_caption():
    figure = Figure("A < B & C", "seed 1", (Panel("p", "x", "y", (Line("a", [0, 1], [0, 1], diverged=(1,)),)),))
    svg = read(draw(figure)["svg"].decode(), "f1-")
    assert svg.title == "A < B & C"
    assert svg.description == "seed 1\nA cross: the run diverged there"
