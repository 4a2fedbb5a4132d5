"""Numeric gradients that detect kinks: at a kink of relu, max pooling or a hinge there is no gradient.

1. One entry of x moves by t. The output, weighted by the upstream gradient, is a number φ(t).
2. φ is taken at seven points close to t = 0. Over such a short distance a smooth φ is a polynomial of degree four.
3. The best such polynomial is fitted. Its slope in the middle is the numeric gradient.
4. What the fit leaves over shows a kink. One kink, anywhere between the points, throws the slope off by at most 3.2 times
   the length of what is left over. So no single kink that does harm is missed; several together may do more harm.

This needs nothing but the function's values, so it works for any layer. It doesn't use the analytic gradient, so a wrong
gradient can't hide behind a kink.

Source of the fit: Savitzky and Golay, 1964, "Smoothing and differentiation of data by simplified least squares procedures".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnlab.gradcheck.numeric import STEP, along
from bnlab.layers.types import Array

POINTS = np.arange(-3.0, 4.0)
_powers = np.vander(POINTS, 5, increasing=True)
_fit = np.linalg.pinv(_powers)
SLOPE = _fit[1]
REST = np.eye(len(POINTS)) - _powers @ _fit
HARM = 3.2
"""The largest error of the slope that one kink makes, divided by the length of what the fit leaves over."""


def slopes(f: Callable[[], Array], x: Array, df: Array, h: float = STEP) -> tuple[Array, Array]:
    """The gradient of `Σ f() · df` by the array x that f reads, and how far a kink within 3 h may have thrown it off.

    df: the upstream gradient, shaped like the output of f. Both results are shaped like x, in units of f per unit of x.
    Rounding error alone makes the second about `eps · |f| / h`. x is changed in place and restored.
    """
    gradient, harm = np.zeros_like(x), np.zeros_like(x)
    middle = f().copy()
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, as it should be
        for index in np.ndindex(x.shape):
            phi = np.array(along(lambda _: np.sum((f() - middle) * df), x, index, h * POINTS))
            gradient[index] = SLOPE @ phi / h
            harm[index] = HARM * np.linalg.norm(REST @ phi) / h
    return gradient, harm
