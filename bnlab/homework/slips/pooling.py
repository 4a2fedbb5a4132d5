"""Slips of max pooling: ties, and windows that overlap. Plain loops over windows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnlab.homework.slips.slip import slips
from bnlab.layers.types import Array

POOL, TIES = ("max_pool",), ("max_pool at ties",)


def first(window: Array) -> Array:
    """1 at the first largest pixel of the window, 0 elsewhere."""
    flat = window.reshape(*window.shape[:2], -1)
    onehot: Array = np.eye(flat.shape[2])[flat.argmax(axis=2)]
    return onehot.reshape(window.shape)


def last(window: Array) -> Array:
    return first(window[:, :, ::-1, ::-1])[:, :, ::-1, ::-1]


def every(window: Array) -> Array:
    largest: Array = np.equal(window, window.max(axis=(2, 3), keepdims=True))
    return largest.astype(np.float64)


def even(window: Array) -> Array:
    share: Array = every(window) / every(window).sum(axis=(2, 3), keepdims=True)
    return share


def add(before: Array, new: Array) -> Array:
    return before + new


def overwrite(before: Array, new: Array) -> Array:
    """The whole window is assigned to."""
    return new


def overwrite_maxima(before: Array, new: Array) -> Array:
    """The pixels that get a gradient are assigned to."""
    return np.where(new == 0, before, new)


def spread(share: Callable[[Array], Array], onto: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    """The gradient by x. share: which pixels of a window get its gradient. onto: combines it with the gradient that the
    pixels have from the windows before."""

    def wrong(x: Array, dout: Array, pool_height: int, pool_width: int, stride: int) -> Array:
        dx = np.zeros_like(x)
        for i, j in np.ndindex(dout.shape[2:]):
            window = np.s_[:, :, i * stride : i * stride + pool_height, j * stride : j * stride + pool_width]
            dx[window] = onto(dx[window], share(x[window]) * dout[:, :, i : i + 1, j : j + 1])
        return dx

    return wrong


def mean(x: Array, pool_height: int, pool_width: int, stride: int) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view(x, (pool_height, pool_width), axis=(2, 3))
    pooled: Array = windows[:, :, ::stride, ::stride].mean(axis=(4, 5))
    return pooled


ADD = "windows overwrite each other where they overlap; add their gradients (+=)"
FIRST = "on a tie the gradient goes to the first maximum alone"

SLIPS = (
    *slips(POOL, "out", {"is the mean of each window; take the maximum": mean}),
    *slips(POOL, "dx", {ADD: spread(first, overwrite)}),
    *slips(POOL, "dx", {ADD: spread(first, overwrite_maxima)}),
    *slips(
        TIES,
        "dx",
        {
            f"goes to all maxima; {FIRST}": spread(every, add),
            f"all maxima share it; {FIRST}": spread(even, add),
            f"goes to the last maximum; {FIRST}": spread(last, add),
        },
    ),
    *slips(TIES, "dx", {f"goes to all maxima; {FIRST}; and {ADD}": spread(every, overwrite)}),
    *slips(TIES, "dx", {f"goes to all maxima; {FIRST}; and {ADD}": spread(every, overwrite_maxima)}),
)
