"""The rectifier: `out = max(0, x)`, with gradient 0 at 0.

Source: Nair and Hinton, 2010, "Rectified linear units improve restricted Boltzmann machines".
"""

from __future__ import annotations

import numpy as np

from bnlab.layers.types import Array


def relu_forward(x: Array) -> tuple[Array, Array]:
    """`out = max(0, x)`. x: any shape. Gives out, shaped like x, and the cache."""
    out = np.maximum(x, 0)
    return out, out > 0


def relu_backward(dout: Array, cache: Array) -> Array:
    """`dx = dout` where x was above 0, and 0 elsewhere (at 0 too). dout, dx: shaped like x."""
    return dout * cache
