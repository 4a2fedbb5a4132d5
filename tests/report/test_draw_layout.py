"""Nothing overlaps and nothing is cut, however long the title, the legend, the caption and the texts at ticks are."""

import io
import math
from itertools import combinations, pairwise

import pytest
from matplotlib.backends.backend_svg import RendererSVG

from bnlab.report.draw import compose, draw
from bnlab.report.figure import Figure, HeatMap, Image, Line
from bnlab.report.layout import PANEL_WIDTH, SIZE
from bnlab.report.text import text_width, wrapped
from tests.report.test_draw import INF, LINE, NAN, axes_of, figure, panel

LONG = "Batchnorm reaches .95 in training, none .88; validation .83 against .80 (undecided); and it trains faster by .1"
CAPTION = "cifar10, 1,000 training and 1,000 validation images; 5 hidden layers of 100, weight scale 0.02. " * 8
MANY = panel(*[Line(f"batchnorm, weight scale {i}", [0, 1], [i, i + 1]) for i in range(20)])
LISTS = {i: ", ".join(["100"] * i) for i in range(1, 9)}
MAP = HeatMap("Forward", "layer", "scale", [1, 2], [1e-3, 1e-2], [[0, 1], [2, NAN]], "log10 of the spread", y_scale="log")
OTHER_MAP = HeatMap(
    "Backward", "layer", "scale", [1, 2], [1, 2], [[0, -INF], [2, 3]], "log10 of the gradient's " + "spread " * 9
)
LOST = panel(
    Line("a", [1, 2, 3], [0.1, 9.0, INF], diverged=(2,)), Line("b", [1, 2], [0.1, 0.1], diverged=(1,)), y_limits=(0.2, 1)
)
FIGURES = {
    "plain": figure(panel(LINE)),
    "long": Figure(LONG, CAPTION, (panel(LINE),)),
    "longer": Figure(LONG * 5, CAPTION * 2, (MANY, panel(LINE))),
    "one long label": Figure("T", "c", (panel(Line("a label that is as long as a sentence " * 3, [0, 1], [0, 1])),)),
    "labels": figure(panel(Line("a", [0, 1], [123456.7, 123456.8])), panel(LINE)),
    "marks": Figure(LONG, CAPTION, (LOST,) * 3, rows=3),
    "lists": figure(panel(LINE, x_ticks=LISTS), panel(LINE, x_ticks=LISTS | dict.fromkeys(range(9, 25), "x"))),
    "five": Figure(LONG, CAPTION, (panel(LINE),) * 5, rows=2),
    "maps": Figure(LONG, CAPTION, (MAP, OTHER_MAP, MAP, OTHER_MAP), rows=2),
    "mixed": Figure("T", "c", (panel(LINE), MAP, OTHER_MAP, Image("an image", [[0.0, 1.0]])), rows=2),
    "images": Figure("T", "c", (Image("a title that needs several lines", [[0.0, 1.0]]),) * 6, rows=2),
}


def boxes(canvas, renderer):
    """The places, in dots, of title and caption, the legend, and the panels with what is written around them."""
    return [block.get_tightbbox(renderer) for block in (*canvas.texts, *canvas.legends, *canvas.axes)]


@pytest.mark.parametrize("shown", FIGURES.values(), ids=FIGURES)
def test_blocks_neither_overlap_nor_leave_the_sheet_of_png_and_svg(shown):
    canvas = compose(shown)
    width, height = canvas.get_size_inches()
    for dpi, renderer in ((150, canvas.canvas.get_renderer()), (72, RendererSVG(width * 72, height * 72, io.StringIO()))):
        canvas.dpi = dpi
        found = boxes(canvas, renderer)
        assert len(found) == 2 + len(shown.panels) + bool(shown.line_panels) + len(shown.value_labels)
        for one, other in combinations(found, 2):
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            high = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(wide, high) <= 1
        for box in found:
            assert box.x0 >= 0
            assert box.y0 >= 0
            assert box.x1 <= width * dpi
            assert box.y1 <= height * dpi


@pytest.mark.parametrize("name", ["lists", "mixed", "images"])
def test_the_same_bytes_again(name):
    assert draw(FIGURES[name]) == draw(FIGURES[name])


def test_panels_keep_their_size_whatever_is_around_them():
    for name in ("plain", "longer", "marks", "lists", "five"):
        for axes in axes_of(FIGURES[name]):
            size = axes.get_position().size * axes.figure.get_size_inches()
            assert [*size] == pytest.approx(SIZE)


def lines_of(title, panels=1):
    canvas = compose(Figure(title, "c", (panel(LINE),) * panels))
    shown = canvas.texts[0]
    assert shown.get_text().replace("\n", " ") == title  # no word is lost
    return shown.get_text().split("\n"), shown.get_fontsize()


