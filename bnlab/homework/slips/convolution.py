"""Slips of the convolution: padding, and what overlapping windows do to the gradient. Plain loops over windows."""

from __future__ import annotations

import numpy as np

from bnlab.homework.slips.slip import slips
from bnlab.layers.types import Array

CONV = ("conv",)


def padded(x: Array, pad: int) -> Array:
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def conv(x: Array, w: Array, b: Array, stride: int, pad: int) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view(padded(x, pad), w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    out: Array = np.einsum("nchwij,fcij->nfhw", windows, w) + b.reshape(-1, 1, 1)
    return out


def spread(x: Array, w: Array, dout: Array, stride: int, pad: int, add: bool = True) -> Array:
    """The gradient of padded x; where add is False, each window overwrites what the ones before it left."""
    dx, (height, width) = np.zeros_like(padded(x, pad)), w.shape[2:]
    for i, j in np.ndindex(dout.shape[2:]):
        window = dx[:, :, i * stride : i * stride + height, j * stride : j * stride + width]
        window[...] = np.einsum("nf,fcij->ncij", dout[:, :, i, j], w) + add * window
    return dx


def overwritten(x: Array, w: Array, dout: Array, stride: int, pad: int) -> Array:
    """The gradient of x where each window overwrites the ones before it."""
    dx = spread(x, w, dout, stride, pad, add=False)
    return dx[:, :, pad : dx.shape[2] - pad, pad : dx.shape[3] - pad]


def last_window(x: Array, w: Array, dout: Array, stride: int, pad: int) -> Array:
    """dw where each image and window overwrites the one before it."""
    (height, width), (rows, columns) = w.shape[2:], dout.shape[2:]
    top, left = (rows - 1) * stride, (columns - 1) * stride
    window = padded(x, pad)[-1, :, top : top + height, left : left + width]
    return np.multiply.outer(dout[-1, :, -1, -1], window)


SLIPS = (
    *slips(
        CONV,
        "out",
        {
            "the bias is missing; add b[f]": lambda x, w, b, stride, pad: conv(x, w, 0 * b, stride, pad),
            "the filters are flipped; lay them over the windows as they are": lambda x, w, b, stride, pad: conv(
                x, w[:, :, ::-1, ::-1], b, stride, pad
            ),
            "the padding is missing; x gets pad zeros on every side": lambda x, w, b, stride: conv(x, w, b, stride, 0),
            "the stride is missing; windows lie stride pixels apart": lambda x, w, b, pad: conv(x, w, b, 1, pad),
        },
    ),
    *slips(
        CONV,
        "dx",
        {
            "still has the padding; cut pad off on every side": lambda x, w, dout, stride, pad: spread(
                x, w, dout, stride, pad
            ),
            "windows overwrite each other where they overlap; add their gradients (+=)": overwritten,
            "filters and windows overwrite each other; add their gradients (+=)": lambda x, w, dout, stride, pad: (
                overwritten(x, w[-1:], dout[:, -1:], stride, pad)
            ),
        },
    ),
    *slips(
        CONV,
        "dw",
        {
            "images and windows overwrite each other; add their gradients (+=)": last_window,
            "is a mean; sum over the minibatch": lambda right, x: right / len(x),
        },
    ),
    *slips(
        CONV,
        "db",
        {
            "sums over axis 0 alone; sum over N, H' and W'": lambda dout: dout.sum(axis=0),
            "sums over all of dout; sum over N, H' and W'": lambda dout: dout.sum(),
            "is a mean; sum over N, H' and W'": lambda dout: dout.mean(axis=(0, 2, 3)),
            "is a mean over N; take the sum": lambda right, x: right / len(x),
        },
    ),
)
