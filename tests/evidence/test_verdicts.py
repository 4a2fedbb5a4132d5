"""From intervals to verdicts: each rule, its borders, and the replicates that would decide."""

import math

import numpy as np
import pytest

from bnlab.evidence.interval import Interval, mean_interval
from bnlab.evidence.verdicts import (
    FEWEST,
    KINDS,
    MORE_THAN,
    MOST,
    NO_DIFFERENCE,
    OPPOSITE,
    SMALLER,
    WITHIN,
    deciding_replicates,
    verdict,
)

SUPPORTED, UNDECIDED = ("supported", ""), ("undecided", "")


def between(low, high, n=5):
    return Interval(n, (low + high) / 2, low, high, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.03, 0.05, SUPPORTED),
        (0.0201, 0.05, SUPPORTED),
        (0.02, 0.05, UNDECIDED),  # the margin itself isn't more than the margin
        (0.01, 0.05, UNDECIDED),
        (-0.05, 0.05, UNDECIDED),
        (-0.01, 0.0201, UNDECIDED),
        (-0.01, 0.02, ("contradicted", NO_DIFFERENCE)),
        (-0.02, 0.02, ("contradicted", NO_DIFFERENCE)),
        (0.005, 0.015, ("contradicted", NO_DIFFERENCE)),
        (-0.0201, 0.02, ("contradicted", SMALLER)),
        (-0.05, 0.01, ("contradicted", SMALLER)),
        (-0.05, -0.02, ("contradicted", SMALLER)),
        (-0.05, -0.0201, ("contradicted", OPPOSITE)),
        (-0.5, -0.4, ("contradicted", OPPOSITE)),
        (0.02, 0.02, ("contradicted", NO_DIFFERENCE)),
    ],
)
def test_more_than(low, high, wanted):
    assert verdict(MORE_THAN, 0.02, between(low, high)) == wanted


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (-0.01, 0.015, SUPPORTED),
        (-0.02, 0.02, SUPPORTED),
        (-0.0201, 0.01, UNDECIDED),
        (-0.01, 0.0201, UNDECIDED),
        (-0.1, 0.1, UNDECIDED),
        (0.02, 0.05, UNDECIDED),  # the margin itself is within
        (-0.05, -0.02, UNDECIDED),
        (0.0201, 0.05, ("contradicted", "")),
        (-0.05, -0.0201, ("contradicted", "")),
    ],
)
def test_within(low, high, wanted):
    assert verdict(WITHIN, 0.02, between(low, high)) == wanted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ends", [(0.5, 0.6), (-0.001, 0.001), (-0.6, -0.5)])
def test_fewer_than_five_replicates_decide_nothing(kind, ends):
    assert [verdict(kind, 0.02, between(*ends, n)).word == "undecided" for n in (1, 2, 3, 4, 5)] == [True] * 4 + [False]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [[], [0.3], [math.nan] * 6, [math.inf, -math.inf] * 3, [1e308, -1e308] * 3])
def test_what_has_no_finite_interval_is_undecided(kind, values):
    assert verdict(kind, 0.02, mean_interval(values)) == UNDECIDED


def test_a_margin_of_nothing():
    assert verdict(MORE_THAN, 0, between(0.001, 0.01)) == SUPPORTED
    assert verdict(MORE_THAN, 0, between(-0.01, -0.001)) == ("contradicted", OPPOSITE)
    assert verdict(MORE_THAN, 0, between(0, 0)) == ("contradicted", NO_DIFFERENCE)
    assert verdict(WITHIN, 0, between(-0.001, 0.001)) == UNDECIDED


def made(n, mean, sd):
    """So many values of exactly that mean and standard deviation."""
    values = np.random.RandomState(n).standard_normal(n)
    values = (values - values.mean()) / values.std(ddof=1)
    return [*(mean + sd * values)]


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.05 / 24])
@pytest.mark.parametrize(
    ("kind", "mean", "sd"),
    [
        (MORE_THAN, 0.03, 0.02),
        (MORE_THAN, 0.01, 0.03),
        (MORE_THAN, -0.03, 0.2),
        (WITHIN, 0.0, 0.03),
        (WITHIN, 0.015, 0.01),
        (WITHIN, -0.015, 0.01),
        (WITHIN, 0.03, 0.02),
        (MORE_THAN, 0.021, 0.02),
    ],
)
def test_so_many_replicates_decide_and_one_less_does_not(kind, mean, sd, alpha):
    needed = deciding_replicates(kind, 0.02, mean_interval(made(6, mean, sd), alpha), alpha)
    assert FEWEST < needed < MOST
    decided = [verdict(kind, 0.02, mean_interval(made(n, mean, sd), alpha)).word for n in (int(needed) - 1, int(needed))]
    assert decided[0] == "undecided"
    assert decided[1] != "undecided"


@pytest.mark.parametrize("kind", KINDS)
def test_at_least_five(kind):
    assert deciding_replicates(kind, 0.02, mean_interval(made(2, 0.5, 1e-6)), 0.05) == FEWEST


@pytest.mark.parametrize(
    ("kind", "mean"), [(MORE_THAN, 0.02), (WITHIN, 0.02), (WITHIN, -0.02), (MORE_THAN, 0.02001), (WITHIN, 0.01999)]
)
def test_on_the_margin_or_next_to_it_nothing_decides(kind, mean):
    interval = Interval(5, mean, mean - 0.02, mean + 0.02, 0.02)
    assert deciding_replicates(kind, 0.02, interval, 0.05) == math.inf


def test_without_a_spread_it_is_not_known():
    assert deciding_replicates(MORE_THAN, 0.02, mean_interval([0.5]), 0.05) == math.inf
    assert deciding_replicates(MORE_THAN, 0.02, mean_interval([]), 0.05) == math.inf
