"""Max pooling: the largest pixel of each window. In the backward pass a window's gradient goes to that pixel alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bnlab.layers.checks import check_images, whole_number
from bnlab.layers.types import Array, Param
from bnlab.layers.windows import output_size, pixels_at


class Cache(NamedTuple):
    """What the backward pass needs: where in its window each maximum is, counted row by row, and where the windows are."""

    where: Array
    image_shape: tuple[int, int, int, int]
    kernel: tuple[int, int]
    stride: int


def max_pool_forward(x: Array, pool_param: Param) -> tuple[Array, Cache]:
    """`out[n, c, i, j] = max of window (i, j) of x[n, c]`.

    x: (N, C, H, W). pool_param: `pool_height`, `pool_width`, `stride`. Gives out: (N, C, H', W') with
    `H' = 1 + (H - pool_height) // stride`, W' likewise, and the cache. Raises ValueError if the window is larger than x.
    """
    check_images(x)
    keys = ("pool_height", "pool_width", "stride")
    height, width, stride = (whole_number(pool_param, "pool_param", key, 1) for key in keys)
    out_size = output_size(x.shape[2], height, stride, 0, "height"), output_size(x.shape[3], width, stride, 0, "width")
    out = pixels_at(0, 0, x, stride, out_size).copy()
    where = np.zeros(out.shape, np.min_scalar_type(height * width))
    for number, (i, j) in enumerate(np.ndindex(height, width)):
        pixels = pixels_at(i, j, x, stride, out_size)
        larger = (pixels > out) | (pixels != pixels)  # of equal maxima the first one stays; NaN wins
        np.maximum(where, larger * where.dtype.type(number), out=where)
        np.maximum(out, pixels, out=out)
    return out, Cache(where, x.shape, (height, width), stride)


def max_pool_backward(dout: Array, cache: Cache) -> Array:
    """The gradient goes to the first maximum of each window, row by row. Where windows overlap, gradients add up.

    dout: (N, C, H', W'). Gives dx: (N, C, H, W).
    """
    dx = np.zeros(cache.image_shape, dout.dtype)
    for number, (i, j) in enumerate(np.ndindex(cache.kernel)):
        gradients = pixels_at(i, j, dx, cache.stride, dout.shape[2:])
        gradients += dout * (cache.where == number)
    return dx
