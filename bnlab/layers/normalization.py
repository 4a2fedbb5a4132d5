"""Batch and layer normalization of rows of features (N, D): the core with two choices of axes.

Sources: Ioffe and Szegedy, 2015, "Batch normalization", algorithms 1 and 2; Ba, Kiros and Hinton, 2016, "Layer
normalization", equations 3 and 4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bnlab.layers.normalization_core import BATCH, LAYER, Cache, backward, normalize, normalize_batch, parameter_gradients
from bnlab.layers.types import Array, Param


def batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Cache]:
    """Normalize each feature over the minibatch.

    x: (N, D), gamma and beta: (D,). bn_param: `mode` 'train' or 'test', `eps` (1e-5), `momentum` (0.9), and the state
    `running_mean` and `running_var`, (D,), which start as zeros of x's dtype. Training moves them by `running = momentum ·
    running + (1 - momentum) · batch value`, with the uncorrected variance. Test mode normalizes with them. `convention`
    'torch' (default 'notebook') keeps PyTorch's running variance: ones at first, moved by the corrected variance. Gives
    out: (N, D) and the cache. Raises ValueError for another mode or convention.
    """
    return normalize_batch(x, gamma, beta, bn_param, BATCH)


def batchnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """The gradient, by a walk backwards through the computation graph. Three paths lead into x, two of them by var and mu.

    dout: (N, D). Gives dx: (N, D), dgamma and dbeta: (D,). Source: Ioffe and Szegedy, 2015, section 3.
    """
    dgamma, dbeta = parameter_gradients(dout, cache)
    if cache.constant:
        return dout * cache.gamma * cache.inv_std, dgamma, dbeta
    return batchnorm_steps(dout, cache).dx, dgamma, dbeta


class Steps(NamedTuple):
    """The gradients in batchnorm's backward pass, in their order; docs/derivations.md draws the graph."""

    dxhat: Array
    dinv_std: Array
    dvar: Array
    dsquared: Array
    dcentred: Array
    dmu: Array
    dx: Array


def batchnorm_steps(dout: Array, cache: Cache) -> Steps:
    """The walk itself, one line for each node. dout: (N, D), cache: of a forward pass in training.

    dsquared is one row: the gradient is the same for all rows of squared.
    """
    m = len(dout)
    dxhat = dout * cache.gamma
    dinv_std = np.add.reduce(dxhat * cache.centred, axis=0)
    dvar = -0.5 * cache.inv_std**3 * dinv_std
    dsquared = dvar / m
    dcentred = dxhat * cache.inv_std + 2 * dsquared * cache.centred
    dmu = -np.add.reduce(dcentred, axis=0)
    dx = dcentred + dmu / m
    return Steps(dxhat, dinv_std, dvar, dsquared, dcentred, dmu, dx)


def batchnorm_backward_alt(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """The same gradient in closed form, on the same cache: fewer passes over the data.

    dout: (N, D). Gives dx: (N, D), dgamma and dbeta: (D,).
    """
    return backward(dout, cache)


def layernorm_forward(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Cache]:
    """Normalize each row over its features, in the same way in training and at test time.

    x: (N, D), gamma and beta: (D,). ln_param: `eps` (1e-5). Gives out: (N, D) and the cache.
    """
    return normalize(x, gamma, beta, ln_param, LAYER)


def layernorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dout: (N, D). Gives dx: (N, D), dgamma and dbeta: (D,)."""
    return backward(dout, cache)
