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
    """The largest difference, relative to our largest entry, or to one. Infinite where shapes differ, or where one of the
    two isn't finite and the other isn't the same."""
    if ours.shape != theirs.shape:
        return math.inf
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    if same.all():
        return 0.0
    apart = np.abs(np.where(same, 0, ours - theirs)).max()
    return float(apart / max(1.0, float(np.abs(ours).max()))) if np.isfinite(apart) else math.inf


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
