"""Stages that are fused: {affine, [normalization], relu} in one, on the kernels of `bnlab.fast`.

A net trains and scores through blocks, which give the bits of the stages they stand for in less time. Where single stages
are of interest (activations, diagnostics), it goes through the stages. A block works in place on arrays that nobody else
has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bnlab.fast import kernels
from bnlab.layers.normalization_core import EPS, MOMENTUM, corrects
from bnlab.layers.types import Array
from bnlab.nets.stages import Affine, Arrays, FirstAffine, Normalization, Relu, Stage


class Block(Stage):
    """affine, relu; and what all blocks share: the products."""

    def __init__(self, affine: Affine, normalization: Normalization | None = None) -> None:
        self.affine, self.normalization = affine, normalization

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        rows, w = x.reshape(len(x), -1), params[self.affine.w]
        z = rows @ w
        return z, (x, w, z, self._after_product(z, params, mode))

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array | None:
        x, w, out, inner = cache
        self._before_product(dout, out, inner, grads)
        np.matmul(x.reshape(len(x), -1).T, dout, out=grads[self.affine.w])
        return None if isinstance(self.affine, FirstAffine) else (dout @ w.T).reshape(x.shape)

    def _after_product(self, z: Array, params: Arrays, mode: str) -> Any:
        """From the product to the output, in place; gives what the way back needs."""
        kernels(z.shape[1]).relu_forward(z, params[self.affine.b])

    def _before_product(self, dout: Array, out: Array, inner: Any, grads: Arrays) -> None:
        """From the output's gradient to the product's, in place."""
        kernels(out.shape[1]).relu_backward(dout, out, grads[self.affine.b])


class NormalizedBlock(Block):
    """affine, a normalization, relu."""

    normalization: Normalization
    backward_kernel = ""

    def _before_product(self, dout: Array, out: Array, inner: Any, grads: Arrays) -> None:
        xhat, inv_std, gamma = inner
        kernel = getattr(kernels(out.shape[1]), self.backward_kernel)
        written = (grads[name] for name in (self.normalization.gamma, self.normalization.beta, self.affine.b))
        kernel(dout, out, xhat, inv_std, gamma, *written)

    def _parameters(self, params: Arrays) -> tuple[Array, Array, Array]:
        return params[self.affine.b], params[self.normalization.gamma], params[self.normalization.beta]


class BatchnormBlock(NormalizedBlock):
    """affine, batchnorm, relu."""

    backward_kernel = "batchnorm_relu_backward"

    def _after_product(self, z: Array, params: Arrays, mode: str) -> Any:
        param, (bias, gamma, beta) = self.normalization.param, self._parameters(params)
        use, eps = kernels(z.shape[1]), float(param.get("eps", EPS))
        param["mode"] = "test" if mode == "test" else "train"
        running = [_running(param, key, z) for key in ("running_mean", "running_var")]
        if mode == "test":
            param["running_mean"], param["running_var"] = running
            use.batchnorm_relu_test(z, bias, gamma, beta, eps, *running)
            return None
        xhat, inv_std, mean, var = np.empty_like(z), np.empty_like(gamma), np.empty_like(gamma), np.empty_like(gamma)
        momentum = float(param.get("momentum", MOMENTUM))
        use.batchnorm_relu_train(z, bias, gamma, beta, momentum, eps, *running, mean, var, xhat, inv_std)
        param["running_mean"], param["running_var"] = mean, var
        return xhat, inv_std, gamma


class LayernormBlock(NormalizedBlock):
    """affine, layernorm, relu."""

    backward_kernel = "layernorm_relu_backward"

    def _after_product(self, z: Array, params: Arrays, mode: str) -> Any:
        param, (bias, gamma, beta) = self.normalization.param, self._parameters(params)
        param["mode"] = "test" if mode == "test" else "train"
        xhat, inv_std = np.empty_like(z), np.empty((len(z), 1), z.dtype)
        kernels(z.shape[1]).layernorm_relu_forward(z, bias, gamma, beta, float(param.get("eps", EPS)), xhat, inv_std)
        return xhat, inv_std, gamma


NORMALIZED = {"batchnorm": BatchnormBlock, "layernorm": LayernormBlock}
"""The block of each normalization that has kernels, by the kind of its stage."""


def fused(stages: Sequence[Stage]) -> list[Stage]:
    """The stages, with a block in the place of each group that has one."""
    return [*_fused(stages)]


def _fused(stages: Sequence[Stage]) -> Iterator[Stage]:
    rest = [*stages]
    while rest:
        block, length = _block(rest)
        yield block
        del rest[:length]


def _block(stages: Sequence[Stage]) -> tuple[Stage, int]:
    """What the first stages become, and how many of them."""
    match stages:
        case [Affine() as affine, Relu(), *_]:
            return Block(affine), 2
        case [Affine() as affine, Normalization() as own, Relu(), *_] if _has_kernels(own):
            return NORMALIZED[own.kind](affine, own), 3
    return stages[0], 1


def _has_kernels(normalization: Normalization) -> bool:
    """Whether there is a block for it. Kernels keep the notebooks' running variance."""
    return normalization.kind in NORMALIZED and not corrects(normalization.param)


def _running(param: dict[str, Any], key: str, z: Array) -> Array:
    """The running statistic in z's dtype; zeros if there is none yet. Raises ValueError for one that doesn't fit z:
    compiled kernels wouldn't notice."""
    value, shape = param.get(key), z.shape[1:]
    if value is None:
        return np.zeros(shape, z.dtype)
    return np.ascontiguousarray(value if np.shape(value) == shape else np.broadcast_to(value, shape), z.dtype)
