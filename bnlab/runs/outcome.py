"""What a training yields, and what the outcome of a given spec must hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bnlab.runs.spec import RunSpec


@dataclass(frozen=True)
class Outcome:
    """The losses and accuracies of a training.

    loss_history: the loss of each iteration. check_iterations: the iterations (from 1) after which accuracy was
    checked, and train_acc_history and val_acc_history the accuracies then. diverged_at: the iteration, the last one, at
    which the loss was not finite, or a check found weights that were not; None if training went on to its planned end.
    """

    loss_history: list[float]
    check_iterations: list[int]
    train_acc_history: list[float]
    val_acc_history: list[float]
    diverged_at: int | None = None


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


def plain(outcome: Outcome) -> Outcome:
    """The outcome with Python's own numbers, whatever kind an engine computed with. Raises TypeError or ValueError."""
    at = outcome.diverged_at
    return Outcome(
        [float(loss) for loss in outcome.loss_history],
        [int(iteration) for iteration in outcome.check_iterations],
        [float(accuracy) for accuracy in outcome.train_acc_history],
        [float(accuracy) for accuracy in outcome.val_acc_history],
        None if at is None else int(at),
    )


def planned_checks(spec: RunSpec, diverged_at: int | None = None) -> list[int]:
    """The iterations after which accuracy is checked: the first, the last of each epoch, and the one where a run
    diverged.
    """
    ends = range(spec.iterations_per_epoch, spec.num_iterations + 1, spec.iterations_per_epoch)
    planned = sorted({1, *ends, spec.num_iterations})
    return planned if diverged_at is None else [t for t in planned if t < diverged_at] + [diverged_at]


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
