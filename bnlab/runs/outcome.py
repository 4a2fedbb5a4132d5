"""What a training yields, and what the outcome of a given spec must hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bnlab.nets.diagnostics import QUANTITIES
from bnlab.runs.spec import RunSpec

PLACE = ("iteration", "layer")
"""What says of which check and layer a row of diagnostics is."""


@dataclass(frozen=True)
class Outcome:
    """The losses and accuracies of a training.

    loss_history: the loss of each iteration. check_iterations: the iterations (from 1) after which accuracy was
    checked, and train_acc_history and val_acc_history the accuracies then. diverged_at: the iteration, the last one, at
    which the loss was not finite, or a check found weights that were not; None if training went on to its planned end.

    diagnostics: None, or if the spec asks for them a table, as lists by the columns' names, with a row for each check and
    each of its layers: the `iteration`, the `layer`, from 1, and what `QUANTITIES` in `bnlab/nets/diagnostics.py` names,
    with None for what the layer doesn't have and for what isn't finite.
    """

    loss_history: list[float]
    check_iterations: list[int]
    train_acc_history: list[float]
    val_acc_history: list[float]
    diverged_at: int | None = None
    diagnostics: dict[str, list[Any]] | None = None


def check_outcome(outcome: Outcome, spec: RunSpec) -> None:
    """Hold an outcome against what a run of its spec must yield. Raises ValueError, which says what doesn't fit."""
    end = spec.num_iterations if outcome.diverged_at is None else outcome.diverged_at
    if not _is_count(end) or not 1 <= end <= spec.num_iterations:
        raise ValueError(f"diverged_at is {outcome.diverged_at!r}, of {spec.num_iterations} iterations")
    checks = planned_checks(spec, outcome.diverged_at)
    if outcome.check_iterations != checks or not all(map(_is_count, outcome.check_iterations)):
        raise ValueError(f"check_iterations are not the {len(checks)} that the settings plan")
    _check_numbers("loss_history", outcome.loss_history, end, finite=end - (outcome.diverged_at is not None))
    if any(loss < 0 for loss in outcome.loss_history):
        raise ValueError("loss_history holds a number below 0")
    images = {
        "train_acc_history": min(spec.data.num_train, spec.solver.num_train_samples),
        "val_acc_history": spec.data.num_val,
    }
    for name, count in images.items():
        accuracies = getattr(outcome, name)
        _check_numbers(name, accuracies, len(checks), finite=len(checks))
        if not all(_is_share(accuracy, count) for accuracy in accuracies):
            raise ValueError(f"{name} holds a number that is no share of its images")
    _check_diagnostics(outcome.diagnostics, spec, checks)


def plain(outcome: Outcome) -> Outcome:
    """The outcome with Python's own numbers, whatever kind an engine computed with. Raises TypeError or ValueError."""
    at = outcome.diverged_at
    return Outcome(
        [float(loss) for loss in outcome.loss_history],
        [int(iteration) for iteration in outcome.check_iterations],
        [float(accuracy) for accuracy in outcome.train_acc_history],
        [float(accuracy) for accuracy in outcome.val_acc_history],
        None if at is None else int(at),
        None if outcome.diagnostics is None else _plain_table(outcome.diagnostics),
    )


def planned_checks(spec: RunSpec, diverged_at: int | None = None, until: int | None = None) -> list[int]:
    """The iterations after which accuracy is checked: the first, the last of each epoch, and the one where a run
    diverged. until: those up to this iteration alone (None: all).
    """
    end = spec.num_iterations if until is None else min(until, spec.num_iterations)
    planned = sorted({1, *range(spec.iterations_per_epoch, end + 1, spec.iterations_per_epoch)})
    return planned if diverged_at is None else [t for t in planned if t < diverged_at] + [diverged_at]


def _plain_table(table: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Diagnostics with Python's own numbers, and None for what isn't finite."""
    return {name: [*map(int if name in PLACE else _finite_or_none, column)] for name, column in table.items()}


def _finite_or_none(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _check_diagnostics(table: Any, spec: RunSpec, checks: Sequence[int]) -> None:
    """They are there if the spec asks for them, with a row for each check and layer in turn."""
    if not spec.diagnostics:
        if table is not None:
            raise ValueError("diagnostics are there, and the settings don't ask for them")
        return
    if not isinstance(table, dict) or [*table] != [*PLACE, *QUANTITIES]:
        raise ValueError(f"diagnostics must have the columns {', '.join([*PLACE, *QUANTITIES])}")
    layers = range(1, spec.net.num_layers + 1)
    places = {"iteration": [t for t in checks for _ in layers], "layer": [*layers] * len(checks)}
    if any(table[name] != places[name] for name in PLACE):
        raise ValueError(f"diagnostics must have a row for each of {len(checks)} checks and {len(layers)} layers")
    for name, quantity in QUANTITIES.items():
        column = table[name]
        if not isinstance(column, list) or len(column) != len(table["layer"]):
            raise ValueError(f"diagnostics: {name} must be a list of {len(table['layer'])} numbers")
        low, high = quantity.at_least, quantity.at_most
        if not all(value is None or (_is_finite(value) and low <= value <= high) for value in column):
            raise ValueError(f"diagnostics: {name} holds what it can't be")


def _is_finite(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)


def _check_numbers(name: str, values: Sequence[Any], count: int, finite: int) -> None:
    """There are `count` numbers, the first `finite` of them finite."""
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"{name} must be a list of {count} numbers")
    if not all(type(value) in (float, int) for value in values):
        raise ValueError(f"{name} holds what is no number")
    if not all(map(math.isfinite, values[:finite])):
        raise ValueError(f"{name} holds null where a number must stand")


def _is_share(accuracy: float, count: int | None) -> bool:
    """Whether it may be a share of so many images, or of any number of them."""
    whole = count is None or abs(accuracy * count - round(accuracy * count)) < 1e-6
    return 0 <= accuracy <= 1 and whole


def _is_count(value: Any) -> bool:
    return type(value) is int
