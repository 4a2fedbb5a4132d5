"""What the Solver asks of a model, and how other models come to offer it.

Our nets keep their parameters in one buffer and write gradients into another. Two kinds of model are trained through their
own `loss(X, y=None)` instead, as the notebooks' Solver does, and their gradients are copied:

- one of our nets whose class, or the net itself, has a `loss` of its own;
- any other object with a dict `params`. A dict whose arrays are views of one buffer takes its place.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets.net import Net
from bnlab.nets.parameters import Parameters


class Model(Protocol):
    """The model as the Solver sees it.

    evaluation_batch: how many images go through at once in accuracy checks. sources: the sources of random numbers that
    training draws from.
    """

    evaluation_batch: int

    @property
    def params(self) -> Parameters: ...

    @property
    def sources(self) -> list[Any]: ...

    def scores(self, X: Array) -> Array: ...

    def loss_and_gradients(self, X: Array, y: Array, grads: Parameters) -> Any: ...

    def snapshot(self) -> tuple[Array, Any]: ...

    def restore(self, snapshot: tuple[Array, Any]) -> None: ...

    def estimate_population_statistics(self, batches: Iterable[Array]) -> None: ...


def adapt(model: Any) -> Model:
    """The model itself if it is one of our nets with our `loss`, else one wrapped so that the Solver can train it."""
    if not isinstance(model, Net):
        return NotebookModel(model)
    ours = getattr(model.loss, "__func__", None) is Net.loss
    return model if ours else NetWithOwnLoss(model)


class _ThroughLoss:
    """Scores and gradients by `model.loss`."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def scores(self, X: Array) -> Array:
        scores: Array = self._model.loss(X)
        return scores

    def loss_and_gradients(self, X: Array, y: Array, grads: Parameters) -> Any:
        loss, named = self._model.loss(X, y)
        grads.update({name: named[name] for name in grads})
        return loss


class NetWithOwnLoss(_ThroughLoss):
    """One of our nets with another `loss`. All else is the net's."""

    def __init__(self, net: Net) -> None:
        super().__init__(net)
        self.params, self.sources, self.evaluation_batch = net.params, net.sources, net.evaluation_batch
        self.snapshot, self.restore = net.snapshot, net.restore
        self.estimate_population_statistics = net.estimate_population_statistics


class NotebookModel(_ThroughLoss):
    """Any object with a dict `params` and `loss(X, y=None)`, perhaps `bn_params`. Replaces its `params`."""

    evaluation_batch = 100  # the notebooks'

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.params = Parameters(
            {name: np.shape(value) for name, value in model.params.items()}, np.result_type(*model.params.values())
        )
        self.params.update(model.params)
        model.params = self.params

    @property
    def sources(self) -> list[Any]:
        """NumPy's global stream: a notebook's dropout draws from it."""
        return [np.random]

    def snapshot(self) -> tuple[Array, Any]:
        return self.params.flat.copy(), copy.deepcopy(getattr(self._model, "bn_params", None))

    def restore(self, snapshot: tuple[Array, Any]) -> None:
        flat, bn_params = snapshot
        self.params.flat[...] = flat
        if bn_params is not None:
            self._model.bn_params = copy.deepcopy(bn_params)

    def estimate_population_statistics(self, batches: Iterable[Array]) -> None:
        raise ValueError("population statistics need one of bnlab's own nets: this model keeps its statistics to itself")
