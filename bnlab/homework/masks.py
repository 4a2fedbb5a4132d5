"""Whether dropout's mask is a fair one, for a file that draws it in another way than the notebooks. The check takes enough
units to rule out chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bnlab.cases import NOTEBOOK_CASES
from bnlab.gradcheck.comparison import Comparison
from bnlab.homework.faults import Fault, Unwritten, array_of
from bnlab.homework.functions import UserFunction
from bnlab.homework.trial import Trial
from bnlab.layers.types import Array

CASE = NOTEBOOK_CASES["dropout"]
MANY = (400, 16, 15)
SIGMAS = 6
"""How far a share may lie from what is expected, in standard deviations. A fair mask lies outside less than once in 5e8."""


def check_mask(forward: UserFunction) -> Iterator[Comparison]:
    """A comparison that says what is wrong, unless each unit is kept with probability p on its own, as the seed decides."""
    x = np.random.RandomState(0).standard_normal(MANY)
    [settings] = CASE.extra
    assert isinstance(settings, dict)
    try:
        kept, others = (_kept(forward, x, settings | {"seed": seed}) for seed in (settings["seed"], settings["seed"] + 1))
        problem = next(_problems(x, kept, others, settings["p"]), None)
    except Unwritten:
        return
    except Fault as fault:
        problem = f"on {x.size} units {fault}"
    if problem:
        yield Comparison(f"{CASE.name} on many units", function=forward.name, problem=problem)


def _kept(forward: UserFunction, x: Array, settings: dict[str, object]) -> Array:
    trial = Trial(replace(CASE, extra=(settings,)), forward, None, inputs={"x": x})
    return np.not_equal(array_of(trial.forward_pass()["out"], x.shape), 0)


def _problems(x: Array, kept: Array, others: Array, p: float) -> Iterator[str]:
    """What is wrong with the mask, the most specific first. others: the mask of another seed."""
    share, by_chance = float(kept.mean()), SIGMAS / 2 / math.sqrt(x.size / 2)  # the smallest sample is a half of x
    agree = share**2 + (1 - share) ** 2
    for half in (x > 0, np.abs(x) > np.median(np.abs(x))):
        if abs(kept[half].mean() - kept[~half].mean()) > 2 * by_chance:
            yield "which units are kept depends on x; draw the mask by itself"
    for axis in range(x.ndim):
        if abs(np.mean(kept == np.roll(kept, 1, axis)) - agree) > 2 * by_chance:
            yield f"neighbours along axis {axis} aren't kept independently; draw a number for every entry of x"
    if abs(share - p) > by_chance:
        meant = "keeping one, not of dropping it" if abs(share - (1 - p)) <= by_chance else "keeping one"
        yield f"keeps {share:.0%} of the units where p is {p:g}; p is the probability of {meant}"
    if np.mean(kept == others) > agree + 2 * by_chance:
        yield "another seed gives the same mask; let the seed in dropout_param decide it"
