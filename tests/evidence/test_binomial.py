"""Wilson's interval, against another implementation and against what it promises."""

import math

import pytest

from bnlab.evidence.binomial import wilson_interval


@pytest.mark.parametrize(("right", "count"), [(0, 10), (1, 10), (5, 10), (10, 10), (8595, 10_000), (1, 1), (999, 1000)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_is_that_of_scipy(right, count, alpha):
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(right, count).proportion_ci(1 - alpha, "wilson")
    assert wilson_interval(right, count, alpha) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_its_ends_lie_z_standard_errors_of_their_own_from_the_share():
    for end in wilson_interval(30, 200):
        assert abs(30 / 200 - end) / math.sqrt(end * (1 - end) / 200) == pytest.approx(1.959964, abs=1e-6)


def test_never_leaves_0_to_1():
    assert wilson_interval(0, 50)[0] == 0
    assert wilson_interval(50, 50)[1] == 1


def test_covers_about_as_often_as_it_says():
    """The exact coverage, summed over all outcomes, averaged over shares; single ones lie a little off."""
    count, shares = 100, [i / 40 for i in range(1, 40)]
    ends = [wilson_interval(right, count) for right in range(count + 1)]
    covered = [
        sum(math.comb(count, k) * p**k * (1 - p) ** (count - k) for k, (low, high) in enumerate(ends) if low <= p <= high)
        for p in shares
    ]
    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.01)
    assert min(covered) > 0.9


@pytest.mark.parametrize(("right", "count"), [(-1, 10), (11, 10), (0, 0)])
def test_of_what_is_no_share_is_an_error(right, count):
    with pytest.raises(ValueError, match="is no share"):
        wilson_interval(right, count)
