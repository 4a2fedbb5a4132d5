"""What all normalizations share: one core. Each of them is a choice of two sets of axes.

`xhat = (x - mu) / sqrt(var + eps)`, `out = gamma · xhat + beta`. The mean mu and the (uncorrected, 1/m) variance are taken
over the m entries that share a statistic. gamma and beta belong to the entries that share a parameter. The normalizations
differ in nothing else, so a new one is a new row of axes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bnlab.layers.checks import check_mode
from bnlab.layers.types import Array, Param

EPS = 1e-5
MOMENTUM = 0.9
CONVENTIONS = ("notebook", "torch")
"""Whose running variance batchnorm keeps: the notebooks' starts at zero and moves by the uncorrected variance of the
minibatch; PyTorch's starts at one and moves by the corrected one, m / (m - 1) times as large."""


class Axes(NamedTuple):
    """The axes of x along which entries share a statistic (mean and variance), and a parameter (gamma and beta)."""

    statistic: tuple[int, ...]
    parameter: tuple[int, ...]


BATCH = Axes(statistic=(0,), parameter=(0,))
LAYER = Axes(statistic=(1,), parameter=(0,))
SPATIAL_BATCH = Axes(statistic=(0, 2, 3), parameter=(0, 2, 3))
SPATIAL_GROUP = Axes(statistic=(2, 3, 4), parameter=(0, 3, 4))
"""For images whose channels are in groups: (N, G, C/G, H, W)."""


class Cache(NamedTuple):
    """What the backward passes need. inv_std and gamma broadcast against xhat. constant: the statistics were constants
    (batchnorm's test mode), so no gradient flows back through them."""

    centred: Array
    xhat: Array
    inv_std: Array
    gamma: Array
    axes: Axes
    constant: bool


def normalize(x: Array, gamma: Array, beta: Array, param: Param, axes: Axes) -> tuple[Array, Cache]:
    """Normalize x by its own statistics. gamma, beta: one entry per parameter, in any shape. param: `eps` (1e-5)."""
    _, centred, var = _moments(x, axes)
    return _scale_and_shift(centred, var, gamma, beta, param, axes)


def normalize_batch(x: Array, gamma: Array, beta: Array, bn_param: Param, axes: Axes) -> tuple[Array, Cache]:
    """Normalize x: in training by the minibatch's statistics, which also move the running ones; at test time by these."""
    mode = check_mode(bn_param, "bn_param")
    running = [_running(bn_param, key, x) for key in ("running_mean", "running_var")]
    if mode == "train":
        mean, centred, var = _moments(x, axes)
        momentum = float(bn_param.get("momentum", MOMENTUM))
        batch = mean.reshape(-1), _moved_by(var.reshape(-1), bn_param, _count(x, axes.statistic))
        running = [momentum * old + (1 - momentum) * new for old, new in zip(running, batch, strict=True)]
    else:
        mean, var = (_broadcast(statistic, x, axes) for statistic in running)
        centred = x - mean
    bn_param["running_mean"], bn_param["running_var"] = running
    return _scale_and_shift(centred, var, gamma, beta, bn_param, axes, constant=mode == "test")


def backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """`dx = (g - mean(g) - xhat · mean(g · xhat)) · inv_std` with `g = dout · gamma`, means over the shared statistic.

    dout: shaped like x. Gives dx, and dgamma and dbeta, both one-dimensional.
    """
    xhat, scale, axes = cache.xhat, cache.inv_std, cache.axes
    dgamma, dbeta = parameter_gradients(dout, cache)
    if cache.constant:
        return dout * (cache.gamma * scale), dgamma, dbeta
    m = _count(dout, axes.statistic)
    if axes.statistic == axes.parameter:
        # Entries that share a statistic share gamma too. It comes out of the means, which leaves dbeta / m and dgamma / m.
        g, scale = dout, cache.gamma * scale
        mean_g, mean_g_xhat = (_broadcast(total, dout, axes) / m for total in (dbeta, dgamma))
    else:
        g = dout * cache.gamma
        mean_g = np.add.reduce(g, axis=axes.statistic, keepdims=True) / m
        mean_g_xhat = np.add.reduce(g * xhat, axis=axes.statistic, keepdims=True) / m
    dx = xhat * mean_g_xhat
    dx += mean_g
    np.subtract(g, dx, out=dx)
    dx *= scale
    return dx, dgamma, dbeta


def parameter_gradients(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """`dgamma = Σ dout · xhat` and `dbeta = Σ dout` over the entries that share a parameter; both one-dimensional."""
    axes = cache.axes.parameter
    return np.add.reduce(dout * cache.xhat, axis=axes).reshape(-1), np.add.reduce(dout, axis=axes).reshape(-1)


def values_per_statistic(cache: Cache) -> int:
    """m, the number of values that share each mean and variance."""
    return cache.xhat.size // cache.inv_std.size


def _moments(x: Array, axes: Axes) -> tuple[Array, Array, Array]:
    """Mean, centred x and uncorrected variance. Mean and variance keep the axes they were taken over, with length 1."""
    m = _count(x, axes.statistic)
    mean = np.add.reduce(x, axis=axes.statistic, keepdims=True) / m
    centred = x - mean
    var = np.add.reduce(centred * centred, axis=axes.statistic, keepdims=True) / m
    return mean, centred, var


def _scale_and_shift(
    centred: Array, var: Array, gamma: Array, beta: Array, param: Param, axes: Axes, constant: bool = False
) -> tuple[Array, Cache]:
    eps = float(param.get("eps", EPS))  # a NumPy scalar would change the dtype of the output
    inv_std = 1 / np.sqrt(var + eps)
    xhat = centred * inv_std
    gamma = _broadcast(gamma, centred, axes)
    out = gamma * xhat
    out += _broadcast(beta, centred, axes)
    return out, Cache(centred, xhat, inv_std, gamma, axes, constant)


def corrects(bn_param: Param) -> bool:
    """Whether the running variance is PyTorch's. Raises ValueError for a convention that there isn't."""
    convention = bn_param.get("convention", "notebook")
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}: it must be one of {', '.join(CONVENTIONS)}")
    return bool(convention == "torch")


def _moved_by(var: Array, bn_param: Param, m: int) -> Array:
    """What the running variance moves by. var: the uncorrected variance of m values."""
    if not corrects(bn_param):
        return var
    if m < 2:
        raise ValueError("convention is 'torch', and one value has no corrected variance: give a larger minibatch")
    return var * (m / (m - 1))


def _running(bn_param: Param, key: str, x: Array) -> Array:
    """The running statistic in x's dtype; if there is none yet zeros, or ones for PyTorch's variance."""
    value = bn_param.get(key)
    if value is not None:
        return np.asarray(value, x.dtype)
    return np.full(x.shape[1], float(key == "running_var" and corrects(bn_param)), x.dtype)


def _broadcast(values: Array, x: Array, axes: Axes) -> Array:
    """One value per parameter, reshaped to broadcast against x: entries share it along the first axis and the last ones."""
    last = len(axes.parameter) - 1
    return values.reshape(x.shape[1 : x.ndim - last] + (1,) * last) if last else values


def _count(x: Array, axes: tuple[int, ...]) -> int:
    """How many entries share one value along the axes."""
    return math.prod(x.shape[axis] for axis in axes)
