"""Student's t distribution, as far as intervals need it: the critical value for a whole number of degrees of freedom.

|T| exceeds t with the probability I_x(df / 2, 1 / 2), an incomplete beta function at x = df / (df + t²). It is computed as
a continued fraction, on the side where that converges fast. Source: Abramowitz and Stegun, 1964, "Handbook of Mathematical
Functions", equations 26.7.1, 26.5.2 and 26.5.8.
"""

from __future__ import annotations

import math
from functools import lru_cache

HALVINGS = 75
"""Of the range of the angle. A small angle needs them all for its last digits."""


@lru_cache(maxsize=4096)
def critical_t(alpha: float, df: int) -> float:
    """The t that |T| exceeds with probability alpha: the half-width of an interval of confidence 1 - alpha, in standard
    errors.

    alpha: above 0 and below 1; df: degrees of freedom, from 1 to 10,000. Raises ValueError for others.
    """
    if not 0 < alpha < 1 or not 1 <= df <= 10_000:
        raise ValueError(f"alpha is {alpha} and df {df}: alpha must lie between 0 and 1, and df from 1 to 10,000")
    low, high = 0.0, math.pi / 2  # of the angle with the tangent sqrt(df) / t
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _outside(middle, df) < alpha else (low, middle)
    return math.sqrt(df) / math.tan(high)


def _outside(angle: float, df: int) -> float:
    """The probability that |T| is above sqrt(df) / tan(angle)."""
    x, rest = math.sin(angle) ** 2, math.cos(angle) ** 2
    if x < (df + 2) / (df + 5):
        return _incomplete_beta(x, rest, df / 2, 1 / 2)
    return 1 - _incomplete_beta(rest, x, 1 / 2, df / 2)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b). rest: 1 - x."""
    if x <= 0:
        return 0.0
    fraction = 1.0
    for k in range(20 + int(2 * math.sqrt(a + b)), 0, -1):  # more would change the 11th digit of t at most
        fraction = 1 + _term(k, a, b) * x / fraction
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(a * math.log(x) + b * math.log(rest) - log_beta) / (a * fraction)


def _term(k: int, a: float, b: float) -> float:
    m = k // 2
    top = -(a + m) * (a + b + m) if k % 2 else m * (b - m)
    return top / ((a + k - 1) * (a + k))
