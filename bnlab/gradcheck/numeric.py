"""Numeric gradients by central differences, and the relative error: the notebooks' functions.

They change x in place and restore it, because the functions in notebooks ignore their argument and read x itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from bnlab.layers.types import Array

STEP = 1e-5


def rel_error(x: Array, y: Array) -> float:
    """`max |x - y| / max(1e-8, |x| + |y|)`: the largest relative difference of two arrays of one shape."""
    return float(np.max(relative(np.asarray(x), np.asarray(y), floor=1e-8), initial=0.0))


def eval_numerical_gradient(f: Callable[[Array], Any], x: Array, verbose: bool = True, h: float = STEP) -> Array:
    """The gradient of a scalar function at x, shaped like x. verbose: print each entry. x is changed and restored."""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = along(f, x, index, (h, -h))
        grad[index] = (above - below) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(f: Callable[[Array], Array], x: Array, df: Array, h: float = STEP) -> Array:
    """The gradient of `Σ f(x) · df` at x, shaped like x. df: the upstream gradient, shaped like f(x). x is changed and
    restored."""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = along(lambda x: f(x).copy(), x, index, (h, -h))
        grad[index] = np.sum((above - below) * df) / (2 * h)
    return grad


def along(f: Callable[[Array], Any], x: Array, index: tuple[int, ...], steps: Iterable[float]) -> list[Any]:
    """The values of f with each of the steps added to the entry of x at index. x is restored, even if f fails."""
    old = x[index]
    values = []
    try:
        for step in steps:
            x[index] = old + step
            values.append(f(x))
    finally:
        x[index] = old
    return values


def relative(x: Array, y: Array, floor: float) -> Array:
    """`|x - y| / max(floor, |x| + |y|)`, entry by entry."""
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN
        error: Array = np.abs(x - y) / np.maximum(floor, np.abs(x) + np.abs(y))
    return error
