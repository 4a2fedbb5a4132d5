"""What was measured, as figures: times, and ratios of times with their intervals.

Two programs are timed in turn, round by round, so that a busy machine slows both down. Their ratio is the geometric mean of
the rounds' ratios, and its interval is Student's t on their logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from bnlab.evidence.interval import mean_interval
from bnlab.lab.files import finite_or_none

PLAIN, FAST = "NumPy", "numba"
"""The kernels that trainings use: without the extra `fast`, and with it."""
SECONDS, TIMES = "s", "times"
UNITS = ((1, "s"), (1e3, "ms"), (1e6, "us"))
"""How a time is written: the largest unit of which it has one."""


class Figure(NamedTuple):
    """A number that was measured. part: which part of the bench; what: of what; kernels: PLAIN, FAST, or "" if they don't
    matter; unit: SECONDS, TIMES, or as it is written.

    low, high: of a ratio, the ends of its 95 % interval; of a time, the fastest and the slowest round. value: of a time,
    the median.
    """

    part: str
    what: str
    kernels: str
    value: float
    low: float
    high: float
    unit: str
    rounds: int

    def to_json(self) -> dict[str, Any]:
        """Its fields; None for what isn't finite."""
        return {name: finite_or_none(value) for name, value in self._asdict().items()}


def from_json(values: Mapping[str, Any]) -> Figure:
    """The inverse of `Figure.to_json`."""
    ends = {"low": -math.inf, "high": math.inf}
    found: dict[str, Any] = {name: ends.get(name, math.nan) if value is None else value for name, value in values.items()}
    return Figure(**found)


def in_words(value: float, unit: str) -> str:
    """A number with its unit, in three digits: '230 ms', '1.92', '150 GFLOP/s'."""
    if unit != SECONDS:
        return f"{value:.3g}" + ("" if unit == TIMES else f" {unit}")
    factor, name = next((each for each in UNITS if abs(value) * each[0] >= 1), UNITS[-1])
    return f"{value * factor:.3g} {name}"


def between(figure: Figure) -> str:
    """The ends of a figure in words; empty if it has none."""
    if figure.rounds < 2 or not math.isfinite(figure.low + figure.high):
        return ""
    return f"{in_words(figure.low, figure.unit)} to {in_words(figure.high, figure.unit)}"


def time_of(part: str, what: str, kernels: str, seconds: Sequence[float]) -> Figure:
    """A time, from its rounds."""
    return Figure(part, what, kernels, median(seconds), min(seconds), max(seconds), SECONDS, len(seconds))


def rate_of(part: str, what: str, kernels: str, rates: Sequence[float], unit: str) -> Figure:
    """A rate in that unit, from its rounds."""
    return time_of(part, what, kernels, rates)._replace(unit=unit)


def ratio_of(part: str, what: str, kernels: str, over: Sequence[float], under: Sequence[float]) -> Figure:
    """How many times the seconds `under` go into the seconds `over`, which were taken in the same rounds. With a single
    round the interval has no ends."""
    found = mean_interval([math.log(a / b) for a, b in zip(over, under, strict=True)])
    value, low, high = (math.exp(end) for end in (found.mean, found.low, found.high))
    return Figure(part, what, kernels, value, low, high, TIMES, found.n)
