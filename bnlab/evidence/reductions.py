"""How the runs of one curve of a sweep become one number in each replicate.

A curve has a run at each value x of the setting that is swept, and each run has a measured value. A reduction takes the
points (x, value) of one replicate, and those of the other replicates of the same curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from bnlab.runs.fields import Range

Points: TypeAlias = Sequence[tuple[float, float]]
"""The (x, value) of a curve in one replicate, x ascending. What is no sweep has one point, whose x doesn't matter."""


class Reduction(NamedTuple):
    """A way to make one number of a curve's points.

    words: what it is, with places for {measure}, {axis} (the setting that is swept) and its arguments {0}, {1}, … value: of
    the points, those of the other replicates, and the arguments. numbers: how many arguments it takes; allowed: the range
    of each. uses: whether it takes the run at x. fits: whether the xs of a curve allow it. unit and compared: None for
    those of the measure. on_grid: its values lie on the grid of log10 x, not on that of the measure. at_limit: whether what
    it looks for may lie above the highest x. is_logarithm: whether its number is log10 of an x, which says nothing of a
    curve alone. of_best: whether it takes the highest value as the best.
    """

    words: str
    value: Callable[..., float]
    numbers: int = 0
    allowed: Range | None = None
    uses: Callable[..., bool] = lambda x, *arguments: True
    fits: Callable[..., bool] = lambda xs, *arguments: True
    unit: str | None = None
    compared: tuple[str, str] | None = None
    on_grid: bool = False
    at_limit: Callable[..., bool] = lambda points, *arguments: False
    is_logarithm: bool = False
    of_best: bool = False


def grid_step(xs: Sequence[float]) -> float:
    """The mean distance of neighbours in log10 x."""
    return (math.log10(xs[-1]) - math.log10(xs[0])) / (len(xs) - 1)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _all(points: Points, others: Sequence[Points]) -> float:
    return _mean([value for _, value in points])


def _between(points: Points, others: Sequence[Points], low: float, high: float) -> float:
    return _mean([value for x, value in points if low <= x <= high])


def _difference(points: Points, others: Sequence[Points], *bounds: float) -> float:
    return _between(points, others, *bounds[:2]) - _between(points, others, *bounds[2:])


def _slope(points: Points, others: Sequence[Points]) -> float:
    """Of the least-squares line through the values over log2 x."""
    xs = [math.log2(x) for x, _ in points]
    middle = _mean(xs)
    return math.fsum((x - middle) * y for x, (_, y) in zip(xs, points, strict=True)) / math.fsum(
        (x - middle) ** 2 for x in xs
    )


def _steepness(points: Points, others: Sequence[Points]) -> float:
    return abs(_slope(points, others))


def _at(points: Points, others: Sequence[Points], wanted: float) -> float:
    return dict(points)[wanted]


def _at_best(points: Points, others: Sequence[Points]) -> float:
    """The value at the x that is best on average over the other replicates: the choice owes nothing to the value itself."""
    if not others:
        return math.nan
    means = {x: _mean([dict(other)[x] for other in others]) for x, _ in points}
    return dict(points)[max(means, key=means.__getitem__)]


def _reaching(points: Points, share: float) -> list[float]:
    """The xs whose value is at least that share of the curve's highest."""
    highest = max(value for _, value in points)
    return [x for x, value in points if value >= share * highest]


def _extent(points: Points, others: Sequence[Points], share: float) -> float:
    return len(_reaching(points, share)) * grid_step([x for x, _ in points])


def _largest(points: Points, others: Sequence[Points], share: float) -> float:
    return math.log10(max(_reaching(points, share)))


def _reaches_at_the_end(points: Points, share: float) -> bool:
    return points[-1][0] in _reaching(points, share)


def _in_any(x: float, *bounds: float) -> bool:
    return any(low <= x <= high for low, high in _pairs(bounds))


def _has_in_each(xs: Sequence[float], *bounds: float) -> bool:
    return all(any(low <= x <= high for x in xs) for low, high in _pairs(bounds))


def _pairs(bounds: Sequence[float]) -> Iterator[tuple[float, float]]:
    return zip(bounds[::2], bounds[1::2], strict=True)


def _several_positive(xs: Sequence[float], *arguments: float) -> bool:
    return len(xs) > 1 and xs[0] > 0


A_SHARE = Range(above=0, at_most=1)
REDUCTIONS = {
    "all": Reduction("{measure}", _all),
    "between": Reduction("{measure} (mean over {axis} {0} to {1})", _between, 2, uses=_in_any, fits=_has_in_each),
    "difference": Reduction(
        "{measure} at {axis} {0} to {1} minus that at {2} to {3}", _difference, 4, uses=_in_any, fits=_has_in_each,
    ),
    "slope": Reduction("slope of {measure} against log2 of {axis}", _slope, fits=_several_positive),
    "steepness": Reduction(
        "dependence of {measure} on {axis} (absolute slope against log2)", _steepness, fits=_several_positive,
        compared=("stronger", "weaker"),
    ),
    "at": Reduction(
        "{measure} at {axis} {0}", _at, 1, uses=lambda x, wanted: x == wanted, fits=lambda xs, wanted: wanted in xs,
    ),
    "at_best": Reduction("{measure} at its own best {axis}", _at_best, fits=lambda xs: len(xs) > 1, of_best=True),
    "extent": Reduction(
        "range of {axis} with {measure} of at least {0} of the highest", _extent, 1, A_SHARE, fits=_several_positive,
        unit="decades", compared=("wider", "narrower"), on_grid=True, of_best=True,
    ),
    "largest": Reduction(
        "largest {axis} with {measure} of at least {0} of the highest", _largest, 1, A_SHARE, fits=_several_positive,
        unit="decades", compared=("higher", "lower"), on_grid=True, at_limit=_reaches_at_the_end, is_logarithm=True,
        of_best=True,
    ),
}  # fmt: skip
"""All reductions, by the names that claims use."""
