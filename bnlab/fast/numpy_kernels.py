"""The kernels in NumPy: as few calls as their sums need, in place, in the order of the layers' own sums.

Each gives the very bits of the layers it stands for. `numba_kernels.py` has the same functions, compiled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnlab.layers.types import Array


def relu_forward(z: Array, bias: Array) -> None:
    """bias, relu. z: (N, M), what the product gave, becomes the output. bias: (M,)."""
    np.add(z, bias, out=z)
    np.maximum(z, _zero(z), out=z)


def relu_backward(dout: Array, out: Array, dbias: Array) -> None:
    """dout: (N, M) becomes the gradient of the product, dbias: (M,) that of the bias. out: what the forward kernel left."""
    np.multiply(dout, out > _zero(out), out=dout)
    np.add.reduce(dout, axis=0, out=dbias)


def batchnorm_relu_train(
    z: Array, bias: Array, gamma: Array, beta: Array, momentum: float, eps: float,
    running_mean: Array, running_var: Array, next_mean: Array, next_var: Array, xhat: Array, inv_std: Array,
) -> None:  # fmt: skip
    """bias, batchnorm in training, relu. z: (N, M) becomes the output; bias, gamma, beta: (M,). Written: next_mean and
    next_var, the running statistics after this minibatch; xhat: (N, M) and inv_std: (M,), which the backward kernel needs.
    """
    n = len(z)
    np.add(z, bias, out=z)
    np.add.reduce(z, axis=0, out=next_mean)
    np.divide(next_mean, n, out=next_mean)
    np.subtract(z, next_mean, out=xhat)
    np.multiply(xhat, xhat, out=z)
    np.add.reduce(z, axis=0, out=next_var)
    np.divide(next_var, n, out=next_var)
    _inverse_deviation(next_var, eps, inv_std)
    np.multiply(xhat, inv_std, out=xhat)
    _scale_shift_relu(xhat, gamma, beta, z)
    for running, following in ((running_mean, next_mean), (running_var, next_var)):
        np.multiply(following, 1 - momentum, out=following)
        np.add(momentum * running, following, out=following)


def batchnorm_relu_test(z: Array, bias: Array, gamma: Array, beta: Array, eps: float, mean: Array, var: Array) -> None:
    """bias, batchnorm with the given statistics, relu. z: (N, M) becomes the output; the others: (M,)."""
    inv_std = np.empty_like(var)
    _inverse_deviation(var, eps, inv_std)
    np.add(z, bias, out=z)
    np.subtract(z, mean, out=z)
    np.multiply(z, inv_std, out=z)
    _scale_shift_relu(z, gamma, beta, z)


def batchnorm_relu_backward(
    dout: Array, out: Array, xhat: Array, inv_std: Array, gamma: Array, dgamma: Array, dbeta: Array, dbias: Array
) -> None:
    """dout: (N, M) becomes the gradient of the product. dgamma, dbeta, dbias: (M,), written. xhat is used up."""
    n = len(dout)
    _masked(dout, out, xhat, dgamma, dbeta)
    np.multiply(xhat, dgamma / n, out=xhat)
    np.add(xhat, dbeta / n, out=xhat)
    np.subtract(dout, xhat, out=dout)
    np.multiply(dout, gamma * inv_std, out=dout)
    np.add.reduce(dout, axis=0, out=dbias)


def layernorm_relu_forward(
    z: Array, bias: Array, gamma: Array, beta: Array, eps: float, xhat: Array, inv_std: Array
) -> None:
    """bias, layernorm, relu. z: (N, M) becomes the output; bias, gamma, beta: (M,). Written: xhat (N, M), inv_std (N,
    1)."""
    m = z.shape[1]
    np.add(z, bias, out=z)
    mean = np.add.reduce(z, axis=1, keepdims=True)
    np.divide(mean, m, out=mean)
    np.subtract(z, mean, out=xhat)
    np.multiply(xhat, xhat, out=z)
    var = np.add.reduce(z, axis=1, keepdims=True)
    np.divide(var, m, out=var)
    _inverse_deviation(var, eps, inv_std)
    np.multiply(xhat, inv_std, out=xhat)
    _scale_shift_relu(xhat, gamma, beta, z)


def layernorm_relu_backward(
    dout: Array, out: Array, xhat: Array, inv_std: Array, gamma: Array, dgamma: Array, dbeta: Array, dbias: Array
) -> None:
    """dout: (N, M) becomes the gradient of the product. dgamma, dbeta, dbias: (M,), written. out and xhat are used up."""
    m = dout.shape[1]
    _masked(dout, out, xhat, dgamma, dbeta)
    np.multiply(dout, gamma, out=dout)
    mean = np.add.reduce(dout, axis=1, keepdims=True)
    np.divide(mean, m, out=mean)
    np.multiply(dout, xhat, out=out)
    mean_product = np.add.reduce(out, axis=1, keepdims=True)
    np.divide(mean_product, m, out=mean_product)
    np.multiply(xhat, mean_product, out=xhat)
    np.add(xhat, mean, out=xhat)
    np.subtract(dout, xhat, out=dout)
    np.multiply(dout, inv_std, out=dout)
    np.add.reduce(dout, axis=0, out=dbias)


def adam(
    w: Array, dw: Array, m: Array, v: Array, scratch: Array, beta1: float, beta2: float, rate: float, epsilon: float
) -> None:
    """A step of Adam: m and v move, and w by `-rate · m / (sqrt(v) + epsilon)`. All: (K,)."""
    np.multiply(dw, 1 - beta1, out=scratch)
    m *= beta1
    m += scratch
    np.multiply(dw, dw, out=scratch)
    scratch *= 1 - beta2
    v *= beta2
    v += scratch
    np.sqrt(v, out=scratch)
    scratch += epsilon
    np.divide(m, scratch, out=scratch)
    scratch *= rate
    w -= scratch


ZEROS: dict[str, NDArray[np.floating]] = {name: np.zeros((), name) for name in ("float32", "float64")}
"""A zero that needs no conversion costs half as much as 0."""


def _zero(like: Array) -> Array:
    return ZEROS[like.dtype.name]


def _inverse_deviation(var: Array, eps: float, inv_std: Array) -> None:
    """`1 / sqrt(var + eps)`, written into inv_std."""
    np.add(var, eps, out=inv_std)
    np.sqrt(inv_std, out=inv_std)
    np.divide(1, inv_std, out=inv_std)


def _scale_shift_relu(xhat: Array, gamma: Array, beta: Array, out: Array) -> None:
    """`max(0, gamma · xhat + beta)`, written into out, which may be xhat."""
    np.multiply(gamma, xhat, out=out)
    np.add(out, beta, out=out)
    np.maximum(out, _zero(out), out=out)


def _masked(dout: Array, out: Array, xhat: Array, dgamma: Array, dbeta: Array) -> None:
    """Back through the relu, in place, and the gradients of gamma and beta. out is used up."""
    np.multiply(dout, out > _zero(out), out=dout)
    np.multiply(dout, xhat, out=out)
    np.add.reduce(out, axis=0, out=dgamma)
    np.add.reduce(dout, axis=0, out=dbeta)
