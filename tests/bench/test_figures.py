"""Figures: ratios with intervals computed by hand, times, and how both are written."""

import json
import math

import pytest

from bnlab.bench.figures import TIMES, between, from_json, in_words, rate_of, ratio_of, time_of


def test_a_ratio_is_the_geometric_mean_with_the_interval_of_the_logarithms():
    """Ratios 2, 4, 8: their logarithms are log 4 and log 2 either side; t of 2 degrees of freedom at 97.5 % is 4.30265."""
    ratio = ratio_of("sweep", "x", "NumPy", [2, 8, 8], [1, 2, 1])
    half = 4.302652729911275 * math.log(2) / math.sqrt(3)
    assert (ratio.value, ratio.unit, ratio.rounds) == (pytest.approx(4), TIMES, 3)
    assert ratio.low == pytest.approx(4 * math.exp(-half), rel=1e-9)
    assert ratio.high == pytest.approx(4 * math.exp(half), rel=1e-9)


def test_rounds_are_paired():
    """A machine twice as slow in one round changes nothing."""
    ratio = ratio_of("", "", "", [3, 6, 3], [1, 2, 1])
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((3, 3, 3))


def test_one_round_has_no_interval():
    ratio = ratio_of("", "", "", [3], [2])
    assert (ratio.value, ratio.low, ratio.high) == (pytest.approx(1.5), 0, math.inf)
    assert between(ratio) == ""


def test_a_time_is_the_median_between_the_fastest_and_the_slowest():
    assert time_of("p", "x", "", [3.0, 1.0, 2.5])[3:] == (2.5, 1.0, 3.0, "s", 3)
    assert rate_of("p", "x", "", [3.0, 1.0, 2.5], "GB/s")[3:] == (2.5, 1.0, 3.0, "GB/s", 3)


@pytest.mark.parametrize("figure", [ratio_of("p", "x", "", [3], [2]), time_of("p", "x", "NumPy", [0.5, 1])])
def test_figures_survive_strict_json(figure):
    text = json.dumps(figure.to_json(), allow_nan=False)
    assert from_json(json.loads(text)) == figure


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(1.234, "s", "1.23 s"), (0.0314, "s", "31.4 ms"), (2.5e-5, "s", "25 us"), (3e-9, "s", "0.003 us"),
     (-0.5, "s", "-500 ms"), (1.234, TIMES, "1.23"), (97.4, "GFLOP/s", "97.4 GFLOP/s")],
)  # fmt: skip
def test_in_words(value, unit, words):
    assert in_words(value, unit) == words


def test_the_ends_in_words():
    assert between(time_of("", "", "", [0.5, 1, 2])) == "500 ms to 2 s"
