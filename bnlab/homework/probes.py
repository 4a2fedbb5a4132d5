"""Checks where numeric gradients don't help, because a convention decides: zeros, ties, scores near the end of the range,
and param dicts that hold more than the mode. There a user's arrays are compared with ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from bnlab.cases import NOTEBOOK_CASES, Case
from bnlab.cases.case import Inputs
from bnlab.homework.slips.pooling import FIRST
from bnlab.layers.types import Param


@dataclass(frozen=True)
class Probe:
    """The case `of` that name on other inputs or settings. where: what differs. what: the arrays to compare. text: what is
    wrong, if no slip explains it. inputs: its own; else random ones. settings: what its param dict holds besides."""

    of: str
    where: str
    what: tuple[str, ...]
    text: str
    inputs: Inputs | None = None
    settings: Param = field(default_factory=dict)

    @property
    def case(self) -> Case:
        """The case with the settings. Its name is the probe's own; slips know it by that."""
        case = NOTEBOOK_CASES[self.of]
        extra = tuple(each | self.settings if isinstance(each, dict) else each for each in case.extra)
        return replace(case, name=f"{self.of} {self.where}", extra=extra)


def _whole_numbers(shape: tuple[int, ...], low: int, high: int) -> Inputs:
    return {"x": np.random.RandomState(0).randint(low, high, size=shape).astype(np.float64)}


def _below_zero(shape: tuple[int, ...]) -> Inputs:
    return {"x": -1 - np.random.RandomState(0).random_sample(shape)}


SCORES = np.random.RandomState(0).standard_normal((4, 6))
ELSEWHERE = "with other settings"
ANOTHER_EPS, ANOTHER_MOMENTUM = {"eps": 1e-2}, {"momentum": 0.7}
STATISTICS = {"running_mean": np.linspace(-1, 1, 5), "running_var": np.linspace(0.5, 2, 5)}
ALL_SETTINGS = ANOTHER_EPS | ANOTHER_MOMENTUM | STATISTICS
STATES = ("out", "running_mean", "running_var", "dx")
BY_SETTINGS = "doesn't follow the param dict; take eps, momentum and the running statistics from it, if it holds them"
ROW_MAXIMUM = "subtract each row's largest score first"

PROBES = (
    Probe("relu", "at 0", ("dx",), "the gradient at 0 is 0", _whole_numbers((4, 2, 3), -1, 2)),
    Probe("batchnorm", ELSEWHERE, STATES, BY_SETTINGS, settings=ALL_SETTINGS),
    Probe("batchnorm_alt", ELSEWHERE, ("dx",), BY_SETTINGS, settings=ALL_SETTINGS),
    Probe("batchnorm_test", ELSEWHERE, ("out",), BY_SETTINGS, settings=ANOTHER_EPS | ANOTHER_MOMENTUM),
    Probe("layernorm", ELSEWHERE, ("out", "dx"), BY_SETTINGS, settings=ANOTHER_EPS),
    Probe("spatial_batchnorm", ELSEWHERE, STATES, BY_SETTINGS, settings=ALL_SETTINGS),
    Probe("spatial_batchnorm_test", ELSEWHERE, ("out",), BY_SETTINGS, settings=ANOTHER_EPS | ANOTHER_MOMENTUM),
    Probe("spatial_groupnorm", ELSEWHERE, ("out", "dx"), BY_SETTINGS, settings=ANOTHER_EPS),
    Probe("max_pool", "at ties", ("dx",), FIRST, _whole_numbers((4, 2, 6, 5), 0, 3)),
    Probe(
        "max_pool",
        "below 0",
        ("out", "dx"),
        "the search for the largest starts at 0; start from the window's first entry, or from -inf",
        _below_zero((4, 2, 6, 5)),
    ),
    Probe("softmax_loss", "at large scores", ("loss",), f"the exponential overflows: {ROW_MAXIMUM}", {"x": SCORES + 1000}),
    Probe(
        "softmax_loss",
        "at rows far apart",
        ("loss",),
        f"a row below the others underflows: {ROW_MAXIMUM}, not the largest of all",
        {"x": SCORES + 1000 * np.arange(4)[:, None]},
    ),
    Probe(
        "softmax_loss",
        "at scores far apart",
        ("loss",),
        "the logarithm of a probability that underflowed; take shifted - log(Σ exp(shifted)) instead",
        {"x": 1000 * SCORES},
    ),
)
