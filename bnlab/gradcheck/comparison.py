"""One array compared with the right one: the largest error, where it is, and the two values there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bnlab.gradcheck.numeric import relative
from bnlab.layers.types import Array

Index = tuple[int, ...]

TOLERANCE = 1e-6
"""Largest relative error of a correct float64 gradient. The errors of our own stay under a third of it."""
ZERO_TOLERANCE = 1e-9
"""Largest absolute error of a gradient at zero or near it, where a relative error means nothing."""
VALUE_TOLERANCE = 1e-9
"""Largest relative error of an output: no numeric gradient is involved."""
KINK_TOLERANCE = 1e-7
"""How far a kink may throw off a small numeric gradient. In the table's cases rounding error alone produces about 1e-9."""
NOTHING_TO_COMPARE = (
    "every entry lies at a kink, or the output is too coarse for numeric gradients (rounded, or float32 within)"
)
SMALL = ZERO_TOLERANCE / TOLERANCE
"""Below this magnitude the absolute tolerance holds, above it the relative one."""


@dataclass(frozen=True)
class Comparison:
    """How one array of one case compares with the right one: the gradient of an argument, or an output `value`.

    error: the largest relative error, at `index`, where the function gave `analytic` and `numeric` is right. If `zero`, the
    true gradient is zero, and the error is the largest absolute value. kinks: the entries left out, because there is no
    gradient there; `entries` counts all. For a user's functions: the `function`; a `problem` that prevents the comparison
    or that numbers don't show; the known `slip` that explains a difference; or a `note`. skipped: it wasn't checked, and
    doesn't have to be.
    """

    case: str
    gradient: str | None = None
    value: str | None = None
    error: float = math.nan
    index: Index = ()
    analytic: float = math.nan
    numeric: float = math.nan
    zero: bool = False
    kinks: tuple[Index, ...] = ()
    entries: int = 0
    function: str | None = None
    problem: str | None = None
    slip: str | None = None
    note: str | None = None
    skipped: bool = False

    @property
    def what(self) -> str:
        """The array's usual name: dx, out. Empty if no single array is meant."""
        return self.value or (f"d{self.gradient}" if self.gradient else "")

    @property
    def tolerance(self) -> float:
        """The largest error allowed."""
        return VALUE_TOLERANCE if self.value else ZERO_TOLERANCE if self.zero else TOLERANCE

    @property
    def ok(self) -> bool | None:
        """Whether there is no problem and the error is within its tolerance; None if it was skipped."""
        return None if self.skipped else self.problem is None and self.error <= self.tolerance


def compare_gradient(bare: Comparison, analytic: Array, numeric: Array, harm: Array) -> Comparison:
    """The bare comparison, filled in for a gradient and the numeric one. harm: how far a kink may throw that off."""
    kinks = harm > np.maximum(TOLERANCE * np.abs(numeric), KINK_TOLERANCE)
    error = np.maximum(np.abs(analytic), np.abs(numeric)) if bare.zero else relative(analytic, numeric, SMALL)
    found = replace(bare, kinks=tuple(tuple(index) for index in np.argwhere(kinks).tolist()), entries=kinks.size)
    if kinks.all():
        return replace(found, problem=NOTHING_TO_COMPARE)
    return _at_worst(found, np.where(kinks, -1, error), analytic, numeric)


def compare_value(bare: Comparison, given: Array, right: Array) -> Comparison:
    """The bare comparison, filled in for an output and the right one of the same shape."""
    return _at_worst(replace(bare, entries=right.size), relative(given, right, SMALL), given, right)


def worst_entry(error: Array, analytic: Array, numeric: Array) -> tuple[Index, float, float, float]:
    """Where the error is largest, the error, and the two values there."""
    index = tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))
    return index, float(error[index]), float(analytic[index]), float(numeric[index])


def _at_worst(comparison: Comparison, error: Array, analytic: Array, numeric: Array) -> Comparison:
    index, worst, given, right = worst_entry(error, analytic, numeric)
    return replace(comparison, index=index, error=worst, analytic=given, numeric=right)
