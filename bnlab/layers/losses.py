"""Losses on class scores: cross-entropy after a softmax, and the multiclass hinge. Both are means over the N rows, and give
the loss and its gradient together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bnlab.layers.types import Array


def softmax_loss(x: Array, y: Array) -> tuple[Any, Array]:
    """Cross-entropy: `loss = mean(-log p[n, y[n]])` with `p = softmax(x)`, and `dx = (p - onehot(y)) / N`.

    x: (N, C) scores, y: (N,) labels in 0 … C-1. Gives the loss, a scalar of x's dtype, and dx: (N, C). The largest score
    of each row is subtracted first, so that no finite score overflows the exponential.
    """
    rows = np.arange(len(x))
    # The difference of two finite scores may be beyond the dtype's range; -inf is then the right limit.
    with np.errstate(over="ignore"):
        shifted = x - x.max(axis=1, keepdims=True)
    p = np.exp(shifted)
    total = p.sum(axis=1, keepdims=True)
    # Each cost is divided before the sum: the sum alone may be beyond the dtype's range even if the mean isn't.
    loss = ((np.log(total[:, 0]) - shifted[rows, y]) / len(x)).sum()
    p /= total
    p[rows, y] -= 1
    p /= len(x)
    return loss, p


def svm_loss(x: Array, y: Array) -> tuple[Any, Array]:
    """Multiclass hinge, margin 1: `loss = mean(Σ_{j≠y} max(0, x[j] - x[y] + 1))`.

    x: (N, C) scores, y: (N,) labels in 0 … C-1. Gives the loss, a scalar of x's dtype, and dx: (N, C). Source: Weston
    and Watkins, 1999, "Support vector machines for multi-class pattern recognition".
    """
    rows = np.arange(len(x))
    margins = np.maximum(x - x[rows, y][:, None] + 1, 0)
    margins[rows, y] = 0
    loss = margins.sum(axis=1).mean()
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] = -dx.sum(axis=1)
    dx /= len(x)
    return loss, dx
