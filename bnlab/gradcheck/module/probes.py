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
    """The case `of` that name on inputs of its own. where: how they differ; what: the array that is judged; text: what is
    wrong where no slip explains it."""

    of: str
    where: str
    inputs: Inputs
    what: str
    text: str

    @property
    def case(self) -> Case:
        """The case under the probe's own name, by which slips know it."""
        return replace(FUNCTION_CASES[self.of], name=f"{self.of} {self.where}")


def _whole_numbers(shape: tuple[int, ...], low: int, high: int) -> Inputs:
    return {"x": np.random.RandomState(0).randint(low, high, size=shape).astype(np.float64)}


PROBES = (
    Probe("relu", "at 0", _whole_numbers((4, 2, 3), -1, 2), "dx", "the gradient at 0 is 0"),
    Probe(
        "max_pool",
        "at ties",
        _whole_numbers((4, 2, 6, 5), 0, 3),
        "dx",
        "on a tie the gradient goes to the first maximum alone",
    ),
    Probe(
        "softmax_loss",
        "at large scores",
        {"x": 1000 * np.random.RandomState(0).standard_normal((4, 6))},
        "loss",
        "the exponential overflows: take each row's largest score off first",
    ),
)
