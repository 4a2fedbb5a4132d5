"""What a check can record of each layer of a net: the size of signals, gradients and updates, and the share of dead units.

They show how the signal changes from layer to layer, forward and backward (Glorot and Bengio, 2010, "Understanding the
difficulty of training deep feedforward neural networks", section 4.2). All is computed in float64: squares of small
gradients would be zero in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from math import inf
from typing import NamedTuple, TypeAlias

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets.net import Net
from bnlab.nets.stages import Normalization, Relu, Stage

Arrays: TypeAlias = Mapping[str, Array]


class Layer(NamedTuple):
    """What there is to measure of one layer; None for what it doesn't have.

    preactivation, normalized, rectified: (N, …) the outputs of its affine layer or convolution, of its normalization, and
    of its relu. weight, gradient, update: W, the gradient of the loss with respect to it, and what the update added to it.
    """

    preactivation: Array | None
    normalized: Array | None
    rectified: Array | None
    weight: Array | None
    gradient: Array | None
    update: Array | None


class Quantity(NamedTuple):
    """A quantity: what it says, how it is taken from an array of a layer, which array that is, and its range."""

    meaning: str
    measure: Callable[[Array], float]
    array: str
    at_least: float = 0.0
    at_most: float = inf

    def of(self, layer: Layer) -> float | None:
        """Its value; None if the layer doesn't have the array."""
        array = getattr(layer, self.array)
        return None if array is None else self.measure(array)


def mean(x: Array) -> float:
    """The mean of all entries."""
    return float(x.sum(dtype=np.float64)) / x.size


def std(x: Array) -> float:
    """The standard deviation of all entries."""
    return norm(x - np.float64(mean(x))) / math.sqrt(x.size)


def norm(x: Array) -> float:
    """The Euclidean norm, the root of the sum of squares, of all entries."""
    entries = x.astype(np.float64, copy=False).ravel()
    return math.sqrt(float(entries @ entries))


def dead_share(rectified: Array) -> float:
    """The share of units that are zero for every image; NaN if any is not finite. rectified: (N, …) the output of a relu, a
    unit for each entry of an image."""
    largest = rectified.max(axis=0)
    if not np.isfinite(largest).all():
        return math.nan
    return float(np.count_nonzero(largest == 0) / largest.size)


OF_AFFINE = "outputs of the affine layer or convolution, before normalization"
OF_NORMALIZATION = "outputs of the normalization"
QUANTITIES = {
    "preactivation_mean": Quantity(f"mean of the {OF_AFFINE}", mean, "preactivation", at_least=-inf),
    "preactivation_std": Quantity(f"standard deviation of the {OF_AFFINE}", std, "preactivation"),
    "normalized_mean": Quantity(f"mean of the {OF_NORMALIZATION}", mean, "normalized", at_least=-inf),
    "normalized_std": Quantity(f"standard deviation of the {OF_NORMALIZATION}", std, "normalized"),
    "dead_units": Quantity(
        "share of units whose relu gives zero for every image of the minibatch", dead_share, "rectified", at_most=1.0
    ),
    "weight_norm": Quantity("Euclidean norm of W", norm, "weight"),
    "gradient_norm": Quantity("Euclidean norm of the gradient of W", norm, "gradient"),
    "update_norm": Quantity("Euclidean norm of what the update added to W", norm, "update"),
}
"""By name, in the order in which they are recorded. Means and deviations are over all images and units."""


def diagnose(net: Net, X: Array, gradients: Arrays, update: Arrays | None) -> list[dict[str, float | None]]:
    """The quantities of each layer by name, first layer first. The net stays as it was.

    X: (N, …) images, which pass as in training: normalized by their own statistics, and with dropout. gradients, update:
    the arrays by the names of the parameters; update is None if there was none, and so is what it would give.
    """
    layers = _layers(net, net.activations(X, "train"), gradients, update or {})
    return [{name: quantity.of(layer) for name, quantity in QUANTITIES.items()} for layer in layers]


def _layers(net: Net, outputs: Arrays, gradients: Arrays, update: Arrays) -> Iterator[Layer]:
    for number, group in groupby(net.stages, key=lambda stage: stage.layer):
        first, *rest = group
        normalized, rectified = (_output(rest, kind, outputs) for kind in (Normalization, Relu))
        name = f"W{number}"
        yield Layer(outputs[first.name], normalized, rectified, net.params[name], gradients[name], update.get(name))


def _output(stages: list[Stage], kind: type[Stage], outputs: Arrays) -> Array | None:
    """The output of the stage of that class; None if there is none."""
    return next((outputs[stage.name] for stage in stages if isinstance(stage, kind)), None)
