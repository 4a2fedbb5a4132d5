"""Nets in the table of cases, each its loss as a function of its parameters. To check a new net, add its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bnlab.cases.case import LABELS, Inputs, Shapes, normal
from bnlab.layers.types import Array
from bnlab.nets import FullyConnectedNet, Net, ThreeLayerConvNet, TwoLayerNet


@dataclass(frozen=True)
class NetCase:
    """A net under check: the gradients of its training loss by its parameters.

    build: makes the net in the dtype given. image: the shape of one image. zero: as in `Case`. All parameters are drawn anew,
    biases too: with biases at zero, a unit whose inputs are all dropped or dead would sit exactly at the kink of its relu.
    """

    name: str
    build: Callable[[np.dtype[Any]], Net]
    image: tuple[int, ...] = (2, 3)
    batch: int = 4
    zero: tuple[str, ...] = ()

    def arguments(self, n: int) -> Shapes:
        """The shapes of the parameters by name; the batch size n changes none."""
        return self.build(np.dtype(np.float64)).params.shapes

    def inputs(self, rng: np.random.RandomState, dtype: np.dtype[Any], batch: int | None = None) -> Inputs:
        """Random images x, and random parameters by name."""
        n = self.batch if batch is None else batch
        params = normal(self.arguments(n), rng, dtype)
        # Larger ones would make a larger loss, whose rounding drowns its smaller gradients.
        return normal({"x": (n, *self.image)}, rng, dtype) | {name: array / 2 for name, array in params.items()}

    def forward(self, inputs: Inputs) -> Array:
        """The loss."""
        return np.asarray(self._loss(inputs)[0])

    def gradients(self, inputs: Inputs, rng: np.random.RandomState) -> tuple[Array, dict[str, Array]]:
        """1, which is all that leads into a loss, and the loss's gradients by the parameters."""
        return np.ones(()), self._loss(inputs)[1]

    def _loss(self, inputs: Inputs) -> Any:
        params = dict(inputs)
        x = params.pop("x")
        net = self.build(x.dtype)
        net.params = params
        return net.loss(x, LABELS[: len(x)])


def _two_layers(dtype: np.dtype[Any]) -> Net:
    return TwoLayerNet(6, 5, 6, reg=0.1, dtype=dtype, rng=np.random.RandomState(0))


def _fully_connected(dtype: np.dtype[Any], **settings: Any) -> Net:
    return FullyConnectedNet([5, 7], 6, 6, reg=0.1, dtype=dtype, rng=np.random.RandomState(0), **settings)


def _convolutional(dtype: np.dtype[Any], **settings: Any) -> Net:
    return ThreeLayerConvNet(IMAGE, 4, 3, 5, 6, reg=0.1, dtype=dtype, rng=np.random.RandomState(0), **settings)


IMAGE = (2, 5, 4)
BATCHNORM, LAYERNORM = {"normalization": "batchnorm"}, {"normalization": "layernorm"}
DROPOUT = {"dropout_keep_ratio": 0.6, "seed": 123}
SPATIAL_BATCHNORM = {"normalization": "spatial_batchnorm"}
SPATIAL_GROUPNORM = {"normalization": "spatial_groupnorm", "num_groups": 2}

# A minibatch's mean takes a bias before it off again, and so makes the bias's gradient zero.
NETS = (
    NetCase("TwoLayerNet", _two_layers),
    NetCase("FullyConnectedNet", _fully_connected),
    NetCase("FullyConnectedNet-batchnorm", partial(_fully_connected, **BATCHNORM), zero=("b1", "b2")),
    NetCase("FullyConnectedNet-layernorm", partial(_fully_connected, **LAYERNORM)),
    NetCase("FullyConnectedNet-dropout", partial(_fully_connected, **DROPOUT)),
    NetCase("ThreeLayerConvNet", _convolutional, IMAGE),
    NetCase("ThreeLayerConvNet-spatial_batchnorm", partial(_convolutional, **SPATIAL_BATCHNORM), IMAGE, zero=("b1",)),
    NetCase("ThreeLayerConvNet-spatial_groupnorm", partial(_convolutional, **SPATIAL_GROUPNORM), IMAGE),
)
