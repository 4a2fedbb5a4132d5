"""Figures as they are drawn: sizes, limits, marks and styles, read from the axes and from the files."""

import hashlib
import math
import os
import re
import struct
import subprocess
import sys
import zlib
from itertools import pairwise

import matplotlib
import pytest
from matplotlib.colors import to_hex, to_rgb

from bnlab.report.curves import LANE
from bnlab.report.draw import DPI, compose, draw
from bnlab.report.figure import Band, Figure, HeatMap, Image, Line, Panel
from bnlab.report.layout import PANEL_WIDTH, SIZE
from bnlab.report.styles import STYLES
from bnlab.report.text import can_be_drawn

NAN, INF = float("nan"), float("inf")


def panel(*lines, **fields):
    return Panel("Accuracy", "epoch", "accuracy", lines, **fields)


def figure(*panels):
    return Figure("What is shown", "some settings; one run a curve", panels)


LINE = Line("first", [0, 1, 2], [0.1, 0.5, 0.4])
SIMPLE = figure(panel(LINE, Line("second", [0, 1, 2], [0.3, 0.2, 0.9])), panel(LINE))
BAND = Band("first", [0, 1, 2], [0.0, 0.4, 0.3], [0.2, 0.7, 0.8])
MAP = HeatMap("Forward", "layer", "scale", [1, 2], [0.1, 1.0], [[0.0, 1.0], [2.0, 3.0]], "spread", y_scale="log")
PICTURE = Image("grey", [[0.0, 0.5], [0.7, 1.0]])
BANDED = figure(panel(LINE, Line("second", [0, 1, 2], [0.3, 0.2, 0.9]), bands=(BAND,)))


def axes_of(shown):
    """The axes that a figure is drawn on. No file is rendered: the axes say it all."""
    return compose(shown).axes


def legend_texts(axes):
    (legend,) = axes.figure.legends
    return [text.get_text() for text in legend.get_texts()]


def png_chunks(content):
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        chunks.setdefault(kind, b"")
        chunks[kind] += content[at + 8 : at + 8 + length]
        at += length + 12
    return chunks


@pytest.mark.parametrize("panels", [1, 3])
def test_png_at_150_dots_an_inch(panels):
    assert DPI == 150
    chunks = png_chunks(draw(figure(*[panel(LINE)] * panels))["png"])
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert width == round(PANEL_WIDTH * panels * 150)
    assert SIZE[1] * 150 < height < 2 * SIZE[1] * 150
    assert struct.unpack(">II", chunks[b"pHYs"][:8]) == (5906, 5906)  # dots a metre
    assert len(set(zlib.decompress(chunks[b"IDAT"]))) > 20  # not a blank sheet


@pytest.mark.slow
@pytest.mark.parametrize(("shown", "backend"), [(SIMPLE, "not-installed"), (figure(*BANDED.panels, MAP, PICTURE), "svg")])
def test_the_same_bytes_again_and_in_a_process_with_other_settings_of_matplotlib(shown, backend, tmp_path):
    """The environment may name a backend that isn't installed: Jupyter does, to every shell that it starts."""
    first, again = draw(shown), draw(shown)
    assert first.keys() == {"png", "svg"}
    assert first == again
    (tmp_path / "matplotlibrc").write_text("backend: nonsense\nfigure.dpi: 7\nfont.family: serif\n")
    code = (
        f"import os, sys; sys.path[:] = {sys.path!r}\nchanged = []\n"
        "sys.addaudithook(lambda event, args: changed.append(event) if b'MPLBACKEND' in args else None)\n"
        "from bnlab.report.draw import draw\nfrom bnlab.report.figure import *\nimport hashlib\n"
        f"print([hashlib.sha256(content).hexdigest() for content in draw({shown!r}).values()])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert not changed, 'another thread may be reading the environment'\n"
        "import matplotlib\nprint(os.environ['MPLBACKEND'], matplotlib.rcParams['backend'] == 'svg')"
    )
    warnings = ["-W", "error", "-W", "default::DeprecationWarning"]  # as in pyproject.toml
    done = subprocess.run(
        [sys.executable, *warnings, "-c", code],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ | {"MPLBACKEND": backend},
    )  # fmt: skip
    hashes, settings = done.stdout.splitlines()
    assert hashes == str([hashlib.sha256(content).hexdigest() for content in first.values()])
    assert settings == f"{backend} {backend == 'svg'}"


def test_another_figure_gives_other_bytes():
    other = figure(panel(Line("first", [0, 1, 2], [0.1, 0.5, 0.41])))
    assert draw(figure(panel(LINE)))["svg"] != draw(other)["svg"]


def test_files_bear_no_date_and_no_version():
    files = draw(SIMPLE)
    assert matplotlib.__version__.encode() not in b"".join(v for k, v in png_chunks(files["png"]).items() if k != b"IDAT")
    assert b"<dc:date>" not in files["svg"]
    assert re.search(rb"[Mm]atplotlib v?\d", files["svg"]) is None


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    draw(SIMPLE)
    assert dict(matplotlib.rcParams) == before


