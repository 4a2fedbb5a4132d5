"""Convolution as the notebooks' naive loops: one output pixel at a time. The tests hold the fast one against it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from bnlab.layers.types import Array, Param

Cache: TypeAlias = tuple[Array, Array, Array, int, int]


def conv_forward(x: Array, w: Array, b: Array, conv_param: Param) -> tuple[Array, Cache]:
    """As `bnlab.layers.conv_forward`."""
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    (N, _, H, W), (F, _, HH, WW) = padded.shape, w.shape
    out = np.zeros((N, F, 1 + (H - HH) // stride, 1 + (W - WW) // stride), x.dtype)
    for n, f, i, j in np.ndindex(out.shape):
        window = padded[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
        out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (padded, w, b, stride, pad)


def conv_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As `bnlab.layers.conv_backward`."""
    padded, w, b, stride, pad = cache
    dx, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(b)
    (HH, WW), (H, W) = w.shape[2:], padded.shape[2:]
    for n, f, i, j in np.ndindex(dout.shape):
        rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)
        dx[n, :, rows, columns] += dout[n, f, i, j] * w[f]
        dw[f] += dout[n, f, i, j] * padded[n, :, rows, columns]
        db[f] += dout[n, f, i, j]
    return dx[:, :, pad : H - pad, pad : W - pad], dw, db
