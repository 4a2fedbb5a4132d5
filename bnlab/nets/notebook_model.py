"""What the Solver asks of a model, and how a notebook's own model comes to offer it.

Our nets keep their parameters in one buffer and write gradients into another. A notebook's model has just a dict `params`
and `loss(X, y=None)`: its dict is replaced by one whose arrays are views of a buffer, and its gradients are copied.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets.parameters import Parameters


class Model(Protocol):
    """The model as the Solver sees it. evaluation_batch: images a pass when accuracy is checked."""

    evaluation_batch: int

    @property
    def params(self) -> Parameters: ...

    def scores(self, X: Array) -> Array: ...

    def loss_and_gradients(self, X: Array, y: Array, grads: Parameters) -> Any: ...

    def snapshot(self) -> Any: ...

    def restore(self, snapshot: Any) -> None: ...

    def estimate_population_statistics(self, batches: Iterable[Array]) -> None: ...


def adapt(model: Any) -> Model:
    """The model itself if it is one of our nets, else one wrapped so that the Solver can train it."""
    return model if hasattr(model, "loss_and_gradients") else NotebookModel(model)


class NotebookModel:
    """Wraps any object with a dict `params` and `loss(X, y=None)`, perhaps `bn_params`; replaces its `params`."""

    evaluation_batch = 100  # the notebooks'

    def __init__(self, model: Any) -> None:
        self._model = model
        self.params = Parameters(
            {name: np.shape(value) for name, value in model.params.items()}, np.result_type(*model.params.values())
        )
        self.params.update(model.params)
        model.params = self.params

    def scores(self, X: Array) -> Array:
        scores: Array = self._model.loss(X)
        return scores

    def loss_and_gradients(self, X: Array, y: Array, grads: Parameters) -> Any:
        loss, named = self._model.loss(X, y)
        grads.update({name: named[name] for name in grads})
        return loss

    def snapshot(self) -> tuple[Array, Any]:
        return self.params.flat.copy(), copy.deepcopy(getattr(self._model, "bn_params", None))

    def restore(self, snapshot: tuple[Array, Any]) -> None:
        flat, self_state = snapshot
        self.params.flat[...] = flat
        if self_state is not None:
            self._model.bn_params = copy.deepcopy(self_state)

    def estimate_population_statistics(self, batches: Iterable[Array]) -> None:
        raise ValueError("population statistics need one of bnlab's own nets: this model keeps its statistics to itself")