def test_title_caption_and_legend_are_there_once():
    svg = draw(SIMPLE)["svg"].decode()
    for text in ("What is shown", "some settings; one run a curve", "first", "second"):
        assert svg.count(f"<!-- {text} -->") == 1


def test_panels_of_a_group_share_their_limits_and_others_have_their_own():
    low, high = Line("a", [0, 1], [0.0, 0.2]), Line("a", [0, 1], [0.7, 0.9])
    shown = figure(panel(low, y_group="g"), panel(high, y_group="g"), panel(high), panel(low, y_group="other"))
    first, second, third, fourth = (axes.get_ylim() for axes in axes_of(shown))
    assert first == second
    assert first[0] < 0.0
    assert first[1] > 0.9
    assert third[0] > 0.5
    assert fourth[1] < 0.5


def test_a_log_axis_has_small_ticks_at_two_and_five_times_each_power():
    (axes,) = axes_of(figure(panel(Line("a", [1, 10], [1, 2]), x_scale="log")))
    low, high = axes.get_xlim()
    places = [x for x in axes.xaxis.get_minorticklocs() if low <= x <= high]
    assert places == pytest.approx([2, 5])
    assert not any(label.get_text() for label in axes.get_xticklabels(minor=True))


@pytest.mark.parametrize(
    ("x", "texts"),
    [
        ([1e-4, 1], ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]),
        ([0.01, 0.1], ["10⁻²", "10⁻¹"]),
        ([20, 40], ["2·10¹", "5·10¹"]),
        ([0.2, 1], ["10⁰", "2·10⁻¹", "5·10⁻¹"]),
    ],
)
def test_a_log_axis_has_powers_of_ten_as_plain_text(x, texts):
    """Formulas would take a third of the time that it takes to draw a figure. If there are fewer than two powers, the small
    ticks have texts too."""
    (axes,) = axes_of(figure(panel(Line("a", x, [1, 2]), x_scale="log")))
    low, high = axes.get_xlim()
    labels = [*axes.get_xticklabels(), *axes.get_xticklabels(minor=True)]
    shown = [label.get_text() for label in labels if label.get_text() and low <= label.get_position()[0] <= high]
    assert shown == texts
    assert all(map(can_be_drawn, shown))


def test_scales_labels_and_limits_are_those_of_the_panel():
    (axes,) = axes_of(figure(panel(LINE, x_scale="log", y_limits=(1, 3.5))))
    assert axes.get_xscale() == "log"
    assert axes.get_ylim() == (1, 3.5)
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("Accuracy", "epoch", "accuracy")


def marks(axes, crosses):
    """The points of all crosses, or of all triangles, and what they look like."""
    return [
        (*point, line.get_color())
        for line in axes.lines
        if line.get_linestyle() == "None" and isinstance(line.get_marker(), tuple) is crosses
        for point in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def test_points_above_the_limits_are_triangles_at_the_edge_and_diverged_ones_crosses_alone():
    line = Line("a", [1, 2, 3, 4, 5], [1.0, 3.5, 1e30, INF, INF], diverged=(4,))
    (axes,) = axes_of(figure(panel(line, y_limits=(0, 3.5))))
    drawn = [*axes.lines[0].get_ydata()]
    assert drawn[:2] == [1.0, 3.5]
    assert 100 < drawn[2] < 1e4  # the line leaves the panel, and breaks where nothing is finite
    assert all(map(math.isnan, drawn[3:]))
    assert marks(axes, crosses=False) == [(3, 3.5, STYLES[0].color), (4, 3.5, STYLES[0].color)]
    assert marks(axes, crosses=True) == [(5, 3.5, STYLES[0].color)]
    assert axes.lines[0].get_markevery() == [0, 1]  # the curve's own markers would hide the marks


def test_marks_at_the_edge_stand_in_a_row_for_each_curve_that_has_any():
    curves = [[1, 2], [9, INF], [1, 1], [9, 9]]
    lines = [Line(f"arm {i}", [1, 2], y, diverged=(1,) if INF in y else ()) for i, y in enumerate(curves)]
    (axes,) = axes_of(figure(panel(*lines, y_limits=(1, 3))))
    rows = {color: y for _, y, color in marks(axes, crosses=False) + marks(axes, crosses=True)}
    assert rows == {STYLES[1].color: 3.0, STYLES[3].color: pytest.approx(3 - 2 * LANE)}


def test_crosses_at_one_place_are_turned_apart():
    lines = [Line(f"arm {i}", [1, 2], [0.5, 0.1], diverged=(1,)) for i in range(3)]
    (axes,) = axes_of(figure(panel(*lines)))
    assert len({mark[:2] for mark in marks(axes, crosses=True)}) == 1
    turned = {line.get_marker()[2] % 90 for line in axes.lines if isinstance(line.get_marker(), tuple)}
    assert len(turned) == 3


@pytest.mark.parametrize("last", [NAN, INF])
def test_without_limits_the_cross_sits_at_the_highest_finite_value(last):
    (axes,) = axes_of(figure(panel(Line("a", [1, 2, 3], [2.0, 1.5, last], diverged=(2,)))))
    assert marks(axes, crosses=True) == [(3, 2.0, STYLES[0].color)]
    assert marks(axes, crosses=False) == []


@pytest.mark.parametrize("y", [[NAN], [INF], [-INF]])
def test_a_curve_without_a_finite_value_is_drawn(y):
    files = draw(figure(panel(Line("a", [1], y, diverged=(0,)))))
    assert b"A cross: the run diverged there" in files["svg"]


def test_the_caption_explains_the_marks_there_are_and_no_others():
    plain = draw(figure(panel(LINE, y_limits=(0, 1))))["svg"]
    assert b"A triangle" not in plain
    assert b"A cross" not in plain
    above = draw(figure(panel(LINE), panel(LINE, y_limits=(0, 0.45))))["svg"]
    assert b"A triangle at the upper edge: the value lies above it" in above
    assert b"A cross" not in above


def test_a_limit_that_is_open_above_hides_nothing():
    (axes,) = axes_of(figure(panel(Line("a", [1, 2], [1.0, 50.0]), y_limits=(0, None))))
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] >= 50
    assert marks(axes, crosses=False) == []


