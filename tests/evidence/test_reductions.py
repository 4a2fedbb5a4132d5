"""Each reduction against a direct computation."""

import math

import numpy as np
import pytest

from bnlab.evidence.reductions import REDUCTIONS, grid_step

POINTS = [(5.0, 0.50), (10.0, 0.70), (20.0, 0.60), (50.0, 0.64)]
OTHERS = [
    [(5.0, 0.40), (10.0, 0.50), (20.0, 0.70), (50.0, 0.60)],
    [(5.0, 0.20), (10.0, 0.60), (20.0, 0.50), (50.0, 0.61)],
]
STEP = math.log10(50 / 5) / 3
SLOPE = np.polyfit(np.log2([5, 10, 20, 50]), [0.5, 0.7, 0.6, 0.64], 1)[0]
BY_HAND = {
    ("all",): 0.61,
    ("between", 10, 20): 0.65,
    ("between", 0, 1000): 0.61,
    ("between", 10, 10): 0.7,
    ("difference", 5, 10, 20, 50): 0.6 - 0.62,
    ("slope",): SLOPE,
    ("steepness",): SLOPE,
    ("at", 20): 0.6,
    ("at_best",): 0.64,  # the others' means: .3, .55, .6, .605
    ("extent", 0.9): 2 * STEP,  # of .63: 10 and 50
    ("extent", 0.5): 4 * STEP,
    ("extent", 1): STEP,
    ("largest", 0.9): math.log10(50),
    ("largest", 1): 1.0,
}


def test_each_is_tested():
    assert {name for name, *_ in BY_HAND} == set(REDUCTIONS)


@pytest.mark.parametrize(("name", "arguments", "wanted"), [(name, rest, each) for (name, *rest), each in BY_HAND.items()])
def test_by_hand(name, arguments, wanted):
    reduction = REDUCTIONS[name]
    assert len(arguments) == reduction.numbers
    assert reduction.value(POINTS, OTHERS, *arguments) == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["slope", "steepness"])
def test_a_falling_line(name):
    falling = [(2.0**k, 0.9 - 0.03 * k) for k in range(6)]
    assert REDUCTIONS[name].value(falling, []) == pytest.approx(-0.03 if name == "slope" else 0.03)


@pytest.mark.parametrize("name", ["extent", "largest", "slope", "steepness", "all"])
def test_only_points_and_arguments_count_but_for_the_own_best(name):
    arguments = [0.8] * REDUCTIONS[name].numbers
    assert REDUCTIONS[name].value(POINTS, OTHERS, *arguments) == REDUCTIONS[name].value(POINTS, [], *arguments)


def test_the_own_best_is_chosen_without_the_replicate_itself():
    """Whatever its own values are, the choice stays at 50."""
    rng = np.random.RandomState(0)
    for values in rng.uniform(0, 1, (50, 4)):
        points = [(x, value) for (x, _), value in zip(POINTS, values, strict=True)]
        assert REDUCTIONS["at_best"].value(points, OTHERS) == values[3]


def test_the_own_best_takes_the_lowest_x_of_a_tie_and_needs_others():
    tied = [[(1.0, 0.3), (2.0, 0.5), (3.0, 0.5)]]
    assert REDUCTIONS["at_best"].value([(1.0, 0.1), (2.0, 0.2), (3.0, 0.3)], tied) == 0.2
    assert math.isnan(REDUCTIONS["at_best"].value(POINTS, []))


@pytest.mark.parametrize("share", [0.8, 1.0])
def test_the_share_counts_when_reached_exactly(share):
    points = [(1.0, 0.5), (10.0, 0.4), (100.0, 0.1)]
    assert REDUCTIONS["largest"].value(points, [], share) == (1.0 if share == 0.8 else 0.0)
    assert REDUCTIONS["extent"].value(points, [], share) == (2.0 if share == 0.8 else 1.0)


def test_a_curve_that_never_learnt_reaches_its_highest_everywhere():
    flat = [(x, 0.1) for x in (1.0, 10.0, 100.0)]
    assert REDUCTIONS["extent"].value(flat, [], 0.8) == 3
    assert REDUCTIONS["largest"].at_limit(flat, 0.8)


@pytest.mark.parametrize(("last", "limit"), [(0.39, False), (0.4, True), (0.5, True)])
def test_the_largest_is_at_the_limit_if_the_last_still_reaches_it(last, limit):
    points = [(1.0, 0.5), (10.0, 0.2), (100.0, last)]
    assert REDUCTIONS["largest"].at_limit(points, 0.8) is limit


def test_nothing_else_has_a_limit():
    assert [name for name, each in REDUCTIONS.items() if each.at_limit(POINTS, *[0.1] * each.numbers)] == ["largest"]


def test_the_grid_step_is_the_mean_distance():
    assert grid_step(np.logspace(-4, 0, 20)) == pytest.approx(4 / 19)
    assert grid_step([1, 2, 1000]) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("name", "arguments", "xs", "fits"),
    [
        ("all", [], [0.0], True),
        ("between", [1, 2], [0.5, 1.5], True),
        ("between", [1, 2], [0.5, 2.5], False),
        ("between", [2, 1], [1.5], False),
        ("difference", [1, 2, 3, 4], [1, 4], True),
        ("difference", [1, 2, 3, 4], [1, 2], False),
        ("difference", [1, 2, 3, 4], [3, 4], False),
        ("at", [5], [5.0, 10.0], True),
        ("at", [6], [5.0, 10.0], False),
        ("at_best", [], [0.0, 1.0], True),
        ("at_best", [], [1.0], False),
        *((name, [0.8] * (name in ("extent", "largest")), [1.0, 2.0], True) for name in ("slope", "extent", "largest")),
        *((name, [0.8] * (name in ("extent", "largest")), [1.0], False) for name in ("steepness", "extent", "largest")),
        *((name, [0.8] * (name in ("extent", "largest")), [0.0, 2.0], False) for name in ("slope", "extent", "largest")),
    ],
)
def test_which_xs_it_can_take(name, arguments, xs, fits):
    assert REDUCTIONS[name].fits(xs, *arguments) is fits


@pytest.mark.parametrize(
    ("name", "arguments", "used"),
    [
        ("between", [1, 2], [1, 2]),
        ("difference", [1, 1, 3, 4], [1, 3, 4]),
        ("at", [3], [3]),
        ("all", [], [0.5, 1, 2, 3, 4]),
        ("at_best", [], [0.5, 1, 2, 3, 4]),
        ("extent", [0.8], [0.5, 1, 2, 3, 4]),
    ],
)
def test_which_runs_it_is_about(name, arguments, used):
    assert [x for x in (0.5, 1, 2, 3, 4) if REDUCTIONS[name].uses(x, *arguments)] == used


def test_the_words_have_a_place_for_each_argument():
    for reduction in REDUCTIONS.values():
        numbers = [f"<{i}>" for i in range(reduction.numbers)]
        words = reduction.words.format(*numbers, measure="accuracy", axis="rate")
        assert all(number in words for number in numbers)
        assert "accuracy" in words
