"""Layers that often stand together, as one pair: the parts' arguments in order, the parts' gradients in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from bnlab.layers.activations import relu_backward, relu_forward
from bnlab.layers.affine import affine_backward, affine_forward
from bnlab.layers.normalization import (
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
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
    return _affine_norm_relu_forward(batchnorm_forward, x, w, b, gamma, beta, bn_param)


def affine_bn_relu_backward(dout: Array, cache: Cache) -> Gradients:
    """dout: (N, M). Gives dx, dw, db, dgamma, dbeta, each shaped like its argument."""
    return _affine_norm_relu_backward(batchnorm_backward_alt, dout, cache)


def affine_ln_relu_forward(x: Array, w: Array, b: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Cache]:
    """affine, layernorm, relu. x: (N, d1, …, dk), w: (D, M), b, gamma, beta: (M,). Gives out: (N, M) and the cache."""
    return _affine_norm_relu_forward(layernorm_forward, x, w, b, gamma, beta, ln_param)


def affine_ln_relu_backward(dout: Array, cache: Cache) -> Gradients:
    """dout: (N, M). Gives dx, dw, db, dgamma, dbeta, each shaped like its argument."""
    return _affine_norm_relu_backward(layernorm_backward, dout, cache)


def _affine_norm_relu_forward(
    norm: Callable[..., tuple[Array, Any]], x: Array, w: Array, b: Array, gamma: Array, beta: Array, param: Param
) -> tuple[Array, Cache]:
    out, affine_cache = affine_forward(x, w, b)
    out, norm_cache = norm(out, gamma, beta, param)
    out, relu_cache = relu_forward(out)
    return out, (affine_cache, norm_cache, relu_cache)


def _affine_norm_relu_backward(norm: Callable[..., tuple[Array, Array, Array]], dout: Array, cache: Cache) -> Gradients:
    affine_cache, norm_cache, relu_cache = cache
    dout, dgamma, dbeta = norm(relu_backward(dout, relu_cache), norm_cache)
    return *affine_backward(dout, affine_cache), dgamma, dbeta
