"""Engines train a run, each from the same initial weights and minibatches.

An engine is a module with `train(spec, data, draws) -> Outcome`: the run's settings, the arrays by name, and all its random
numbers. To add one: the module, and its row in `ENGINES` in `bnlab/runs/spec.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import cast

from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import ENGINES, RunSpec


def train(spec: RunSpec, data: Mapping[str, Array]) -> Outcome:
    """Train a run with its engine. data: X_train, y_train, X_val, y_val."""
    module = importlib.import_module(ENGINES[spec.engine])
    engine = cast("Callable[[RunSpec, Mapping[str, Array], Draws], Outcome]", module.train)
    return engine(spec, data, Draws(spec, data))
