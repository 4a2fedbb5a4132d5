"""A share of independent trials with its uncertainty: Wilson's score interval.

It holds the shares p from which the share seen lies at most z standard errors away, those of p itself, so it is never empty
and never leaves 0 to 1. Sources: Wilson, 1927, "Probable inference, the law of succession, and statistical inference";
recommended by Brown, Cai and DasGupta, 2001, "Interval estimation for a binomial proportion".
"""

from __future__ import annotations

import math
from statistics import NormalDist

from bnlab.evidence.interval import PLAIN


def wilson_interval(right: int, count: int, alpha: float = PLAIN) -> tuple[float, float]:
    """The interval for the share behind `right` of `count` trials, of confidence 1 - alpha: with n and k,
    `(k + z²/2 ± z sqrt(k (n - k) / n + z²/4)) / (n + z²)`.

    Raises ValueError unless 0 <= right <= count and count is at least 1.
    """
    if not 0 <= right <= count or count < 1:
        raise ValueError(f"{right} of {count} is no share: give 0 to {count} of at least 1")
    z = NormalDist().inv_cdf(1 - alpha / 2)
    middle, half = right + z * z / 2, z * math.sqrt(right * (count - right) / count + z * z / 4)
    low, high = ((middle + sign * half) / (count + z * z) for sign in (-1, 1))
    return (0.0 if right == 0 else low), (1.0 if right == count else high)
