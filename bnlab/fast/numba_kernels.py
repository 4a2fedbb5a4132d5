"""The kernels compiled by numba: one pass where NumPy makes many. Names, arguments and bits are those of `numpy_kernels`.

The bits agree because each sum is taken in NumPy's own order: along the first axis row by row, along the last one in pairs
(`_pairwise_sum`). No `fastmath`, which would reorder sums, and no fused multiply-add. What is compiled is kept on disk,
beside this file or, if that can't be written, in the user's cache folder.
"""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(error_model="numpy", cache=True)
PAIRED = 8
"""NumPy sums a row in eight interleaved parts, which it then adds in pairs."""
ROW = 128
"""The longest row that NumPy sums without halving it first."""


@jit
def relu_forward(z, bias):  # type: ignore[no-untyped-def]
    zero = z.dtype.type(0)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            value = z[i, j] + bias[j]
            z[i, j] = zero if value <= zero else value


@jit
def relu_backward(dout, out, dbias):  # type: ignore[no-untyped-def]
    zero, one = dout.dtype.type(0), dout.dtype.type(1)
    dbias[:] = zero
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            value = dout[i, j] * (one if out[i, j] > zero else zero)
            dout[i, j] = value
            dbias[j] += value


@jit
def batchnorm_relu_train(  # type: ignore[no-untyped-def]
    z, bias, gamma, beta, momentum, eps, running_mean, running_var, next_mean, next_var, xhat, inv_std
):
    real = z.dtype.type
    zero, one, n = real(0), real(1), real(z.shape[0])
    next_mean[:] = zero
    next_var[:] = zero
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            value = z[i, j] + bias[j]
            z[i, j] = value
            next_mean[j] += value
    for j in range(z.shape[1]):
        next_mean[j] /= n
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            centred = z[i, j] - next_mean[j]
            xhat[i, j] = centred
            next_var[j] += centred * centred
    old, new = real(momentum), real(1 - momentum)
    for j in range(z.shape[1]):
        next_var[j] /= n
        inv_std[j] = one / np.sqrt(next_var[j] + real(eps))
        next_mean[j] = old * running_mean[j] + new * next_mean[j]
        next_var[j] = old * running_var[j] + new * next_var[j]
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            value = xhat[i, j] * inv_std[j]
            xhat[i, j] = value
            value = gamma[j] * value + beta[j]
            z[i, j] = zero if value <= zero else value


@jit
def batchnorm_relu_test(z, bias, gamma, beta, eps, mean, var):  # type: ignore[no-untyped-def]
    real = z.dtype.type
    zero, one = real(0), real(1)
    inv_std = np.empty_like(var)
    for j in range(z.shape[1]):
        inv_std[j] = one / np.sqrt(var[j] + real(eps))
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            value = gamma[j] * ((z[i, j] + bias[j] - mean[j]) * inv_std[j]) + beta[j]
            z[i, j] = zero if value <= zero else value


@jit
def batchnorm_relu_backward(dout, out, xhat, inv_std, gamma, dgamma, dbeta, dbias):  # type: ignore[no-untyped-def]
    real = dout.dtype.type
    n = real(dout.shape[0])
    _masked(dout, out, xhat, dgamma, dbeta)
    mean, mean_product, scale = np.empty_like(gamma), np.empty_like(gamma), np.empty_like(gamma)
    for j in range(dout.shape[1]):
        mean[j] = dbeta[j] / n
        mean_product[j] = dgamma[j] / n
        scale[j] = gamma[j] * inv_std[j]
    dbias[:] = real(0)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            value = (dout[i, j] - (xhat[i, j] * mean_product[j] + mean[j])) * scale[j]
            dout[i, j] = value
            dbias[j] += value


@jit
def layernorm_relu_forward(z, bias, gamma, beta, eps, xhat, inv_std):  # type: ignore[no-untyped-def]
    real = z.dtype.type
    zero, one, m = real(0), real(1), real(z.shape[1])
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] += bias[j]
        mean = _row_sum(z[i]) / m
        for j in range(z.shape[1]):
            centred = z[i, j] - mean
            xhat[i, j] = centred
            z[i, j] = centred * centred
        inverse = one / np.sqrt(_row_sum(z[i]) / m + real(eps))
        inv_std[i, 0] = inverse
        for j in range(z.shape[1]):
            value = xhat[i, j] * inverse
            xhat[i, j] = value
            value = gamma[j] * value + beta[j]
            z[i, j] = zero if value <= zero else value


@jit
def layernorm_relu_backward(dout, out, xhat, inv_std, gamma, dgamma, dbeta, dbias):  # type: ignore[no-untyped-def]
    real = dout.dtype.type
    m = real(dout.shape[1])
    _masked(dout, out, xhat, dgamma, dbeta)
    dbias[:] = real(0)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            value = dout[i, j] * gamma[j]
            dout[i, j] = value
            out[i, j] = value * xhat[i, j]
        mean, mean_product = _row_sum(dout[i]) / m, _row_sum(out[i]) / m
        for j in range(dout.shape[1]):
            value = (dout[i, j] - (xhat[i, j] * mean_product + mean)) * inv_std[i, 0]
            dout[i, j] = value
            dbias[j] += value


@jit
def adam(w, dw, m, v, scratch, beta1, beta2, rate, epsilon):  # type: ignore[no-untyped-def]
    real = w.dtype.type
    old1, new1, old2, new2 = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2)
    step, small = real(rate), real(epsilon)
    for i in range(w.size):
        first = m[i] * old1 + dw[i] * new1
        second = v[i] * old2 + (dw[i] * dw[i]) * new2
        m[i] = first
        v[i] = second
        w[i] -= first / (np.sqrt(second) + small) * step


@jit
def _masked(dout, out, xhat, dgamma, dbeta):  # type: ignore[no-untyped-def]
    zero, one = dout.dtype.type(0), dout.dtype.type(1)
    dgamma[:] = zero
    dbeta[:] = zero
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            value = dout[i, j] * (one if out[i, j] > zero else zero)
            dout[i, j] = value
            dbeta[j] += value
            dgamma[j] += value * xhat[i, j]


@jit
def _row_sum(row):  # type: ignore[no-untyped-def]
    """The sum of a row as NumPy takes it: a longer row is halved, at a multiple of eight, again and again."""
    if row.size <= ROW:
        return _pairwise_sum(row)
    half = row.size // 2
    half -= half % PAIRED
    return _row_sum(row[:half]) + _row_sum(row[half:])


@jit
def _pairwise_sum(row):  # type: ignore[no-untyped-def]
    if row.size < PAIRED:
        total = row.dtype.type(0)
        for j in range(row.size):
            total += row[j]
        return total
    a, b, c, d, e, f, g, h = row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]
    whole = row.size - row.size % PAIRED
    for j in range(PAIRED, whole, PAIRED):
        a += row[j]
        b += row[j + 1]
        c += row[j + 2]
        d += row[j + 3]
        e += row[j + 4]
        f += row[j + 5]
        g += row[j + 6]
        h += row[j + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for j in range(whole, row.size):
        total += row[j]
    return total
