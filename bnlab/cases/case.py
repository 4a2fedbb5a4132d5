"""A row of the table: a layer or a loss, and the inputs that it is checked on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnlab.layers.types import Array, Param

Inputs = dict[str, Array]
Shapes = dict[str, tuple[int, ...]]

LABELS = np.array([3, 0, 2, 1])


@dataclass(frozen=True)
class Case:
    """A layer under check: its pair of functions, its array arguments in order, and what else the forward function takes.

    arguments: name to shape, as a function of the batch size n, in the order of the forward function; the backward function
    gives their gradients in the same order. extra: numbers and param dicts, which are copied for each call. zero: the
    arguments whose true gradient is zero. notebook: the notebooks have it, so that a user's own file may have it too.
    """

    name: str
    forward_function: Callable[..., Any]
    backward_function: Callable[..., Any]
    arguments: Callable[[int], Shapes]
    extra: tuple[float | Param, ...] = ()
    batch: int = 4
    zero: tuple[str, ...] = ()
    notebook: bool = True

    def inputs(self, rng: np.random.RandomState, dtype: np.dtype[Any], batch: int | None = None) -> Inputs:
        """Random arguments by name."""
        return normal(self.arguments(self.batch if batch is None else batch), rng, dtype)

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
    """A loss under check: `(loss, dx) = function(x, y)`. This one function is both of the pair."""

    def forward(self, inputs: Inputs) -> Array:
        return np.asarray(self.call(inputs)[0])

    def gradients(self, inputs: Inputs, rng: np.random.RandomState) -> tuple[Array, dict[str, Array]]:
        return np.ones(()), {"x": self.call(inputs)[1]}

    def call(self, inputs: Inputs) -> Any:
        """What the loss function gives: the loss and its gradient."""
        return self.forward_function(inputs["x"], LABELS[: len(inputs["x"])])


def normal(shapes: Shapes, rng: np.random.RandomState, dtype: np.dtype[Any]) -> Inputs:
    """Standard normal draws of the given shapes, by name, in order."""
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