@pytest.mark.parametrize(("rows", "panels"), [(1, 3), (2, 6), (3, 3)])
def test_panels_fill_rows_from_left_to_right(rows, panels):
    shown = Figure("Title", "caption", (panel(LINE),) * panels, rows=rows)
    all_axes = axes_of(shown)
    assert len(all_axes) == panels
    places = [(round(-axes.get_position().y0, 6), round(axes.get_position().x0, 6)) for axes in all_axes]
    assert places == sorted(set(places))
    assert len({y for y, _ in places}) == rows
    assert all_axes[0].figure.get_size_inches()[0] == pytest.approx(PANEL_WIDTH * panels / rows)


def test_a_band_reaches_from_low_to_high_in_its_curves_colour_behind_the_curve():
    (axes,) = axes_of(BANDED)
    (fill,) = axes.collections
    corners = {tuple(point) for point in fill.get_paths()[0].vertices.tolist()}
    assert corners >= {(x, y) for bound in (BAND.low, BAND.high) for x, y in zip(BAND.x, bound, strict=True)}
    curve = next(line for line in axes.lines if line.get_label() == "first")
    assert to_hex(fill.get_facecolor()[0]) == to_hex(curve.get_color()) == STYLES[0].color.lower()
    assert fill.get_alpha() < 0.5
    assert fill.get_zorder() < curve.get_zorder()
    low, high = axes.get_ylim()
    assert low < 0.0
    assert high > 0.8


def test_overlapping_bands_stay_apart_by_the_dashes_of_their_edges():
    bands = BAND, Band("second", [0, 1, 2], [0.1, 0.3, 0.3], [0.3, 0.8, 0.7])
    (axes,) = axes_of(figure(panel(LINE, Line("second", [0, 1, 2], [0.2, 0.5, 0.5]), bands=bands)))
    edges = [line for line in axes.lines if line.get_linewidth() < 1]
    assert len(edges) == 4
    assert len({(to_hex(line.get_color()), str(line._dash_pattern)) for line in edges}) == 2
    assert {to_hex(line.get_color()) for line in edges} == {style.color.lower() for style in STYLES[:2]}


def test_the_legend_shows_a_curve_with_a_band_on_a_piece_of_it_and_no_edge():
    legend = axes_of(BANDED)[0].figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["first", "second"]
    assert len(legend.get_patches()) == 1


def grey(color):
    red, green, blue = to_rgb(color)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_styles_differ_in_colour_dashes_and_marker_and_neighbours_in_grey():
    assert len({style.color for style in STYLES}) == len(STYLES) == 6
    assert len({style.dashes for style in STYLES}) == len(STYLES)
    assert len({style.marker for style in STYLES}) == len(STYLES)
    for one, next_one in pairwise(STYLES):
        assert abs(grey(one.color) - grey(next_one.color)) > 0.1


def test_many_curves_all_look_different():
    lines = [Line(f"arm {i}", [0, 1], [i, i + 1]) for i in range(20)]
    (axes,) = axes_of(figure(panel(*lines)))
    curves = [line for line in axes.lines if line.get_label().startswith("arm")]
    looks = {(to_hex(line.get_color()), str(line._dash_pattern), line.get_marker()) for line in curves}
    assert len(looks) == 20


def test_lines_of_one_label_look_the_same_in_every_panel():
    second = Line("second", [0, 1], [0, 1])
    one, other = axes_of(figure(panel(LINE, second), panel(second)))
    assert one.lines[0].get_color() == STYLES[0].color
    assert other.lines[0].get_color() == STYLES[1].color
    assert other.lines[0].get_marker() == STYLES[1].marker


def test_points_are_marked_only_where_asked_for():
    (axes,) = axes_of(figure(panel(LINE, Line("loss", [0, 1], [1, 2], points=False))))
    curves = [line for line in axes.lines if line.get_linestyle() != "None"]
    assert [curve.get_marker() for curve in curves] == ["o", "None"]
