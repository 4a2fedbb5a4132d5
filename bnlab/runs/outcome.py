"""What a training yields."""

from __future__ import annotations

from dataclasses import dataclass


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
