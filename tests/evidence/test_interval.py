"""Means with their uncertainty."""

import math
import statistics

import pytest

from bnlab.evidence.interval import Interval, half_width, mean_interval

T_95_4 = 2.7764451051977987
"""From tables: alpha .05, 4 degrees of freedom."""


def test_by_hand():
    """1, 2, 3, 4, 10: mean 4, sum of squares 9 + 4 + 1 + 0 + 36 = 50, sd sqrt(12.5)."""
    found = mean_interval([1, 2, 3, 4, 10])
    half = T_95_4 * math.sqrt(12.5) / math.sqrt(5)
    assert found == pytest.approx((5, 4, 4 - half, 4 + half, math.sqrt(12.5)), rel=1e-9)
    assert found.half_width == pytest.approx(half, rel=1e-9)


def test_the_standard_deviation_is_that_of_a_sample():
    values = [0.31, 0.29, 0.4, 0.37, 0.2, 0.33]
    assert mean_interval(values).sd == pytest.approx(statistics.stdev(values))


def test_more_confidence_is_wider():
    widths = [mean_interval([1, 2, 3, 4, 10], alpha).half_width for alpha in (0.1, 0.05, 0.01, 0.001)]
    assert widths == sorted(set(widths))


@pytest.mark.parametrize("step", [0.001, 1.0])
def test_values_without_spread_have_that_of_rounding(step):
    found = mean_interval([0.3] * 5, 0.05, step)
    assert found.sd == step / math.sqrt(12)
    assert found.half_width == pytest.approx(T_95_4 * step / math.sqrt(12 * 5), rel=1e-9)


def test_the_floor_changes_no_larger_spread():
    assert mean_interval([1, 2, 3, 4, 10], 0.05, 1.0) == mean_interval([1, 2, 3, 4, 10])


def test_the_mean_of_equal_values_is_that_value():
    for n in range(2, 40):
        assert mean_interval([0.3] * n).mean == pytest.approx(0.3, rel=1e-15)


def test_no_values_have_no_mean_and_one_has_no_spread():
    assert all(map(math.isnan, mean_interval([])[1:]))
    assert mean_interval([]).n == 0
    alone = mean_interval([0.7], 0.05, 0.1)
    assert alone[:4] == (1, 0.7, -math.inf, math.inf)
    assert math.isnan(alone.sd)


@pytest.mark.parametrize(
    "values",
    [
        [1e308, -1e308, 1.7e308],
        [math.inf, 1.0, 2.0],
        [math.inf, -math.inf],
        [math.nan, 1.0],
        [1.7e308] * 3,
        [5e-324, 0.0],
    ],
    ids=str,
)
def test_huge_and_infinite_values_raise_nothing(values):
    found = mean_interval(values)
    assert found.n == len(values)
    assert not found.half_width < 0


def test_half_width_is_what_an_interval_has():
    values = [0.2, 0.25, 0.31, 0.2, 0.28]
    found = mean_interval(values, 0.01)
    assert half_width(found.sd, 5, 0.01) == pytest.approx(found.half_width)
    assert Interval(5, 0.1, -0.1, 0.3, 1.0).half_width == pytest.approx(0.2)
