"""Engines train a run, each from the same initial weights and minibatches.

An engine is a module with `train(net, solver, dtype, data, streams) -> Outcome`. net and solver are the settings of those
names as plain mappings, data the arrays by name, streams the run's random generators. To add one: the module, and its row
in `ENGINES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import ENGINES


def engine(name: str) -> Callable[..., Outcome]:
    """The `train` function of the engine of that name."""
    return cast("Callable[..., Outcome]", importlib.import_module(ENGINES[name]).train)
