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
from bnlab.homework.slips import Slip, SlipFacts, agree, name_slip
from bnlab.homework.slips.normalization_state import MOMENTUM
from bnlab.layers.types import Array


class Trial:
    """The case on its inputs: what is right, and what the user's functions give. Methods that call these raise Fault.

    value: `out` or `loss`. states: the arrays that the forward pass must leave in its param dicts, by name. gradients: `dx`
    and so on, each with the argument it belongs to. right: all of these as our functions give them.
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
        """The value and the states by name, and the `cache`, which is the gradient for a loss. Nothing is checked yet."""
        result = self._theirs.call(self.inputs)
        results = _results(result)
        if len(results) != 2:
            second = "dx" if self.value == "loss" else "cache"
            raise Fault(f"gives {named(result)}, and should give ({self.value}, {second})")
        if results[0] is None and self.value == "out":  # placeholders have a cache
            raise Unwritten
        left = {key: value for param in self.forward.given if isinstance(param, dict) for key, value in param.items()}
        return {self.value: results[0], "cache": results[1]} | {name: left.get(name) for name in self.states}

    def backward_pass(self, cache: Any) -> dict[str, Any]:
        """The gradients by name, not checked yet."""
        if self.value == "loss" or self.backward is None:
            return {"dx": cache}
        result = self.backward(self.dout, cache)
        results = _results(result)
        if len(results) != len(self.gradients):
            raise Fault(f"gives {named(result)}, and should give {', '.join(self.gradients)}")
        return dict(zip(self.gradients, results, strict=True))

    def numeric(self, gradient: str) -> tuple[Array, Array]:
        """The numeric gradient of the user's own forward pass, and how far kinks may have thrown it off."""
        return slopes(self._value, self.inputs[self.gradients[gradient]], self.dout)

    def repeats(self) -> bool:
        """Whether two calls on the same input give the same."""
        return np.array_equal(self._value(), self._value(), equal_nan=True)

    def slip(self, what: str, given: dict[str, Any], slips: Iterable[Slip]) -> str | None:
        """The text of the first slip that explains the array of that name. given: all that the user's functions gave."""
        if not isinstance(given[what], np.ndarray | np.generic | float | int):
            return None
        if other := self._exchanged_with(what, given):
            return f"is {other}, and {other} is {what}; return {', '.join(self.gradients)}"
        array = np.asarray(given[what])
        return name_slip(slips, what, self._facts(what, array, given)) if array.dtype.kind in "fiub" else None

    def _facts(self, what: str, array: Array, given: dict[str, Any]) -> SlipFacts:
        """Defaults first: the param dicts and the inputs go over them."""
        out, right_out = given[self.value], self.right[self.value]
        facts: dict[str, Any] = {
            "case": self.case.name,
            "given": array,
            "right": self.right[what],
            "dout": self.dout,
            "out": out if getattr(out, "shape", None) == right_out.shape else np.zeros_like(right_out),
            "y": LABELS[: len(self.inputs["x"])],
            "G": next((number for number in self.case.extra if isinstance(number, int)), 0),
            "momentum": MOMENTUM,
        }
        for param in self.case.extra:
            facts |= param if isinstance(param, dict) else {}
        return facts | self.inputs

    def _exchanged_with(self, what: str, given: dict[str, Any]) -> str | None:
        """The gradient that stands in the place of the one of that name, if that one stands in its place."""

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


def _results(result: Any) -> tuple[Any, ...]:
    """What a function gave, as a tuple. Raises Unwritten if it is nothing but None."""
    results = tuple(result) if isinstance(result, tuple | list) else (result,)
    if results and all(each is None for each in results):
        raise Unwritten
    return results
