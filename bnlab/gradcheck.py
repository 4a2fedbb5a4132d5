"""Numeric against analytic gradients, by central differences in float64.

The two functions of the notebooks perturb x in place and restore it, because notebook closures ignore their argument and
read x itself. `check` runs one row of the table of layer cases (`bnlab.cases`) and says how far off it is, and where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnlab.cases import Case
from bnlab.layers.types import Array

STEP = 1e-5
ZERO_TOLERANCE = 1e-9
"""Largest absolute value of a gradient whose true value is zero: any relative error of it is noise over noise."""
TOLERANCE = 1e-6
"""Largest relative error of a correct float64 gradient at that step, with room: correct layers stay near 1e-9."""


def rel_error(x: Array, y: Array) -> float:
    """`max |x - y| / max(1e-8, |x| + |y|)`: the largest relative difference of two arrays of one shape."""
    return float(np.max(_relative(np.asarray(x), np.asarray(y)), initial=0.0))


def eval_numerical_gradient(f: Callable[[Array], Any], x: Array, verbose: bool = True, h: float = STEP) -> Array:
    """The gradient of a scalar function at x, shaped like x. verbose: print each entry. x is perturbed and restored."""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = _both_sides(f, x, index, h)
        grad[index] = (above - below) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(f: Callable[[Array], Array], x: Array, df: Array, h: float = STEP) -> Array:
    """The gradient of `Σ f(x) · df` at x, shaped like x: df is the upstream gradient, shaped like f(x). x is perturbed and
    restored."""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = _both_sides(lambda x: f(x).copy(), x, index, h)
        grad[index] = np.sum((above - below) * df) / (2 * h)
    return grad


@dataclass(frozen=True)
class Verdict:
    """How one gradient of one case compares: the worst error, the index where it sits, and the two values there.

    zero: the true gradient is zero, and the error is the larger of the two absolute values.
    """

    case: str
    gradient: str
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    zero: bool

    @property
    def ok(self) -> bool:
        """Whether the error lies under its tolerance; an error that isn't a number does not."""
        return self.error <= (ZERO_TOLERANCE if self.zero else TOLERANCE)


def check(case: Case, seed: int = 231) -> list[Verdict]:
    """A verdict for each gradient of the case, on float64 inputs and a random upstream gradient from the seed."""
    rng = np.random.RandomState(seed)
    inputs = case.inputs(rng, np.dtype(np.float64))
    out, analytic = case.gradients(inputs, rng)
    numeric = {name: eval_numerical_gradient_array(lambda _: case.forward(inputs), inputs[name], out) for name in analytic}
    return [_verdict(case, name, analytic[name], numeric[name]) for name in analytic]


def _both_sides(f: Callable[[Array], Any], x: Array, index: tuple[int, ...], h: float) -> tuple[Any, Any]:
    old = x[index]
    try:
        x[index] = old + h
        above = f(x)
        x[index] = old - h
        return above, f(x)
    finally:
        x[index] = old


def _relative(x: Array, y: Array) -> Array:
    relative: Array = np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y))
    return relative


def _verdict(case: Case, name: str, analytic: Array, numeric: Array) -> Verdict:
    zero = name in case.zero
    error = np.maximum(np.abs(analytic), np.abs(numeric)) if zero else _relative(analytic, numeric)
    index = tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))
    return Verdict(case.name, name, float(error[index]), index, float(analytic[index]), float(numeric[index]), zero)
