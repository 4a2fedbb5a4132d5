"""Heat maps and images."""

import re

import numpy as np
import pytest

from bnlab.report.draw import compose, draw
from bnlab.report.figure import Figure, HeatMap, Image
from bnlab.report.figure_table import numbers_csv
from bnlab.report.layout import IMAGE_SIZE, bar_slots
from tests.report.test_draw import INF, LINE, NAN, axes_of, figure, panel


def heat_map(values=((0.0, 1.0, 2.0), (3.0, 4.0, 5.0)), value_label="spread", **fields):
    x, y = range(1, len(values[0]) + 1), [10.0**-i for i in range(len(values))]
    return HeatMap("Forward", "layer", "weight scale", x, y, values, value_label, **{"y_scale": "log"} | fields)


def mesh_of(axes):
    (mesh,) = axes.collections
    return mesh


def test_each_value_is_a_cell_around_its_point():
    axes, _ = axes_of(figure(heat_map()))
    mesh = mesh_of(axes)
    corners = mesh.get_coordinates()
    assert corners[0, :, 0].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert corners[:, 0, 1].tolist() == pytest.approx([10**0.5, 10**-0.5, 10**-1.5])  # evenly in the logarithm
    assert mesh.get_array().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (axes.get_yscale(), axes.get_title(), axes.get_xlabel()) == ("log", "Forward", "layer")
    assert {"10⁰", "10⁻¹"} <= {label.get_text() for label in axes.get_yticklabels()}
    axes, _ = axes_of(figure(heat_map(y_scale="linear")))
    assert mesh_of(axes).get_coordinates()[:, 0, 1].tolist() == pytest.approx([1.45, 0.55, -0.35])


def test_a_single_row_and_column_is_one_cell():
    axes, _ = axes_of(figure(heat_map([[2.0]], y_scale="linear")))
    assert mesh_of(axes).get_coordinates().tolist() == [[[0.5, 0.5], [1.5, 0.5]], [[0.5, 1.5], [1.5, 1.5]]]


def test_what_has_no_value_is_hatched_grey_and_explained():
    shown = figure(heat_map([[NAN, 1.0], [2.0, 3.0]]))
    axes, _ = axes_of(shown)
    assert mesh_of(axes).get_array().mask.tolist() == [[True, False], [False, False]]
    assert axes.patch.get_hatch()
    red, green, blue, _ = axes.patch.get_facecolor()
    assert red == green == blue
    assert b"<!-- Hatched grey: no value -->" in draw(shown)["svg"]
    assert b"Hatched grey" not in draw(figure(heat_map()))["svg"]


def test_heat_maps_of_one_value_share_their_colours_and_a_bar():
    maps = heat_map(), heat_map([[-3.0, 1.0]]), heat_map([[7.0, 9.0]], "another")
    canvas = compose(figure(*maps))
    assert [mesh_of(axes).get_clim() for axes in canvas.axes[:3]] == [(-3, 5), (-3, 5), (7, 9)]
    bars = canvas.axes[3:]
    assert [bar.get_ylabel() for bar in bars] == ["spread", "another"]
    assert [bar.get_ylim() for bar in bars] == [(-3, 5), (7, 9)]
    assert canvas.legends == []


@pytest.mark.parametrize(
    ("values", "limits", "colours", "bar"),
    [
        ([[1.0, -INF], [2.0, 3.0]], None, (1, 3), "min"),
        ([[1.0, INF], [-INF, 3.0]], None, (1, 3), "both"),
        ([[1.0, 2.0]], (0, 1.5), (0, 1.5), "max"),
        ([[1.0, 2.0]], (0, 5), (0, 5), "neither"),
        ([[2.0, 2.0]], None, (1.5, 2.5), "neither"),
        ([[NAN, NAN]], None, (0, 1), "neither"),
    ],
)
def test_values_beyond_the_colours_have_the_last_colour_and_the_bar_is_pointed(values, limits, colours, bar):
    axes, bar_axes = axes_of(figure(heat_map(values, limits=limits)))
    mesh = mesh_of(axes)
    assert mesh.get_clim() == colours
    assert bar_axes._colorbar.extend == bar
    drawn = np.ma.filled(mesh.get_array(), NAN)
    np.testing.assert_array_equal(drawn, np.clip(values, *colours))


def test_bars_stand_side_by_side_only_where_they_share_rows():
    one, two = heat_map(), heat_map(value_label="two")
    assert bar_slots(Figure("T", "c", (one, one, two, two), rows=2)) == {"spread": 0, "two": 0}
    assert bar_slots(Figure("T", "c", (one, two, one, two), rows=2)) == {"spread": 0, "two": 1}
    canvas = compose(Figure("T", "c", (one, one, two, two), rows=2))
    above, below, first, last = (canvas.axes[i].get_position() for i in (4, 5, 0, 3))
    assert (above.y0, above.y1) == pytest.approx((first.y0, first.y1))
    assert (below.y0, below.y1) == pytest.approx((last.y0, last.y1))
    canvas = compose(Figure("T", "c", (one, one, one, one), rows=2))
    bar, first, last = (canvas.axes[i].get_position() for i in (4, 0, 3))
    assert (bar.y0, bar.y1) == pytest.approx((last.y0, first.y1))


def test_the_palette_is_even_in_grey():
    axes, _ = axes_of(figure(heat_map()))
    shades = mesh_of(axes).get_cmap()(np.linspace(0, 1, 20))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(shades) > 0.01).all()


def test_heat_maps_stand_beside_curves():
    canvas = compose(figure(panel(LINE, y_group="g"), heat_map()))
    assert len(canvas.axes) == 3
    assert len(canvas.legends) == 1


def test_images_are_drawn_without_axes_pixel_by_pixel():
    grey, colour = Image("grey", [[0.0, 0.5], [2.0, -1.0]]), Image("colour", np.linspace(0, 1, 27).reshape(3, 3, 3))
    one, two = axes_of(figure(grey, colour))
    assert not [*one.get_xticks(), *one.get_yticks()]
    (shown,), (other,) = one.images, two.images
    assert shown.get_array().tolist() == [[0, 0.5], [1, 0]]
    assert shown.get_clim() == (0, 1)
    assert shown.get_interpolation() == "nearest"
    np.testing.assert_array_equal(other.get_array(), colour.pixels)
    assert one.get_title() == "grey"
    size = one.get_position(original=True).size * one.figure.get_size_inches()
    assert [*size] == pytest.approx(IMAGE_SIZE)
    assert re.search(rb"data:image/png;base64", draw(figure(grey))["svg"])


def test_ticks_and_cells_may_have_texts_and_the_first_row_may_be_at_the_top():
    texts, ticks = [["a", "b"], ["c", ""]], {1.0: "one", 2.0: "two"}
    table = HeatMap(
        "Table", "across", "down", [1, 2], [1, 2], [[0.1, 0.9], [0.4, 0.6]], "share", limits=(0, 1), x_ticks=ticks,
        y_ticks=ticks, cells=texts, downward=True,
    )  # fmt: skip
    axes, _ = axes_of(figure(table))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["one", "two"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two"]
    assert axes.get_ylim() == (2.5, 0.5)
    found = {text.get_text(): (*text.get_position(), text.get_color()) for text in axes.texts}
    assert found == {"a": (1, 1, "white"), "b": (2, 1, "black"), "c": (1, 2, "white"), "": (2, 2, "black")}
    rows = numbers_csv(figure(table)).decode().splitlines()
    assert rows[1:3] == ["Table,down one,one,0.1,,,across", "Table,down one,two,0.9,,,across"]
