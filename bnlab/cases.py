"""The table of layer cases: a row a layer, its inputs and which of them have a gradient.

It drives `bnlab gradcheck` and the tests of every layer: gradients, shapes, dtypes, inputs not mutated, non-contiguous
inputs, a batch of one. To check a new layer, add its row.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bnlab import layers
from bnlab.layers.types import Array, Param

Inputs = dict[str, Any]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """A layer under check: its pair of functions, its array arguments in order, and what else forward takes after them.

    arguments: name to shape, as a function of the batch size n, in the order in which forward takes them; backward gives
    the gradients of all of them in that order. extra: numbers and param dicts, the dicts made anew for each call. zero: the
    arguments whose true gradient is zero.
    """

    name: str
    forward_function: Callable[..., Any]
    backward_function: Callable[..., Any]
    arguments: Callable[[int], Shapes]
    extra: tuple[int | Param, ...] = ()
    batch: int = 4
    zero: tuple[str, ...] = ()

    def inputs(self, rng: np.random.RandomState, dtype: np.dtype[Any], batch: int | None = None) -> Inputs:
        """Random arguments by name. Entries keep away from 0, where a relu has no gradient."""
        shapes = self.arguments(self.batch if batch is None else batch)
        return {name: _away_from_zero(rng.standard_normal(shape)).astype(dtype) for name, shape in shapes.items()}

    def forward(self, inputs: Inputs) -> Array:
        """The layer's output."""
        out: Array = self.call(inputs)[0]
        return out

    def gradients(self, inputs: Inputs, rng: np.random.RandomState) -> tuple[Array, dict[str, Array]]:
        """A random upstream gradient, and the gradients by name that the backward function makes of it."""
        out, cache = self.call(inputs)
        dout = rng.standard_normal(out.shape).astype(out.dtype)
        return dout, self._named(inputs, self.backward_function(dout, cache))

    def call(self, inputs: Inputs) -> Any:
        """What the forward function gives: the output and the cache."""
        return self.forward_function(*inputs.values(), *copy.deepcopy(self.extra))

    def _named(self, inputs: Inputs, gradients: Any) -> dict[str, Array]:
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        return dict(zip(inputs, gradients, strict=True))


@dataclass(frozen=True)
class LossCase(Case):
    """A loss under check: `(loss, dx) = function(x, y)`, labels drawn from the seed."""

    labels: Array = field(default_factory=lambda: np.array([3, 0, 2, 1]))

    def forward(self, inputs: Inputs) -> Array:
        x = inputs["x"]
        return np.asarray(self.forward_function(x, self.labels[: len(x)])[0])

    def gradients(self, inputs: Inputs, rng: np.random.RandomState) -> tuple[Array, dict[str, Array]]:
        x = inputs["x"]
        return np.ones(()), {"x": self.forward_function(x, self.labels[: len(x)])[1]}


def _away_from_zero(x: Array, gap: float = 0.05) -> Array:
    shifted: Array = x + np.copysign(gap, x)
    return shifted


def _image_shapes(n: int) -> Shapes:
    return {"x": (n, 2, 3), "w": (6, 5), "b": (5,)}


def _row_shapes(n: int) -> Shapes:
    return {"x": (n, 5), "gamma": (5,), "beta": (5,)}


def _sandwich_shapes(n: int) -> Shapes:
    return {**_image_shapes(n), "gamma": (5,), "beta": (5,)}


def _conv_shapes(n: int) -> Shapes:
    return {"x": (n, 2, 6, 5), "w": (3, 2, 3, 2), "b": (3,)}


def _conv_norm_shapes(n: int) -> Shapes:
    return {**_conv_shapes(n), "gamma": (3,), "beta": (3,)}


def _channel_shapes(n: int) -> Shapes:
    return {"x": (n, 5, 2, 2), "gamma": (5,), "beta": (5,)}


def _group_shapes(n: int) -> Shapes:
    return {"x": (n, 6, 3, 2), "gamma": (1, 6, 1, 1), "beta": (1, 6, 1, 1)}


