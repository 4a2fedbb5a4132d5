"""Means with their uncertainty: Student's t on the values of replicates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from bnlab.evidence.student import critical_t

PLAIN = 0.05
"""An interval that stands alone covers 95 %."""


class Interval(NamedTuple):
    """The mean of n values and the interval around it; from minus to plus infinity for fewer than two values.

    sd: the standard deviation of the values, of n - 1 degrees of freedom.
    """

    n: int
    mean: float
    low: float
    high: float
    sd: float

    @property
    def half_width(self) -> float:
        """From the mean to either end."""
        return (self.high - self.low) / 2


def mean_interval(values: Sequence[float], alpha: float = PLAIN, step: float = 0.0) -> Interval:
    """The interval for the mean of the values, of confidence 1 - alpha. NaN for no values.

    step: the grid that the values lie on. Values on a grid may have no spread at all, by chance: their standard deviation
    is taken as at least that of `least_sd`.
    """
    n = len(values)
    if not n:
        return Interval(0, math.nan, math.nan, math.nan, math.nan)
    mean = _mean(values)
    if n == 1:
        return Interval(1, mean, -math.inf, math.inf, math.nan)
    variance = sum((value - mean) * (value - mean) for value in values) / (n - 1)  # too large is infinite, where ** raises
    sd = max(math.sqrt(variance), least_sd(step))
    half = half_width(sd, n, alpha)
    return Interval(n, mean, mean - half, mean + half, sd)


def _mean(values: Sequence[float]) -> float:
    """The mean; infinite or NaN where values are."""
    shares = [value / len(values) for value in values]
    return math.fsum(shares) if all(map(math.isfinite, shares)) else sum(shares)


def least_sd(step: float) -> float:
    """The standard deviation that rounding to a grid of this step leaves: step / sqrt(12)."""
    return step / math.sqrt(12)


def half_width(sd: float, n: int, alpha: float) -> float:
    """Half the interval's width, for n values of standard deviation sd."""
    return critical_t(alpha, n - 1) * sd / math.sqrt(n)
