"""Numeric gradients that know where they mean nothing: at a kink of relu, max pooling or a hinge.

Move one entry of x by t: what the function gives, weighted by the upstream gradient, is φ(t). On so short a stretch a
smooth φ is a quartic. We take φ at seven points, fit the best quartic, and have both answers from the one fit: its slope in
the middle is the numeric gradient, and what it leaves over tells of a kink. One kink throws the slope off by at most
3.2 times the length of what is left over, wherever between the points it lies, so none that does harm goes unseen; several
on the same stretch may do more. Nothing is asked of the layer, so this works for any function; and the analytic gradient
isn't looked at, so no wrong one is excused.

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
"""The largest error of the slope that one kink makes, over the length of the rest that it leaves."""


def slopes(f: Callable[[], Array], x: Array, df: Array, h: float = STEP) -> tuple[Array, Array]:
    """The gradient of `Σ f() · df` by the array x that f reads, and how far a kink within 3 h may have thrown it off.

    df: the upstream gradient, shaped like what f gives. Both results are shaped like x, in f's units over x's. x is
    perturbed in place and restored. Rounding alone leaves about `eps · |f| / h` in the second.
    """
    gradient, harm = np.zeros_like(x), np.zeros_like(x)
    middle = f().copy()
    with np.errstate(invalid="ignore"):  # infinity less infinity is the NaN that it should be
        for index in np.ndindex(x.shape):
            phi = np.array(along(lambda _: np.sum((f() - middle) * df), x, index, h * POINTS))
            gradient[index] = SLOPE @ phi / h
            harm[index] = HARM * np.linalg.norm(REST @ phi) / h
    return gradient, harm
