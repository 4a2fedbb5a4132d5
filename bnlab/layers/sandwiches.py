"""Layers that are often used together, as one pair: the parts' arguments in order, the parts' gradients in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from bnlab.layers.activations import relu_backward, relu_forward
from bnlab.layers.affine import affine_backward, affine_forward
from bnlab.layers.convolution import conv_backward, conv_forward
from bnlab.layers.normalization import (
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
from bnlab.layers.pooling import max_pool_backward, max_pool_forward
from bnlab.layers.spatial_normalization import spatial_batchnorm_backward, spatial_batchnorm_forward
from bnlab.layers.types import Array, Param

Cache: TypeAlias = tuple[Any, ...]
Gradients: TypeAlias = tuple[Array, Array, Array, Array, Array]


def affine_relu_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """affine, relu. x: (N, d1, …, dk), w: (D, M), b: (M,). Gives out: (N, M) and the cache."""
    out, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(out)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dout: (N, M). Gives dx, dw, db, shaped like x, w, b."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def affine_bn_relu_forward(x: Array, w: Array, b: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Cache]:
    """affine, batchnorm, relu. x: (N, d1, …, dk), w: (D, M), b, gamma, beta: (M,). Gives out: (N, M) and the cache."""
    out, affine_cache = affine_forward(x, w, b)
    out, caches = _norm_relu_forward(batchnorm_forward, out, gamma, beta, bn_param)
    return out, (affine_cache, *caches)


def affine_bn_relu_backward(dout: Array, cache: Cache) -> Gradients:
    """dout: (N, M). Gives dx, dw, db, dgamma, dbeta, each shaped like its argument."""
    affine_cache, *caches = cache
    dout, dgamma, dbeta = _norm_relu_backward(batchnorm_backward_alt, dout, *caches)
    return *affine_backward(dout, affine_cache), dgamma, dbeta


def affine_ln_relu_forward(x: Array, w: Array, b: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Cache]:
    """affine, layernorm, relu. x: (N, d1, …, dk), w: (D, M), b, gamma, beta: (M,). Gives out: (N, M) and the cache."""
    out, affine_cache = affine_forward(x, w, b)
    out, caches = _norm_relu_forward(layernorm_forward, out, gamma, beta, ln_param)
    return out, (affine_cache, *caches)


def affine_ln_relu_backward(dout: Array, cache: Cache) -> Gradients:
    """dout: (N, M). Gives dx, dw, db, dgamma, dbeta, each shaped like its argument."""
    affine_cache, *caches = cache
    dout, dgamma, dbeta = _norm_relu_backward(layernorm_backward, dout, *caches)
    return *affine_backward(dout, affine_cache), dgamma, dbeta


def conv_relu_forward(x: Array, w: Array, b: Array, conv_param: Param) -> tuple[Array, Cache]:
    """conv, relu. x: (N, C, H, W), w: (F, C, HH, WW), b: (F,). Gives out: (N, F, H', W') and the cache."""
    out, conv_cache = conv_forward(x, w, b, conv_param)
    out, relu_cache = relu_forward(out)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dout: (N, F, H', W'). Gives dx, dw, db, shaped like x, w, b."""
    conv_cache, relu_cache = cache
    return conv_backward(relu_backward(dout, relu_cache), conv_cache)


def conv_relu_pool_forward(x: Array, w: Array, b: Array, conv_param: Param, pool_param: Param) -> tuple[Array, Cache]:
    """conv, relu, max_pool. x: (N, C, H, W), w: (F, C, HH, WW), b: (F,). Gives out: (N, F, H", W") and the cache."""
    out, cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward(out, pool_param)
    return out, (*cache, pool_cache)


def conv_relu_pool_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dout: (N, F, H", W"). Gives dx, dw, db, shaped like x, w, b."""
    *conv_relu_cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward(dout, pool_cache), tuple(conv_relu_cache))


def conv_bn_relu_forward(
    x: Array, w: Array, b: Array, gamma: Array, beta: Array, conv_param: Param, bn_param: Param
) -> tuple[Array, Cache]:
    """conv, spatial_batchnorm, relu. x: (N, C, H, W), w: (F, C, HH, WW), b, gamma, beta: (F,). Gives out: (N, F, H', W')
    and the cache."""
    out, conv_cache = conv_forward(x, w, b, conv_param)
    out, caches = _norm_relu_forward(spatial_batchnorm_forward, out, gamma, beta, bn_param)
    return out, (conv_cache, *caches)


def conv_bn_relu_backward(dout: Array, cache: Cache) -> Gradients:
    """dout: (N, F, H', W'). Gives dx, dw, db, dgamma, dbeta, each shaped like its argument."""
    conv_cache, *caches = cache
    dout, dgamma, dbeta = _norm_relu_backward(spatial_batchnorm_backward, dout, *caches)
    return *conv_backward(dout, conv_cache), dgamma, dbeta


def _norm_relu_forward(
    norm: Callable[..., tuple[Array, Any]], x: Array, gamma: Array, beta: Array, param: Param
) -> tuple[Array, Cache]:
    out, norm_cache = norm(x, gamma, beta, param)
    out, relu_cache = relu_forward(out)
    return out, (norm_cache, relu_cache)


def _norm_relu_backward(
    norm: Callable[..., tuple[Array, Array, Array]], dout: Array, norm_cache: Any, relu_cache: Array
) -> tuple[Array, Array, Array]:
    return norm(relu_backward(dout, relu_cache), norm_cache)
