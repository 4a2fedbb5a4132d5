"""Inverted dropout: in training each unit is kept with probability p and scaled by 1 / p. This keeps its mean, so that the
layer is the identity at test time. `p` is the probability of KEEPING a unit.

Source: Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting"; scaling in training
instead of at test time is the "inverted" form of its section 10.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from bnlab.layers.checks import check_mode
from bnlab.layers.types import Array, Param

Cache: TypeAlias = Array | None


def dropout_forward(x: Array, dropout_param: Param) -> tuple[Array, Cache]:
    """`out = x · mask` with `mask = (u < p) / p`, u uniform on [0, 1); in test mode `out = x`.

    x: any shape. dropout_param: `mode` 'train' or 'test'; `p`, the probability of keeping a unit, 0 < p <= 1; `seed`, for
    the same mask at every call; `rng`, a stream to draw the mask from. Without `seed` and `rng` it is drawn from NumPy's
    global stream. Raises ValueError for another mode or p.
    """
    mode, p = check_mode(dropout_param, "dropout_param"), dropout_param["p"]
    if not 0 < p <= 1:
        raise ValueError(f"dropout_param['p'] is {p!r}: it is the probability of keeping a unit, above 0 and at most 1")
    if mode == "test":
        return x.copy(), None
    mask = ((_stream(dropout_param).random(x.shape) < p) / p).astype(x.dtype)
    return x * mask, mask


def dropout_backward(dout: Array, cache: Cache) -> Array:
    """`dx = dout · mask`; in test mode `dx = dout`. dout, dx: shaped like x."""
    return dout.copy() if cache is None else dout * cache


def _stream(dropout_param: Param) -> Any:
    seed = dropout_param.get("seed")
    if seed is not None:
        return np.random.RandomState(seed)
    rng = dropout_param.get("rng")
    return np.random if rng is None else rng
