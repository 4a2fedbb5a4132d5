"""Max pooling: the largest pixel of each window. Backward, each window's gradient goes to that pixel alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bnlab.layers.checks import check_images, whole_number
from bnlab.layers.types import Array, Param
from bnlab.layers.windows import output_size, pixels_at


class Cache(NamedTuple):
    """What the backward pass needs: the images, the maxima, and how the windows lay."""

    x: Array
    out: Array
    kernel: tuple[int, int]
    stride: int


def max_pool_forward(x: Array, pool_param: Param) -> tuple[Array, Cache]:
    """`out[n, c, i, j] = max of window (i, j) of x[n, c]`.

    x: (N, C, H, W). pool_param: `pool_height`, `pool_width`, `stride`. Gives out: (N, C, H', W') with
    `H' = 1 + (H - pool_height) // stride`, W' alike, and the cache. Raises ValueError where the window is larger than x.
    """
    check_images(x)
    keys = ("pool_height", "pool_width", "stride")
    height, width, stride = (whole_number(pool_param, "pool_param", key, 1) for key in keys)
    out_size = output_size(x.shape[2], height, stride, 0, "height"), output_size(x.shape[3], width, stride, 0, "width")
    out = np.full((*x.shape[:2], *out_size), -np.inf, x.dtype)
    for i, j in np.ndindex(height, width):
        np.maximum(out, pixels_at(i, j, x, stride, out_size), out=out)
    return out, Cache(x, out, (height, width), stride)


def max_pool_backward(dout: Array, cache: Cache) -> Array:
    """The gradient goes to the first maximum of each window, row by row; where windows overlap, gradients add.

    dout: (N, C, H', W'). Gives dx: (N, C, H, W).
    """
    x, out, kernel, stride = cache
    dx = np.zeros(x.shape, dout.dtype)
    unmet = np.ones(out.shape, bool)  # the windows whose maximum hasn't been met yet
    for i, j in np.ndindex(kernel):
        pixels, gradients = (pixels_at(i, j, images, stride, out.shape[2:]) for images in (x, dx))
        here = (pixels == out) & unmet
        gradients += dout * here
        unmet ^= here
    return dx
