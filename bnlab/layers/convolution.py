"""The convolution: each filter laid over every window of the padded images, as one matrix product.

The windows of an image are flattened and become the columns of a matrix (C·HH·WW, H'·W'). With the filters as the rows of w
(F, C·HH·WW), `out = w cols + b`. In the backward pass dw and the gradient of the columns are matrix products too. Then dx
adds up, for each pixel, what comes back from all windows that hold it.

As in the affine layer, the backward pass has two halves, because a net's first layer needs no dx.
Source: LeCun et al., 1989, "Backpropagation applied to handwritten zip code recognition"; as matrix products: Chellapilla,
Puri and Simard, 2006, "High performance convolutional neural networks for document processing".
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bnlab.layers.checks import check_filters, whole_number
from bnlab.layers.types import Array, Param
from bnlab.layers.windows import output_size, pixels_at


class Cache(NamedTuple):
    """What the backward pass needs: the columns (N, C·HH·WW, H'·W'), the filters, and where the windows are."""

    cols: Array
    w: Array
    image_shape: tuple[int, int, int, int]
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
    padded, cols = _padded(x, pad), np.empty((N, C, HH, WW, *out_size), x.dtype)
    for i, j in np.ndindex(HH, WW):
        cols[:, :, i, j] = pixels_at(i, j, padded, stride, out_size)
    columns = cols.reshape(N, C * HH * WW, math.prod(out_size))
    out = w.reshape(F, C * HH * WW) @ columns
    out += b[:, None]
    return out.reshape(N, F, *out_size), Cache(columns, w, x.shape, stride, pad)


def conv_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """`dw = Σₙ dout[n] colsᵀ[n]`, `db = Σ dout`, and dx the sum over the windows of `wᵀ dout`.

    dout: (N, F, H', W'). Gives dx: (N, C, H, W), dw: (F, C, HH, WW), db: (F,).
    """
    return conv_input_gradient(dout, cache), *conv_parameter_gradients(dout, cache)


def conv_input_gradient(dout: Array, cache: Cache) -> Array:
    """The half of `conv_backward` for the layer before: dx, shaped like x."""
    (N, C, H, W), (F, _, HH, WW), pad, out_size = cache.image_shape, cache.w.shape, cache.pad, dout.shape[2:]
    dout = dout.reshape(N, F, math.prod(out_size))
    dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dout.dtype)
    # One row of the kernel at a time: the gradient of all columns at once is HH times as large, and slower to make.
    rows = cache.w.transpose(2, 1, 3, 0).reshape(HH, C * WW, F)
    dcols = np.empty((N, C * WW, dout.shape[2]), dout.dtype)
    for i in range(HH):
        by_column = np.matmul(rows[i], dout, out=dcols).reshape(N, C, WW, *out_size)
        for j in range(WW):
            pixels = pixels_at(i, j, dx, cache.stride, out_size)
            pixels += by_column[:, :, j]
    return dx[:, :, pad : pad + H, pad : pad + W]


def conv_parameter_gradients(
    dout: Array, cache: Cache, dw: Array | None = None, db: Array | None = None
) -> tuple[Array, Array]:
    """The half of `conv_backward` for the parameters: dw (like w) and db (F,), written into the arrays given."""
    N, F, *out_size = dout.shape
    dout = dout.reshape(N, F, math.prod(out_size))
    # (cols doutᵀ)ᵀ rather than dout colsᵀ: BLAS is a third faster if the larger operand comes first.
    per_image = cache.cols @ dout.transpose(0, 2, 1)
    dw = np.empty(cache.w.shape, per_image.dtype) if dw is None else dw
    dw.reshape(F, per_image.shape[1])[...] = np.add.reduce(per_image, axis=0).T
    return dw, np.add.reduce(dout, axis=(0, 2), out=db)


def _padded(x: Array, pad: int) -> Array:
    """x in a border of zeros."""
    N, C, H, W = x.shape
    if pad == 0:
        return x
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    padded[:, :, pad : pad + H, pad : pad + W] = x
    return padded
