"""Batch and group normalization of images (N, C, H, W): the core with two other choices of axes.

Sources: Ioffe and Szegedy, 2015, "Batch normalization", section 3.2; Wu and He, 2018, "Group normalization", section 3.
"""

from __future__ import annotations

from bnlab.layers.checks import check_groups, check_images
from bnlab.layers.normalization_core import SPATIAL_BATCH, SPATIAL_GROUP, Cache, backward, normalize, normalize_batch
from bnlab.layers.types import Array, Param


def spatial_batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Cache]:
    """Normalize each channel over the minibatch and all pixels.

    x: (N, C, H, W), gamma and beta: (C,). bn_param: as for `batchnorm_forward`, with running statistics (C,). Gives
    out: (N, C, H, W) and the cache. Raises ValueError for another mode or another number of axes.
    """
    check_images(x)
    return normalize_batch(x, gamma, beta, bn_param, SPATIAL_BATCH)


def spatial_batchnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dout: (N, C, H, W). Gives dx: (N, C, H, W), dgamma and dbeta: (C,)."""
    return backward(dout, cache)


def spatial_groupnorm_forward(x: Array, gamma: Array, beta: Array, G: int, gn_param: Param) -> tuple[Array, Cache]:
    """Normalize the channels of each image in G groups of C/G, over a group's channels and pixels, in both modes.

    x: (N, C, H, W), gamma and beta: (1, C, 1, 1). gn_param: `eps` (1e-5). Gives out: (N, C, H, W) and the cache. Raises
    ValueError if G doesn't divide C, or for another number of axes.
    """
    check_images(x)
    N, C, H, W = x.shape
    check_groups(C, G)
    out, cache = normalize(x.reshape(N, G, C // G, H, W), gamma, beta, gn_param, SPATIAL_GROUP)
    return out.reshape(x.shape), cache


def spatial_groupnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dout: (N, C, H, W). Gives dx: (N, C, H, W), dgamma and dbeta: (1, C, 1, 1)."""
    dx, dgamma, dbeta = backward(dout.reshape(cache.xhat.shape), cache)
    return dx.reshape(dout.shape), dgamma.reshape(1, -1, 1, 1), dbeta.reshape(1, -1, 1, 1)
