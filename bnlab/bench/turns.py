"""Two functions timed in turn, so that a busy machine slows both down."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

LONG_ENOUGH = 2e-3
"""Seconds that a timing takes at least: a function that is faster is called several times."""


class Work(NamedTuple):
    """Something that ours does and, where PyTorch is installed, theirs too."""

    what: str
    ours: Callable[[], object]
    theirs: Callable[[], object] | None


class Timed(NamedTuple):
    """The seconds that a work took in each round. theirs: None where it isn't installed."""

    what: str
    ours: list[float]
    theirs: list[float] | None


def in_turn(work: Work, rounds: int) -> Timed:
    """Time both, round by round, after a call of each that doesn't count."""
    functions = [function for function in (work.ours, work.theirs) if function is not None]
    calls = [calls_needed(function) for function in functions]
    taken = [[seconds(*pair) for pair in zip(functions, calls, strict=True)] for _ in range(rounds)]
    ours, *theirs = ([*column] for column in zip(*taken, strict=True))
    return Timed(work.what, ours, theirs[0] if theirs else None)


def calls_needed(function: Callable[[], object]) -> int:
    """How many calls a timing takes. The first call, with what it sets up, doesn't count."""
    function()
    return max(1, math.ceil(LONG_ENOUGH / max(seconds(function), 1e-9)))


def seconds(function: Callable[[], object], calls: int = 1) -> float:
    """Seconds per call."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def fastest(function: Callable[[], object], repeats: int) -> float:
    """Seconds per call in the fastest of some repeats."""
    calls = calls_needed(function)
    return min(seconds(function, calls) for _ in range(repeats))


def all_in_turn(works: Sequence[Work], rounds: int) -> list[Timed]:
    """Each work by itself."""
    return [in_turn(work, rounds) for work in works]
