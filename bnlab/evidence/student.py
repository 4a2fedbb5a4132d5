"""Student's t distribution, as far as intervals need it: the critical value for a whole number of degrees of freedom.

The probability of |T| < t has a closed form there, a sum over powers of cos(theta) with theta = atan(t / sqrt(df)). Source:
Abramowitz and Stegun, 1964, "Handbook of Mathematical Functions", equations 26.7.3 and 26.7.4.
"""

from __future__ import annotations

import math
from functools import lru_cache

HALVINGS = 60
"""Of the range of theta: more than a float64 has digits for."""


@lru_cache(maxsize=4096)
def critical_t(alpha: float, df: int) -> float:
    """The t that |T| exceeds with probability alpha: the half-width of an interval of confidence 1 - alpha, in standard
    errors.

    alpha: above 0 and below 1; df: degrees of freedom, from 1. Raises ValueError for others.
    """
    if not 0 < alpha < 1 or df < 1:
        raise ValueError(f"alpha is {alpha} and df {df}: alpha must lie between 0 and 1, and df be at least 1")
    low, high = 0.0, math.pi / 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _inside(middle, df) < 1 - alpha:
            low = middle
        else:
            high = middle
    return math.tan(low) * math.sqrt(df)


def _inside(theta: float, df: int) -> float:
    """The probability that |T| is below tan(theta) · sqrt(df)."""
    sine, cosine = math.sin(theta), math.cos(theta)
    odd = df % 2
    term = total = cosine if odd else 1.0
    for k in range(2 + odd, df - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    if not odd:
        return sine * total
    return 2 / math.pi * (theta + (sine * total if df > 1 else 0.0))
