"""The convolution: each filter laid over every window of the padded images, as one matrix product.

The windows of an image are flattened and become the columns of a matrix (C·HH·WW, H'·W'). With the filters as the rows of w
(F, C·HH·WW), `out = w cols + b`. In the backward pass dw and the gradient of the columns are matrix products too. Then dx
adds up, for each pixel, what comes back from all windows that hold it.

The columns hold each pixel HH · WW times. So they are made for a few images at a time, as many as stay in the processor's
cache until they are used; and they are made again in the backward pass, which takes less time than to keep them in memory.

As in the affine layer, the backward pass has two halves, because a net's first layer needs no dx.
Source: LeCun et al., 1989, "Backpropagation applied to handwritten zip code recognition"; as matrix products: Chellapilla,
Puri and Simard, 2006, "High performance convolutional neural networks for document processing".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from bnlab.layers.checks import check_filters, whole_number
from bnlab.layers.types import Array, Param
from bnlab.layers.windows import output_size, pixels_at

CACHE = 2_500_000
"""Bytes of columns that are made at a time: what a core keeps close to itself, and measured best of what was tried."""


class Cache(NamedTuple):
    """What the backward pass needs: the padded images (N, C, H + 2 pad, W + 2 pad), the filters, stride and padding."""

    padded: Array
    w: Array
    stride: int
    pad: int


def conv_forward(x: Array, w: Array, b: Array, conv_param: Param) -> tuple[Array, Cache]:
    """`out[n, f, i, j] = b[f] + Σ w[f] · window (i, j) of padded x[n]` (a cross-correlation: the filters aren't flipped).

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,). conv_param: `stride` (at least 1) and `pad`, the width of the border of
    zeros on every side. Gives out: (N, F, H', W') with `H' = 1 + (H + 2 pad - HH) // stride`, W' likewise, and the cache.
    What remains after the last whole stride is left out. Raises ValueError for impossible sizes.
    """
    check_filters(x, w)
    stride, pad = (whole_number(conv_param, "conv_param", key, least) for key, least in (("stride", 1), ("pad", 0)))
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    out_size = output_size(H, HH, stride, pad, "height"), output_size(W, WW, stride, pad, "width")
    cache = Cache(_padded(x, pad), w, stride, pad)
    out = np.empty((N, F, math.prod(out_size)), np.result_type(x, w))
    for part, cols in _columns(cache, out_size):
        np.matmul(w.reshape(F, C * HH * WW), cols, out=out[part])
        out[part] += b[:, None]
    return out.reshape(N, F, *out_size), cache


def conv_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """`dw = Σₙ dout[n] colsᵀ[n]`, `db = Σ dout`, and dx the sum over the windows of `wᵀ dout`.

    dout: (N, F, H', W'). Gives dx: (N, C, H, W), dw: (F, C, HH, WW), db: (F,).
    """
    return conv_input_gradient(dout, cache), *conv_parameter_gradients(dout, cache)


def conv_input_gradient(dout: Array, cache: Cache) -> Array:
    """The half of `conv_backward` for the layer before: dx, shaped like x."""
    F, C, HH, WW = cache.w.shape
    filters, pad = cache.w.reshape(F, C * HH * WW), cache.pad
    N, _, height, width = dout.shape
    dx: Array = np.zeros(cache.padded.shape, dout.dtype)
    flat = dout.reshape(N, F, height * width)
    for part, dcols in _room(cache, (height, width), dout.dtype):
        np.matmul(filters.T, flat[part], out=dcols.reshape(len(dcols), C * HH * WW, height * width))
        for i, j in np.ndindex(HH, WW):
            pixels = pixels_at(i, j, dx[part], cache.stride, (height, width))
            pixels += dcols[:, :, i, j]
    return dx[:, :, pad : dx.shape[2] - pad, pad : dx.shape[3] - pad]


def conv_parameter_gradients(
    dout: Array, cache: Cache, dw: Array | None = None, db: Array | None = None
) -> tuple[Array, Array]:
    """The half of `conv_backward` for the parameters: dw (like w) and db (F,), written into the arrays given."""
    (N, F, height, width), size = dout.shape, math.prod(cache.w.shape[1:])
    flat = dout.reshape(N, F, height * width)
    per_image = np.empty((N, size, F), np.result_type(dout, cache.padded))
    for part, cols in _columns(cache, (height, width)):
        # (cols doutᵀ)ᵀ rather than dout colsᵀ: BLAS is a third faster if the larger operand comes first.
        np.matmul(cols, flat[part].transpose(0, 2, 1), out=per_image[part])
    dw = np.empty(cache.w.shape, per_image.dtype) if dw is None else dw
    dw.reshape(F, size)[...] = np.add.reduce(per_image, axis=0).T
    return dw, np.add.reduce(flat, axis=(0, 2), out=db)


def _columns(cache: Cache, out_size: tuple[int, int]) -> Iterator[tuple[slice, Array]]:
    """The windows of a few images at a time as columns (n, C·HH·WW, H'·W'), and which images they are."""
    _, C, HH, WW = cache.w.shape
    for part, cols in _room(cache, out_size, cache.padded.dtype):
        for i, j in np.ndindex(HH, WW):
            cols[:, :, i, j] = pixels_at(i, j, cache.padded[part], cache.stride, out_size)
        yield part, cols.reshape(len(cols), C * HH * WW, math.prod(out_size))


def _room(cache: Cache, out_size: tuple[int, int], dtype: np.dtype[Any]) -> Iterator[tuple[slice, Array]]:
    """Room for the columns (n, C, HH, WW, H', W') of a few images at a time, the same each time, and which images they
    are."""
    N, of_one = len(cache.padded), (*cache.w.shape[1:], *out_size)
    at_once = max(1, CACHE // max(1, math.prod(of_one) * dtype.itemsize))
    room = np.empty((min(at_once, N), *of_one), dtype)
    for start in range(0, N, at_once):
        part = slice(start, min(start + at_once, N))
        yield part, room[: part.stop - start]


def _padded(x: Array, pad: int) -> Array:
    """x in a border of zeros."""
    N, C, H, W = x.shape
    if pad == 0:
        return x
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    padded[:, :, pad : pad + H, pad : pad + W] = x
    return padded
