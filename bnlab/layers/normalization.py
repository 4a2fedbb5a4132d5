"""Batch and layer normalization: one core, and for each a choice of two sets of axes.

`xhat = (x - mu) / sqrt(var + eps)`, `out = gamma · xhat + beta`. The mean mu and the (uncorrected, 1/m) variance are taken
over the m entries that share a statistic; gamma and beta belong to the entries that share a parameter. Nothing else tells
one normalization from another, so a further one is a further row of axes.

Sources: Ioffe and Szegedy, 2015, "Batch normalization", algorithms 1 and 2; Ba, Kiros and Hinton, 2016, "Layer
normalization", equations 3 and 4.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bnlab.layers.modes import check_mode
from bnlab.layers.types import Array, Param

EPS = 1e-5
MOMENTUM = 0.9


class Axes(NamedTuple):
    """The axes of x along which entries share a statistic (mean and variance), and a parameter (gamma and beta)."""

    statistic: tuple[int, ...]
    parameter: tuple[int, ...]


BATCH = Axes(statistic=(0,), parameter=(0,))
LAYER = Axes(statistic=(1,), parameter=(0,))


class Cache(NamedTuple):
    """What the backward passes need. `axes` is None where the statistics were constants (batchnorm's test mode)."""

    centred: Array
    xhat: Array
    inv_std: Array
    gamma: Array
    axes: Axes | None


def batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Cache]:
    """Normalize each feature over the minibatch.

    x: (N, D), gamma and beta: (D,). bn_param: `mode` 'train' or 'test', `eps` (1e-5), `momentum` (0.9), and the state
    `running_mean` and `running_var`, (D,), zeros of x's dtype at first. Training moves them, `running = momentum · running
    + (1 - momentum) · batch value` with the uncorrected variance; test mode normalizes with them. Gives out: (N, D) and
    the cache. Raises ValueError for another mode.
    """
    mode = check_mode(bn_param, "bn_param")
    running_mean, running_var = (_running(bn_param, key, x) for key in ("running_mean", "running_var"))
    if mode == "train":
        mean, centred, var = _moments(x, BATCH)
        momentum = float(bn_param.get("momentum", MOMENTUM))
        running_mean = momentum * running_mean + (1 - momentum) * mean[0]
        running_var = momentum * running_var + (1 - momentum) * var[0]
        axes = BATCH
    else:
        centred, var, axes = x - running_mean, running_var, None
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return _scale_and_shift(centred, var, gamma, beta, _eps(bn_param), axes)


def batchnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """The gradient, walking the computation graph backwards: three paths lead into x, two of them through var and mu.

    dout: (N, D). Gives dx: (N, D), dgamma and dbeta: (D,). Source: Ioffe and Szegedy, 2015, section 3.
    """
    dgamma, dbeta = _parameter_gradients(dout, cache.xhat, BATCH)
    dxhat = dout * cache.gamma
    if cache.axes is None:
        return dxhat * cache.inv_std, dgamma, dbeta
    m = len(dout)
    dvar = -0.5 * cache.inv_std**3 * np.add.reduce(dxhat * cache.centred, axis=0)
    dcentred = dxhat * cache.inv_std + (2 / m) * dvar * cache.centred
    dmu = -np.add.reduce(dcentred, axis=0)
    return dcentred + dmu / m, dgamma, dbeta


def batchnorm_backward_alt(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """The same gradient in closed form, on the same cache: fewer passes over the data.

    dout: (N, D). Gives dx: (N, D), dgamma and dbeta: (D,).
    """
    return _backward(dout, cache, BATCH)


def layernorm_forward(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Cache]:
    """Normalize each row over its features, in training and at test time alike.

    x: (N, D), gamma and beta: (D,). ln_param: `eps` (1e-5). Gives out: (N, D) and the cache.
    """
    _, centred, var = _moments(x, LAYER)
    return _scale_and_shift(centred, var, gamma, beta, _eps(ln_param), LAYER)


def layernorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dout: (N, D). Gives dx: (N, D), dgamma and dbeta: (D,)."""
    return _backward(dout, cache, LAYER)


def _running(bn_param: Param, key: str, x: Array) -> Array:
    """The running statistic in x's dtype; zeros at first."""
    value = bn_param.get(key)
    return np.zeros(x.shape[1], x.dtype) if value is None else np.asarray(value, x.dtype)


def _eps(param: Param) -> float:
    return float(param.get("eps", EPS))  # a NumPy scalar would decide the dtype of all that follows


def _moments(x: Array, axes: Axes) -> tuple[Array, Array, Array]:
    """Mean, centred x and uncorrected variance; the first and last keep the axes they were taken over, at length 1."""
    m = _count(x, axes.statistic)
    mean = np.add.reduce(x, axis=axes.statistic, keepdims=True) / m
    centred = x - mean
    var = np.add.reduce(centred * centred, axis=axes.statistic, keepdims=True) / m
    return mean, centred, var


def _scale_and_shift(
    centred: Array, var: Array, gamma: Array, beta: Array, eps: float, axes: Axes | None
) -> tuple[Array, Cache]:
    inv_std = 1 / np.sqrt(var + eps)
    xhat = centred * inv_std
    out = gamma * xhat
    out += beta
    return out, Cache(centred, xhat, inv_std, gamma, axes)


def _parameter_gradients(dout: Array, xhat: Array, axes: Axes) -> tuple[Array, Array]:
    dgamma = np.add.reduce(dout * xhat, axis=axes.parameter)
    return dgamma, np.add.reduce(dout, axis=axes.parameter)


def _backward(dout: Array, cache: Cache, axes: Axes) -> tuple[Array, Array, Array]:
    """`dx = (g - mean(g) - xhat · mean(g · xhat)) · inv_std` with `g = dout · gamma`, means over the shared statistic."""
    xhat, scale = cache.xhat, cache.inv_std
    dgamma, dbeta = _parameter_gradients(dout, xhat, axes)
    if cache.axes is None:
        return dout * (cache.gamma * scale), dgamma, dbeta
    m = _count(dout, axes.statistic)
    if axes.statistic == axes.parameter:
        # gamma is the same for all that share a statistic: it leaves the means, which are then dbeta / m and dgamma / m.
        g, mean_g, mean_g_xhat, scale = dout, dbeta / m, dgamma / m, cache.gamma * scale
    else:
        g = dout * cache.gamma
        mean_g = np.add.reduce(g, axis=axes.statistic, keepdims=True) / m
        mean_g_xhat = np.add.reduce(g * xhat, axis=axes.statistic, keepdims=True) / m
    dx = xhat * mean_g_xhat
    dx += mean_g
    np.subtract(g, dx, out=dx)
    dx *= scale
    return dx, dgamma, dbeta


def _count(x: Array, axes: tuple[int, ...]) -> int:
    """How many entries share one value along the axes."""
    return math.prod(x.shape[axis] for axis in axes)
