"""What comparisons share: how far two arrays are apart, and steps of our update rules."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bnlab.layers.types import Array
from bnlab.optim import CONVENTIONS
from bnlab.runs.spec import DataSpec, NetSpec, RunSpec, SolverSpec

SEED = 231
STEPS = 50
DECAY = 0.97
"""Of the learning rate after each step of an update rule."""


def distance(ours: Array, theirs: Array) -> float:
    """The largest difference, relative to our largest finite entry, or to one. Infinite where shapes differ, or where an
    entry isn't finite in one of the two and not the same in the other."""
    if ours.shape != theirs.shape:
        return math.inf
    finite = np.isfinite(ours) & np.isfinite(theirs)
    if not np.array_equal(ours[~finite], theirs[~finite], equal_nan=True):
        return math.inf
    one, other = ours[finite], theirs[finite]
    return float(np.abs(one - other).max() / max(1.0, float(np.abs(one).max()))) if one.size else 0.0


def rule_spec(rule: str, convention: str, engine: str, dtype: str, lr_decay: float = DECAY) -> RunSpec:
    """A run that has this update rule; only its solver counts."""
    solver = SolverSpec(1e-2, update_rule=rule, lr_decay=lr_decay, batch_size=1)
    data = DataSpec("synthetic", 1, "")
    return RunSpec(data, NetSpec((1,)), solver, seed=SEED, dtype=dtype, engine=engine, convention=convention)


def our_steps(spec: RunSpec, w: Array, gradients: Sequence[Array]) -> list[Array]:
    """The weights after each step of our update rule, whose rate decays after each one."""
    config, found = dict(spec.solver.rule_config), []
    for gradient in gradients:
        w, config = CONVENTIONS[spec.convention][spec.solver.update_rule](w, gradient, config)
        config["learning_rate"] *= spec.solver.lr_decay
        found.append(w)
    return found