def _pool_shape(n: int) -> Shapes:
    return {"x": (n, 2, 6, 5)}


def _x_shape(n: int) -> Shapes:
    return {"x": (n, 2, 3)}


def _score_shape(n: int) -> Shapes:
    return {"x": (n, 6)}


TRAIN = ({"mode": "train"},)
CONV = ({"stride": 2, "pad": 1},)  # of 8 padded rows the last is left out
POOL = ({"pool_height": 3, "pool_width": 2, "stride": 2},)  # windows overlap, and the last row is left out
SMALL_POOL = ({"pool_height": 2, "pool_width": 2, "stride": 1},)
DROPOUT = ({"mode": "train", "p": 0.6, "seed": 123},)
TEST_STATISTICS = (
    {
        "mode": "test",
        "running_mean": np.linspace(-1, 1, 5, dtype=np.float32),
        "running_var": np.linspace(0.5, 2, 5, dtype=np.float32),
    },
)

CASES = {
    case.name: case
    for case in (
        Case("affine", layers.affine_forward, layers.affine_backward, _image_shapes),
        Case("relu", layers.relu_forward, layers.relu_backward, _x_shape),
        Case("batchnorm", layers.batchnorm_forward, layers.batchnorm_backward, _row_shapes, TRAIN),
        Case("batchnorm_alt", layers.batchnorm_forward, layers.batchnorm_backward_alt, _row_shapes, TRAIN),
        Case("batchnorm_test", layers.batchnorm_forward, layers.batchnorm_backward, _row_shapes, TEST_STATISTICS),
        Case("layernorm", layers.layernorm_forward, layers.layernorm_backward, _row_shapes, ({},)),
        Case("dropout", layers.dropout_forward, layers.dropout_backward, _x_shape, DROPOUT),
        Case("affine_relu", layers.affine_relu_forward, layers.affine_relu_backward, _image_shapes),
        Case(
            "affine_bn_relu",
            layers.affine_bn_relu_forward,
            layers.affine_bn_relu_backward,
            _sandwich_shapes,
            TRAIN,
            zero=("b",),  # the batch's mean takes a bias off again
        ),
        Case("affine_ln_relu", layers.affine_ln_relu_forward, layers.affine_ln_relu_backward, _sandwich_shapes, ({},)),
        Case("conv", layers.conv_forward, layers.conv_backward, _conv_shapes, CONV),
        Case("max_pool", layers.max_pool_forward, layers.max_pool_backward, _pool_shape, POOL),
        Case(
            "spatial_batchnorm",
            layers.spatial_batchnorm_forward,
            layers.spatial_batchnorm_backward,
            _channel_shapes,
            TRAIN,
        ),
        Case(
            "spatial_batchnorm_test",
            layers.spatial_batchnorm_forward,
            layers.spatial_batchnorm_backward,
            _channel_shapes,
            TEST_STATISTICS,
        ),
        Case(
            "spatial_groupnorm",
            layers.spatial_groupnorm_forward,
            layers.spatial_groupnorm_backward,
            _group_shapes,
            (3, {}),
        ),
        Case("conv_relu", layers.conv_relu_forward, layers.conv_relu_backward, _conv_shapes, CONV),
        Case(
            "conv_relu_pool",
            layers.conv_relu_pool_forward,
            layers.conv_relu_pool_backward,
            _conv_shapes,
            CONV + SMALL_POOL,
        ),
        Case(
            "conv_bn_relu",
            layers.conv_bn_relu_forward,
            layers.conv_bn_relu_backward,
            _conv_norm_shapes,
            CONV + TRAIN,
            zero=("b",),  # as for affine_bn_relu
        ),
        LossCase("softmax_loss", layers.softmax_loss, layers.softmax_loss, _score_shape),
        LossCase("svm_loss", layers.svm_loss, layers.svm_loss, _score_shape),
    )
}
