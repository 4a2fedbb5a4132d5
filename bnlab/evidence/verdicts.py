"""The rules: from an interval to a verdict.

A claim says that the true value lies in a region: above the margin ("more than"), or from minus the margin to the margin
("within"). Supported: the interval lies wholly in that region. Contradicted: it lies wholly outside. Undecided: anything
else, and always with fewer than 5 replicates.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

from bnlab.evidence.interval import Interval, half_width

Word: TypeAlias = Literal["supported", "contradicted", "undecided"]
MORE_THAN = "more than"
WITHIN = "within"
KINDS = (MORE_THAN, WITHIN)

FEWEST = 5
"""Replicates below which no claim is decided."""
MOST = 10_000
"""Replicates up to which it is worked out how many would decide."""
NO_DIFFERENCE = "no difference that matters"
OPPOSITE = "the opposite"
SMALLER = "below the margin, or the opposite"
BELOW = "below the margin"


class Verdict(NamedTuple):
    """The word; of a contradicted "more than", detail says which: NO_DIFFERENCE, OPPOSITE or SMALLER of a difference, BELOW
    of a number that is no difference."""

    word: Word
    detail: str = ""


def verdict(kind: str, margin: float, interval: Interval) -> Verdict:
    """The verdict on a claim of that kind and margin."""
    low, high = interval.low, interval.high
    if interval.n < FEWEST or math.isnan(low) or math.isnan(high):
        return Verdict("undecided")
    inside = -margin <= low and high <= margin
    if kind == WITHIN:
        return Verdict("supported" if inside else "contradicted" if low > margin or high < -margin else "undecided")
    if low > margin:
        return Verdict("supported")
    if high > margin:
        return Verdict("undecided")
    return Verdict("contradicted", NO_DIFFERENCE if inside else OPPOSITE if high < -margin else SMALLER)


def deciding_replicates(kind: str, margin: float, interval: Interval, alpha: float) -> float:
    """How many replicates would decide the claim, if mean and spread stayed as they are: at least 5; infinite for more than
    10,000. alpha: one less the confidence of the interval."""

    def decides(n: int) -> bool:
        half = half_width(interval.sd, n, alpha)
        return verdict(
            kind, margin, Interval(n, interval.mean, interval.mean - half, interval.mean + half, interval.sd)
        ).word != ("undecided")

    if math.isnan(interval.sd) or not decides(MOST):
        return math.inf
    low, high = FEWEST - 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high