def test_a_title_has_up_to_three_lines_of_about_the_same_length():
    assert lines_of("Short") == (["Short"], 13)
    lines, size = lines_of(LONG)
    widths = [text_width(line, size) for line in lines]
    assert (len(lines), size) == (3, 13)
    assert max(widths) < PANEL_WIDTH
    assert min(widths) > 0.6 * max(widths)
    assert len(lines_of(LONG, panels=2)[0]) == 2


def test_a_title_for_more_than_three_lines_is_smaller():
    lines, size = lines_of(LONG + ", and much faster, says the study")
    assert len(lines) == 3
    assert size < 13


def test_the_sheet_grows_by_what_stands_above_and_below_the_panels():
    def height(**changed):
        fields = {"title": "T", "caption": "c", "panels": (panel(LINE),)} | changed
        return compose(Figure(**fields)).get_size_inches()[1]

    plain = height()
    assert height(title=LONG) > plain + 0.3
    assert height(caption=CAPTION[:400]) > plain + 0.5
    assert height(panels=(MANY,)) > plain + 1
    assert height(panels=(panel(LINE),) * 2, rows=2) > plain + SIZE[1]


def test_the_legend_has_as_few_rows_as_fit():
    (legend,) = compose(figure(panel(*[Line(f"{i}", [0, 1], [i, i]) for i in range(3)]))).legends
    assert legend._ncols == 3
    (legend,) = compose(figure(MANY)).legends
    assert legend._ncols == 1
    (legend,) = compose(figure(MANY, MANY)).legends
    assert 2 <= legend._ncols <= 3


def test_text_is_wrapped_by_its_width():
    text = "wide words WWWWWWWWWW and iiiiiiiiii thin ones\nin two paragraphs with 95\N{NO-BREAK SPACE}%"
    lines = wrapped(text, 10, 1.2).split("\n")
    assert " ".join(lines) == text.replace("\n", " ")
    assert all(text_width(line, 10) <= 1.2 or " " not in line for line in lines)
    assert len(lines) > 4
    assert wrapped(text, 10, 100) == text
    assert wrapped("", 10, 1) == ""


def ticks(*texts, **fields):
    (axes,) = axes_of(
        figure(panel(Line("a", range(len(texts)), [0.5] * len(texts)), x_ticks=dict(enumerate(texts)), **fields))
    )
    labels = axes.get_xticklabels()
    return [label.get_text() for label in labels], {label.get_rotation() for label in labels}, labels


def test_ticks_are_level_while_they_fit():
    assert ticks("sgd", "adam", "rmsprop")[:2] == (["sgd", "adam", "rmsprop"], {0})


def test_a_wide_tick_stays_level_where_it_has_room():
    depths = {depth: str(depth) for depth in (1, 2, 3, 5, 8, 12, 16, 20)}
    axes = axes_of(figure(panel(Line("a", [*depths], [0.5] * len(depths)), x_ticks=depths)))[0]
    labels = axes.get_xticklabels()
    assert {label.get_rotation() for label in labels} == {0}
    assert {label.get_fontsize() for label in labels} <= {8.5, 10}
    boxes = [label.get_window_extent() for label in labels]
    assert all(one.x1 + 3 < other.x0 for one, other in pairwise(boxes))


def test_ticks_are_wrapped_when_they_fit_so():
    names = ["rmsprop without momentum", "adam, the first moment alone", "plain gradient descent"]
    texts, angles, labels = ticks(*names)
    assert [text.replace("\n", " ") for text in texts] == names
    assert angles == {0}
    assert any("\n" in text for text in texts)
    assert labels[0].get_fontsize() < 10


@pytest.mark.parametrize(("count", "angle"), [(12, 40), (22, 90)])
def test_long_ticks_are_turned(count, angle):
    texts, angles, _ = ticks(*["100, 100, 100"] * count)
    assert {text.replace("\n", " ") for text in texts} == {"100, 100, 100"}
    assert angles == {angle}


@pytest.mark.parametrize("texts", [LISTS.values(), ["100, 100, 100, 100, 100"] * 18, ["a few words", "in two lines"] * 3])
def test_ticks_do_not_overlap(texts):
    """Turned texts are compared along the axis, by the room that their lines need there."""
    _, (angle,), labels = ticks(*texts)
    places = [label.get_window_extent() for label in labels]
    gap = labels[1].get_transform().transform((1, 0))[0] - labels[1].get_transform().transform((0, 0))[0]
    if angle == 0:
        assert all(one.x1 < other.x0 for one, other in pairwise(places))
    else:
        high = max(label.get_text().count("\n") + 1 for label in labels) * labels[0].get_fontsize() * 150 / 72
        assert high / math.sin(math.radians(angle)) < gap


def test_ticks_stand_at_their_places_alone():
    (axes,) = axes_of(figure(panel(Line("a", [1, 10, 100], [1, 2, 3]), x_scale="log", x_ticks={1: "low", 100: "high"})))
    assert [*axes.get_xticks()] == [1, 100]
    assert [*axes.get_xticks(minor=True)] == []
    assert [text.get_text() for text in axes.get_xticklabels()] == ["low", "high"]
