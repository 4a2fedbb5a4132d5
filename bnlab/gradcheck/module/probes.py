"""Inputs where no difference quotient can judge, but a convention does: zeros, ties, and scores near the end of the range.

There a user's array is held against ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bnlab.cases import FUNCTION_CASES, Case
from bnlab.cases.case import Inputs


@dataclass(frozen=True)
class Probe:
    """A case with inputs of its own. what: the array that is judged; text: what is wrong where no slip explains it."""

    case: Case
    inputs: Inputs
    what: str
    text: str


def _renamed(name: str, where: str) -> Case:
    return replace(FUNCTION_CASES[name], name=f"{name} {where}")


def _whole_numbers(shape: tuple[int, ...], low: int, high: int) -> Inputs:
    return {"x": np.random.RandomState(0).randint(low, high, size=shape).astype(np.float64)}


PROBES = {
    "relu": Probe(_renamed("relu", "at 0"), _whole_numbers((4, 2, 3), -1, 2), "dx", "the gradient at 0 is 0"),
    "max_pool": Probe(
        _renamed("max_pool", "at ties"),
        _whole_numbers((4, 2, 6, 5), 0, 3),
        "dx",
        "on a tie the gradient goes to the first maximum alone",
    ),
    "softmax_loss": Probe(
        _renamed("softmax_loss", "at large scores"),
        {"x": 1000 * np.random.RandomState(0).standard_normal((4, 6))},
        "loss",
        "the exponential overflows: take each row's largest score off first",
    ),
}
"""By the case that each goes with."""
