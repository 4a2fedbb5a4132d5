"""Engines train a run, each from the same initial weights and minibatches.

An engine is a module with `train(net, solver, dtype, data, streams) -> Outcome`. net and solver are the settings of those
names as plain mappings, data the arrays by name, streams the run's random generators. To add one: the module, and its row
in `ENGINES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

ENGINES = {"numpy": "bnlab.engines.numpy"}


@dataclass(frozen=True)
class Outcome:
    """What a training yields. A loss that wasn't finite is the last of its history, and diverged_at its iteration (from 1).

    Accuracies belong to check_iterations: the iteration after which each check was made.
    """

    loss_history: list[float]
    check_iterations: list[int]
    train_acc_history: list[float]
    val_acc_history: list[float]
    iterations_per_epoch: int
    diverged_at: int | None


def engine(name: str) -> Callable[..., Outcome]:
    """The `train` function of the engine of that name."""
    return cast("Callable[..., Outcome]", importlib.import_module(ENGINES[name]).train)
