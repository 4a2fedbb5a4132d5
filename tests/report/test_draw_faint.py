"""Faint lines and bands with gaps: single replicates behind their mean."""

import math

import pytest
from matplotlib.colors import to_hex

from bnlab.report.curves import LANE
from bnlab.report.figure import Band, Line
from bnlab.report.styles import STYLES
from tests.report.test_draw import NAN, axes_of, figure, legend_texts, marks, panel

MEAN = Line("arm", [0, 1, 2], [0.1, 0.4, 0.5])
FAINT = Line("arm", [0, 1, 2], [0.1, 0.3, 0.6], faint=True)


def line_of(axes, label):
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return line


def test_a_faint_line_is_thin_and_pale_in_its_curves_colour_and_dashes_behind_bands_and_means():
    second = Line("second", [0, 1, 2], [0.2, 0.2, 0.3])
    lines = MEAN, second, Line("second", [0, 1, 2], [0.1, 0.3, 0.6], faint=True)
    (axes,) = axes_of(figure(panel(*lines, bands=(Band("second", [0, 1, 2], [0, 0, 0], [1, 1, 1]),))))
    clear, faint = line_of(axes, "second"), line_of(axes, "_second")
    assert (faint.get_color(), clear.get_color()) == (STYLES[1].color,) * 2
    assert faint.is_dashed()
    assert clear.is_dashed()
    assert faint.get_linewidth() < clear.get_linewidth() / 1.5
    assert faint.get_alpha() < 0.5
    assert faint.get_marker() == "None"
    assert faint.get_zorder() < axes.collections[0].get_zorder() < clear.get_zorder()
    assert axes.get_axisbelow() is True  # no grid in front of it


@pytest.mark.parametrize("lines", [(MEAN, FAINT, FAINT), (FAINT, FAINT, MEAN), (FAINT, FAINT)])
def test_the_legend_has_each_label_once(lines):
    (axes,) = axes_of(figure(panel(*lines, Line("other", [0, 1], [0.1, 0.2]))))
    assert legend_texts(axes) == ["arm", "other"]
    assert [line.get_alpha() for line in axes.figure.legends[0].get_lines()] == [None, None]


def test_a_label_of_a_later_panel_alone_is_in_the_legend_too():
    axes = axes_of(figure(panel(MEAN), panel(Line("later", [0, 1], [0.1, 0.2]))))
    assert legend_texts(axes[0]) == ["arm", "later"]


def test_the_legend_has_the_marker_of_a_curve_that_is_marked_in_any_panel():
    loss = Line("arm", [0, 1], [2.0, 1.0], points=False)
    (legend,) = axes_of(figure(panel(loss), panel(MEAN)))[0].figure.legends
    assert [line.get_marker() for line in legend.get_lines()] == ["o"]
    (legend,) = axes_of(figure(panel(loss, FAINT)))[0].figure.legends
    assert [line.get_marker() for line in legend.get_lines()] == ["none"]


def test_faint_crosses_are_small_and_faint_triangles_are_not_drawn():
    lost = [Line("arm", [0, 1], [1.0, math.inf], diverged=(1,), faint=i > 0) for i in range(3)]
    high = Line("arm", [0, 1, 2], [1.0, 5.0, NAN], faint=True)
    (axes,) = axes_of(figure(panel(*lost, high, y_limits=(0, 3))))
    assert marks(axes, crosses=False) == []
    assert marks(axes, crosses=True) == [(1, 3, STYLES[0].color)] * 3
    clear, *faint = (
        line.get_markersize() for line in axes.lines if isinstance(line.get_marker(), tuple) and len(line.get_xdata())
    )
    assert max(faint) < 0.6 * clear


def test_many_faint_lines_are_paler_than_few():
    few, many = (axes_of(figure(panel(*[FAINT] * n)))[0].lines[0].get_alpha() for n in (3, 40))
    assert 0 < many < few / 2


def test_marks_at_the_edge_stand_in_a_row_for_each_label():
    lost = [Line(f"arm {i % 2}", [0, 1], [1.0, math.inf], diverged=(1,), faint=True) for i in range(40)]
    (axes,) = axes_of(figure(panel(*lost, y_limits=(0, 3))))
    assert sorted({y for _, y, _ in marks(axes, crosses=True)}) == [pytest.approx(3 * (1 - LANE)), 3]


def test_a_cross_below_the_limits_stands_at_the_lower_edge():
    (axes,) = axes_of(figure(panel(Line("a", [0, 1], [0.3, 0.1], diverged=(1,)), y_limits=(0.2, 0.5))))
    assert marks(axes, crosses=True) == [(1, 0.2, STYLES[0].color)]


def test_a_band_has_a_gap_where_no_range_is_known():
    x, low, high = [0, 1, 2, 3, 4, 5], [0.1, 0.2, NAN, 0.2, 0.3, 0.1], [0.3, 0.4, NAN, 0.5, 0.6, NAN]
    (axes,) = axes_of(figure(panel(Line("a", x, low), bands=(Band("a", x, low, high),))))
    (fill,) = axes.collections
    reached = [sorted({x for x, _ in path.vertices.tolist()}) for path in fill.get_paths()]
    assert reached == [[0, 1], [3, 4]]
    edges = [line for line in axes.lines if line.get_linewidth() == 0.7]
    assert [[math.isnan(y) for y in edge.get_ydata()] for edge in edges] == [[False, False, True, False, False, True]] * 2


def test_a_range_without_neighbours_is_a_bar():
    band = Band("a", [1, 2, 3], [0.1, NAN, 0.2], [0.3, NAN, 0.4])
    (axes,) = axes_of(figure(panel(Line("a", [1, 2, 3], [0.2, 0.3, 0.3]), bands=(band,))))
    bars = axes.collections[1]
    assert [path.vertices.tolist() for path in bars.get_paths()] == [[[1, 0.1], [1, 0.3]], [[3, 0.2], [3, 0.4]]]
    assert to_hex(bars.get_color()[0]) == STYLES[0].color.lower()


def test_fixed_limits_are_each_panels_own():
    train, val = axes_of(figure(panel(MEAN, y_limits=(0, 1)), panel(MEAN, y_limits=(0.2, 0.5))))
    assert (train.get_ylim(), val.get_ylim()) == ((0, 1), (0.2, 0.5))
