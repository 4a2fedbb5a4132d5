"""A run's accuracies as claims measure them: to the planned end, for runs that diverged too.

After a divergence a net only guesses. Its accuracies go on to the planned end at one over the number of classes, from the
check at which it diverged.
"""

from __future__ import annotations

from dataclasses import dataclass

from bnlab.data.split import NUM_VALIDATION
from bnlab.runs.history import History
from bnlab.runs.outcome import planned_checks


@dataclass(frozen=True)
class Trace:
    """Training and validation accuracy at each planned check, when the checks are, and how many images either has."""

    iterations: tuple[int, ...]
    epochs: tuple[float, ...]
    train: tuple[float, ...]
    val: tuple[float, ...]
    train_images: int
    val_images: int
    diverged: bool


def trace(history: History) -> Trace:
    """The trace of a finished or diverged run."""
    spec, outcome = history.spec, history.outcome
    checks = planned_checks(spec)
    counting = sum(1 for check in checks if history.diverged_at is None or check < history.diverged_at)
    guessed = [spec.data.chance] * (len(checks) - counting)
    return Trace(
        tuple(checks),
        tuple(check / spec.iterations_per_epoch for check in checks),
        (*outcome.train_acc_history[:counting], *guessed),
        (*outcome.val_acc_history[:counting], *guessed),
        min(spec.data.num_train, spec.solver.num_train_samples),
        spec.data.num_val or NUM_VALIDATION,
        history.diverged_at is not None,
    )
