"""One case, run with a user's pair of functions on the inputs that ours get."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from bnlab.cases import Case, LossCase
from bnlab.cases.case import LABELS, Inputs
from bnlab.gradcheck.slopes import slopes
from bnlab.homework.faults import Fault, Unwritten, array_of, named
from bnlab.homework.functions import UserFunction
from bnlab.homework.slips import Slip, agree, name_slip
from bnlab.homework.slips.normalization_state import MOMENTUM
from bnlab.layers.types import Array


class Trial:
    """The case on its inputs: what is right, and what the user's functions give. Methods that call these raise Fault.

    value: `out` or `loss`. states: the names of the arrays that the forward pass is to leave in its param dicts. gradients:
    their names, `dx` and so on, and the arguments that they belong to. right: all of these as our functions give them.
    """

    def __init__(
        self, case: Case, forward: UserFunction, backward: UserFunction | None, seed: int = 0, inputs: Inputs | None = None
    ) -> None:
        rng = np.random.RandomState(seed)
        self.case, self.forward, self.backward = case, forward, backward
        self.inputs = case.inputs(rng, np.dtype(np.float64)) if inputs is None else inputs
        self.dout, gradients = case.gradients(self.inputs, rng)
        self.value = "loss" if isinstance(case, LossCase) else "out"
        states = self._states()
        self.states, self.gradients = list(states), {f"d{name}": name for name in gradients}
        self.right = {self.value: case.forward(self.inputs), **states}
        self.right |= {f"d{name}": gradient for name, gradient in gradients.items()}
        self._theirs = replace(case, forward_function=forward)

    def forward_pass(self) -> dict[str, Any]:
        """The value and the states by name, and the `cache`: for a loss its gradient. Nothing in it is checked yet."""
        result = self._theirs.call(self.inputs)
        if result is None:
            raise Unwritten
        if not isinstance(result, tuple | list) or len(result) != 2:
            second = "dx" if self.value == "loss" else "cache"
            raise Fault(f"gives {named(result)}, and should give ({self.value}, {second})")
        if result[0] is None:
            raise Unwritten
        left = {key: value for param in self.forward.given if isinstance(param, dict) for key, value in param.items()}
        return {self.value: result[0], "cache": result[1]} | {name: left.get(name) for name in self.states}

    def backward_pass(self, cache: Any) -> dict[str, Any]:
        """The gradients by name, not checked yet."""
        if self.value == "loss" or self.backward is None:
            return {"dx": cache}
        result = self.backward(self.dout, cache)
        given = tuple(result) if isinstance(result, tuple | list) else (result,)
        if all(gradient is None for gradient in given):
            raise Unwritten
        if len(given) != len(self.gradients):
            raise Fault(f"gives {named(result)}, and should give {', '.join(self.gradients)}")
        return dict(zip(self.gradients, given, strict=True))

    def numeric(self, gradient: str) -> tuple[Array, Array]:
        """The numeric gradient of the user's own forward pass, and what kinks may have done to it."""
        return slopes(self._value, self.inputs[self.gradients[gradient]], self.dout)

    def repeats(self) -> bool:
        """Whether two calls on the same input give the same."""
        return np.array_equal(self._value(), self._value(), equal_nan=True)

    def slip(self, what: str, given: dict[str, Any], slips: Iterable[Slip]) -> str | None:
        """The first of the slips that explains the array of that name, of all that the user's functions gave."""
        if not isinstance(given[what], np.ndarray | np.generic | float | int):
            return None
        if other := self._in_the_place_of(what, given):
            return f"is {other}, and {other} is {what}; return {', '.join(self.gradients)}"
        array, out = np.asarray(given[what]), given[self.value]
        facts: dict[str, Any] = {"case": self.case.name, "given": array, "right": self.right[what], "dout": self.dout}
        facts["out"] = (
            out if getattr(out, "shape", None) == self.right[self.value].shape else np.zeros_like(self.right[self.value])
        )
        facts |= {"y": LABELS[: len(self.inputs["x"])], "G": next((n for n in self.case.extra if isinstance(n, int)), 0)}
        facts["momentum"] = MOMENTUM
        for param in self.case.extra:
            facts |= param if isinstance(param, dict) else {}
        return name_slip(slips, what, facts | self.inputs) if array.dtype.kind in "fiub" else None

    def _in_the_place_of(self, what: str, given: dict[str, Any]) -> str | None:
        """The gradient that was returned in the place of the one of that name, and the other way round."""

        def is_right(name: str, other: str) -> bool:
            array = given.get(name)
            return isinstance(array, np.ndarray) and array.dtype.kind in "fiub" and agree(array, self.right[other])

        others = [other for other in self.gradients if what in self.gradients and other != what]
        return next((other for other in others if is_right(what, other) and is_right(other, what)), None)

    def _value(self) -> Array:
        return array_of(self.forward_pass()[self.value], self.right[self.value].shape)

    def _states(self) -> dict[str, Array]:
        """The arrays that our forward function leaves in its param dicts."""
        extra = copy.deepcopy(self.case.extra)
        if self.value == "out":
            self.case.forward_function(*self.inputs.values(), *extra)
        dicts = [each for each in extra if isinstance(each, dict)]
        return {key: value for each in dicts for key, value in each.items() if isinstance(value, np.ndarray)}
