"""One buffer per net: the parameters are named views of one flat array.

An update rule is then a few passes over one vector, instead of dozens of calls.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from bnlab.layers.types import Array

Shapes = dict[str, tuple[int, ...]]
SHOWN = 4
"""Arrays that `repr` names."""


class Parameters(dict[str, Array]):
    """A dict of arrays that are views of `flat`. Assigning to a name writes into the buffer, and names are fixed.

    shapes: the arrays' shapes by name, in the order in which they lie in the buffer. The buffer starts as zeros.
    """

    def __init__(self, shapes: Shapes, dtype: DTypeLike = np.float32) -> None:
        self.shapes = dict(shapes)
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        self.flat: Array = np.zeros(sum(sizes), dtype)
        parts = np.split(self.flat, np.cumsum(sizes)[:-1])
        super().__init__((name, part.reshape(shape)) for (name, shape), part in zip(shapes.items(), parts, strict=True))

    def __repr__(self) -> str:
        arrays = [f"{name} {shape}" for name, shape in self.shapes.items()]
        shown = ", ".join(arrays if len(arrays) <= SHOWN else [*arrays[:SHOWN], "…"])
        return f"Parameters({shown}; {self.flat.size:,} {self.flat.dtype})"

    def like(self) -> Parameters:
        """A new buffer of zeros with the same names, shapes and dtype: for gradients, or a copy."""
        return Parameters(self.shapes, self.flat.dtype)

    def arrays(self) -> dict[str, Array]:
        """A plain dict with copies of the arrays."""
        return {name: array.copy() for name, array in self.items()}

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            raise KeyError(f"{name!r} is no parameter of this net; it has {', '.join(self)}")
        view = self[name]
        if np.shape(value) != view.shape:
            raise ValueError(f"{name} has shape {view.shape}; an array of shape {np.shape(value)} can't take its place")
        view[...] = value

    def update(self, *others: Any, **named: Any) -> None:
        for name, value in dict(*others, **named).items():
            self[name] = value

    def _fixed(self, *args: Any) -> Any:
        raise TypeError("a net's parameters are fixed: assign to their names")

    __delitem__ = pop = popitem = clear = setdefault = _fixed

    def __ior__(self, other: Any) -> Parameters:  # type: ignore[override,misc]
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.shapes, self.flat)


def draw_initial(params: Parameters, weight_scale: float, rng: Any) -> None:
    """Set new parameters: `weight_scale` times standard normal draws for each W in order, gamma one, the rest zero."""
    for name, array in params.items():
        if name.startswith("W"):
            array[...] = weight_scale * rng.standard_normal(array.shape)
        elif name.startswith("gamma"):
            array[...] = 1


def _restored(shapes: Shapes, flat: Array) -> Parameters:
    parameters = Parameters(shapes, flat.dtype)
    parameters.flat[...] = flat
    return parameters
