"""The affine (fully connected) layer: `out = x w + b`, every image flattened to a row.

Its backward pass has two halves, each a function of its own: a net's first layer doesn't need the gradient of the images.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from bnlab.layers.types import Array

Cache: TypeAlias = tuple[Array, Array]


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """`out = x w + b`.

    x: (N, d1, …, dk), w: (D, M) with D = d1 · … · dk, b: (M,). Gives out: (N, M) and the cache for the backward pass.
    """
    out = _rows(x) @ w
    out += b
    return out, (x, w)


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """`dx = dout wᵀ`, `dw = xᵀ dout`, `db = Σₙ dout`.

    dout: (N, M). Gives dx with the original shape of x, dw: (D, M), db: (M,).
    """
    return affine_input_gradient(dout, cache), *affine_parameter_gradients(dout, cache)


def affine_input_gradient(dout: Array, cache: Cache) -> Array:
    """The half of `affine_backward` for the layer before: dx, shaped like x."""
    x, w = cache
    return (dout @ w.T).reshape(x.shape)


def affine_parameter_gradients(
    dout: Array, cache: Cache, dw: Array | None = None, db: Array | None = None
) -> tuple[Array, Array]:
    """The half of `affine_backward` for the parameters: dw (D, M) and db (M,), written into the arrays given."""
    x, _ = cache
    dw = np.matmul(_rows(x).T, dout, out=dw)
    db = np.add.reduce(dout, axis=0, out=db)
    return dw, db


def _rows(x: Array) -> Array:
    """Every image as a row; of no images too, where -1 would not do."""
    return x.reshape(len(x), math.prod(x.shape[1:]))
