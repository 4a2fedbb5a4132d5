"""Nets in the table of cases, each its loss as a function of its parameters. To check a new net, add its row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bnlab.cases.case import LABELS, Inputs, Shapes, normal
from bnlab.layers.types import Array, Param
from bnlab.nets import FullyConnectedNet, Net, ThreeLayerConvNet, TwoLayerNet

IMAGE = (2, 4, 3)


@dataclass(frozen=True)
class NetCase:
    """A net under check: the gradients of its training loss by its parameters.

    net and settings: its class, and what to build it with. zero: as in `Case`. All parameters are random, biases too: with
    a bias of zero, a unit whose inputs are all zero would be exactly at the kink of its relu.
    """

    name: str
    net: Callable[..., Net]
    settings: Param
    batch: int = 4
    zero: tuple[str, ...] = ()

    def build(self, dtype: np.dtype[Any]) -> Net:
        """A new net."""
        return self.net(**self.settings, num_classes=6, reg=0.1, dtype=dtype, rng=np.random.RandomState(0))

    def arguments(self, n: int) -> Shapes:
        """The shapes of the parameters by name. They don't depend on the batch size n."""
        return self.build(np.dtype(np.float64)).params.shapes

    def inputs(self, rng: np.random.RandomState, dtype: np.dtype[Any], batch: int | None = None) -> Inputs:
        """Random images x, and random parameters by name."""
        n = self.batch if batch is None else batch
        params = normal(self.arguments(n), rng, dtype)
        # Larger ones would make a larger loss, and its rounding error would hide the smaller gradients.
        return normal({"x": (n, *IMAGE)}, rng, dtype) | {name: array / 2 for name, array in params.items()}

    def forward(self, inputs: Inputs) -> Array:
        """The loss."""
        return np.asarray(self._loss(inputs)[0])

    def gradients(self, inputs: Inputs, rng: np.random.RandomState) -> tuple[Array, dict[str, Array]]:
        """The upstream gradient of a loss, which is 1, and the loss's gradients by the parameters."""
        return np.ones(()), self._loss(inputs)[1]

    def _loss(self, inputs: Inputs) -> Any:
        params = dict(inputs)
        x = params.pop("x")
        net = self._nets[x.dtype]
        net.params = params
        return net.loss(x, LABELS[: len(x)])

    @cached_property
    def _nets(self) -> dict[np.dtype[Any], Net]:
        """A net for each dtype. It is used for all calls, since the training loss depends on nothing that a call leaves."""
        return {np.dtype(dtype): self.build(np.dtype(dtype)) for dtype in (np.float32, np.float64)}


DENSE = {"input_dim": math.prod(IMAGE), "hidden_dims": [5, 7]}
CONVOLUTIONAL = {"input_dim": IMAGE, "num_filters": 4, "filter_size": 3, "hidden_dim": 5}

# Subtracting a minibatch's mean removes the bias before it, so the bias's gradient is zero.
NETS = (
    NetCase("TwoLayerNet", TwoLayerNet, {"input_dim": math.prod(IMAGE), "hidden_dim": 5}),
    NetCase("FullyConnectedNet", FullyConnectedNet, DENSE),
    NetCase("FullyConnectedNet-batchnorm", FullyConnectedNet, DENSE | {"normalization": "batchnorm"}, zero=("b1", "b2")),
    NetCase("FullyConnectedNet-layernorm", FullyConnectedNet, DENSE | {"normalization": "layernorm"}),
    NetCase("FullyConnectedNet-dropout", FullyConnectedNet, DENSE | {"dropout_keep_ratio": 0.6, "seed": 123}),
    NetCase("ThreeLayerConvNet", ThreeLayerConvNet, CONVOLUTIONAL),
    NetCase(
        "ThreeLayerConvNet-spatial_batchnorm",
        ThreeLayerConvNet,
        CONVOLUTIONAL | {"normalization": "spatial_batchnorm"},
        zero=("b1",),
    ),
    NetCase(
        "ThreeLayerConvNet-spatial_groupnorm",
        ThreeLayerConvNet,
        CONVOLUTIONAL | {"normalization": "spatial_groupnorm", "num_groups": 2},
    ),
)
