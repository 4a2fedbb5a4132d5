"""The numbers of a figure as CSV."""

from math import inf, nan

from bnlab.report.figure import Band, Figure, HeatMap, Image, Line, Panel
from bnlab.report.figure_table import numbers_csv


def test_each_point_is_a_row_with_its_band():
    lines = (Line("a", [1, 2], [0.5, inf]), Line("b", [1], [0.25]), Line("a", [1], [9.0], faint=True))
    panel = Panel("P", "x", "y", lines, bands=(Band("a", [1, 2], [0.25, nan], [0.75, nan]),))
    assert numbers_csv(Figure("t", "c", (panel,))).decode().splitlines() == [
        "panel,curve,x,y,low,high,x_label",
        "P,a,1.0,0.5,0.25,0.75,x",
        "P,a,2.0,,,,x",
        "P,b,1.0,0.25,,,x",
    ]


def test_places_in_words_are_named():
    panel = Panel("P", "rule", "y", (Line("a", [0, 1], [0.5, 0.25]),), x_ticks={0: "sgd", 1: "adam"})
    assert [line.split(",")[2] for line in numbers_csv(Figure("t", "c", (panel,))).decode().splitlines()] == [
        "x",
        "sgd",
        "adam",
    ]


def test_a_heat_map_has_a_curve_per_row_and_an_image_none():
    heat_map = HeatMap("M", "layer", "scale", [1, 2], [0.001, 10], [[1, nan], [3, 4]], "log10")
    assert numbers_csv(Figure("t", "c", (heat_map, Image("I", [[0.0]])))).decode().splitlines()[1:] == [
        "M,scale 0.001,1.0,1.0,,,layer",
        "M,scale 0.001,2.0,,,,layer",
        "M,scale 10,1.0,3.0,,,layer",
        "M,scale 10,2.0,4.0,,,layer",
    ]
