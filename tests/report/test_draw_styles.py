"""The colours of many curves, and of curves for the values of a setting with an order."""

from itertools import combinations, pairwise

import pytest
from matplotlib.colors import to_hex

from bnlab.report.figure import Figure, Line
from bnlab.report.styles import BESIDE_ORDERED, STYLES, styles_by_label
from tests.report.test_draw import axes_of, figure, grey, panel


def styles(count, ordered=()):
    lines = [Line(f"arm {i}", [0, 1], [i, i + 1]) for i in range(count)]
    return styles_by_label(Figure("T", "c", (panel(*lines),), ordered=(tuple(ordered),) if ordered else ()))


def test_the_first_six_styles_are_okabe_and_itos_colours():
    assert [style[:3] for style in styles(6).values()] == [style[:3] for style in STYLES]


@pytest.mark.parametrize("count", [7, 20, 45])
def test_no_two_curves_share_a_colour_however_many_there_are(count):
    looks = styles(count).values()
    assert len({to_hex(style.color) for style in looks}) == count
    assert len({(style.dashes, style.marker) for style in looks}) == min(count, 36)


def test_up_to_twenty_colours_differ_clearly_and_neighbours_in_grey():
    colors = [style.color for style in styles(20).values()]
    for one, other in combinations(colors, 2):
        assert sum(abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) for i in (1, 3, 5)) > 50
    assert all(abs(grey(one) - grey(other)) > 0.1 for one, other in pairwise(colors))
    assert max(map(grey, colors)) < 0.75  # readable on white


@pytest.mark.parametrize("count", [1, 2, 8, 12])
def test_ordered_curves_go_from_dark_to_light_in_the_order_that_is_named(count):
    names = [f"arm {i}" for i in reversed(range(count))]
    found = styles(count, names)
    shades = [grey(found[name].color) for name in names]
    assert shades == sorted(shades)
    assert all(later - earlier > 0.3 / count for earlier, later in pairwise(shades))
    assert shades[0] > 0.1
    assert shades[-1] < 0.7
    assert len({(style.dashes, style.marker) for style in found.values()}) == count


def test_curves_beside_ordered_ones_are_black_first_and_never_of_the_orders_colours():
    found = styles(8, [f"arm {i}" for i in (1, 2, 4, 5, 6, 7)])
    assert [found[f"arm {i}"].color for i in (0, 3)] == [*BESIDE_ORDERED[:2]] == ["#000000", "#D55E00"]
    assert found["arm 0"].dashes == "solid"
    assert len({style.color for style in found.values()}) == 8
    assert len({(style.dashes, style.marker) for style in found.values()}) == 8
    assert sorted(BESIDE_ORDERED) == sorted(style.color for style in STYLES)


def test_a_label_of_the_order_without_a_curve_keeps_its_colour_free():
    shown = Figure("T", "c", (panel(Line("50", [0, 1], [1, 2])),), ordered=(("5", "50", "500"),))
    assert styles_by_label(shown)["50"].color == styles(3, ["arm 0", "arm 1", "arm 2"])["arm 1"].color


def test_the_palette_is_drawn():
    (axes,) = axes_of(
        Figure("T", "c", (panel(Line("5", [0, 1], [1, 2]), Line("none", [0, 1], [1, 2])),), ordered=(("5",),))
    )
    ordered, baseline = axes.lines[0].get_color(), next(x for x in axes.lines if x.get_label() == "none").get_color()
    assert (ordered, baseline) == (styles(1, ["arm 0"])["arm 0"].color, "#000000")
    assert ordered != axes_of(figure(panel(Line("5", [0, 1], [1, 2]))))[0].lines[0].get_color()


def test_families_of_ordered_curves_have_palettes_of_their_own():
    names = [f"arm {i}" for i in range(9)]
    families = (tuple(names[:3]), tuple(names[3:6]), tuple(names[6:]))
    lines = (Line(name, [0, 1], [i, i]) for i, name in enumerate(names))
    found = styles_by_label(Figure("T", "c", (panel(*lines),), ordered=families))
    assert len({style.color for style in found.values()}) == 9
