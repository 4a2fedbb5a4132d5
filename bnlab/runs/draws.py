"""All that is random about a run, drawn outside any net, so that another engine starts from the very same numbers.

Each kind of draw comes from a stream of its own, in the order in which a training asks for it. An engine names what it
wants (the iteration, the layer), and an order other than the training's is an error: it would give other numbers in
silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets.convolutional import convolutional_shapes
from bnlab.nets.fully_connected import fully_connected_shapes
from bnlab.nets.normalizers import SPATIAL_NORMALIZATIONS
from bnlab.nets.parameters import Parameters, Shapes, draw_initial
from bnlab.runs.spec import RunSpec
from bnlab.runs.streams import streams


class Draws:
    """The random numbers of one run. data: the arrays that it trains on, by name.

    streams: the generators by role, for an engine that draws in the training's own order, as our Solver and nets do. Draw
    either from them or by the methods, never both.
    """

    def __init__(self, spec: RunSpec, data: Mapping[str, Any]) -> None:
        self.spec = spec
        self.image_shape: tuple[int, ...] = data["X_train"].shape[1:]
        self.num_classes = spec.data.num_classes  # all of them, even if the images used show fewer
        self.streams = streams(spec.seed, spec.replicate)
        self._num_train = len(data["X_train"])
        self._minibatches = self._masks = 0

    def parameters(self) -> dict[str, Array]:
        """The initial parameters by name, in the run's dtype: W1, b1, gamma1, beta1, W2, …"""
        shapes = SHAPES[self.spec.net.model](self.spec.net, self.image_shape, self.num_classes)
        parameters = Parameters(shapes, self.spec.dtype)
        draw_initial(parameters, self.spec.net.weight_scale, self.streams.weights)
        return dict(parameters)

    def minibatch(self, iteration: int) -> Array:
        """The indices of the training images in a minibatch: (batch_size,). iteration: from 1, in turn."""
        self._minibatches = _in_turn("minibatch", self._minibatches + 1, iteration)
        picked: Array = self.streams.minibatches.choice(self._num_train, self.spec.solver.batch_size)
        return picked

    def uniforms(self, iteration: int, layer: int, shape: tuple[int, ...]) -> Array:
        """Uniform draws on [0, 1) for a dropout mask; a unit whose draw is below keep_prob is kept.

        iteration, layer: from 1, all dropout layers of an iteration in turn. shape: of the layer's input.
        """
        turn = (iteration - 1) * self.spec.net.dropout_layers + layer
        self._masks = _in_turn("mask", self._masks + 1, turn)
        return self.streams.dropout.random(shape)

    def statistics_batches(self) -> Iterator[Array]:
        """The indices of the minibatches that population statistics are estimated from, at each check before the
        accuracies: as many as an epoch has, none for a net without running statistics or where it uses the running ones."""
        population = self.spec.solver.statistics == "population" and self.spec.net.has_running_statistics
        for _ in range(self.spec.iterations_per_epoch if population else 0):
            yield self.streams.evaluation.choice(self._num_train, self.spec.solver.batch_size)

    def evaluation_sample(self) -> Array:
        """The indices of the images that training accuracy is checked on, at each check in turn: all where they are few."""
        wanted = self.spec.solver.num_train_samples
        if self._num_train <= wanted:
            return np.arange(self._num_train)
        picked: Array = self.streams.evaluation.choice(self._num_train, wanted)
        return picked


def _in_turn(what: str, due: int, asked: int) -> int:
    if asked != due:
        raise ValueError(f"{what} {asked} was asked for where {due} is next: ask for each in turn")
    return due


def _fully_connected(net: Any, image: tuple[int, ...], num_classes: int) -> Shapes:
    return fully_connected_shapes([math.prod(image), *net.hidden_dims, num_classes], net.normalization != "none")


def _convolutional(net: Any, image: tuple[int, ...], num_classes: int) -> Shapes:
    normalizes = SPATIAL_NORMALIZATIONS.get(net.normalization)
    return convolutional_shapes(image, net.num_filters, net.filter_size, net.hidden_dim, num_classes, normalizes)


SHAPES: dict[str, Callable[[Any, tuple[int, ...], int], Shapes]] = {"mlp": _fully_connected, "cnn": _convolutional}
"""The shapes of the parameters by name, of each kind of net."""
