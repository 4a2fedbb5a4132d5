"""What claims measure on a run: one number from its trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bnlab.evidence.traces import Trace

ENOUGH = 0.9
"""The share of a run's own best validation accuracy that counts as reaching it."""


class Measure(NamedTuple):
    """A number that each run has.

    words: what it is. unit: empty for accuracies. step: the grid that its values lie on. compared: what a larger and what
    a smaller value is called. best_is_highest: whether the highest value of a sweep is its best.
    """

    words: str
    unit: str
    value: Callable[[Trace], float]
    step: Callable[[Trace], float]
    compared: tuple[str, str] = ("higher", "lower")
    best_is_highest: bool = True


def _epochs_to_enough(trace: Trace) -> float:
    wanted = ENOUGH * max(trace.val)
    return next(epoch for epoch, accuracy in zip(trace.epochs, trace.val, strict=True) if accuracy >= wanted)


def _train_step(trace: Trace) -> float:
    return 1 / trace.train_images


def _val_step(trace: Trace) -> float:
    return 1 / trace.val_images


def _coarser_step(trace: Trace) -> float:
    return max(_train_step(trace), _val_step(trace))


def _one_epoch(trace: Trace) -> float:
    return 1.0


MEASURES = {
    "mean_train_acc": Measure(
        "mean training accuracy over the run", "", lambda trace: sum(trace.train) / len(trace.train), _train_step
    ),
    "best_train_acc": Measure("best training accuracy", "", lambda trace: max(trace.train), _train_step),
    "best_val_acc": Measure("best validation accuracy", "", lambda trace: max(trace.val), _val_step),
    "final_train_acc": Measure("final training accuracy", "", lambda trace: trace.train[-1], _train_step),
    "final_val_acc": Measure("final validation accuracy", "", lambda trace: trace.val[-1], _val_step),
    "final_gap": Measure(
        "training minus validation accuracy at the end", "", lambda trace: trace.train[-1] - trace.val[-1], _coarser_step,
        ("larger", "smaller"), best_is_highest=False,
    ),
    "epochs_to_90_percent": Measure(
        "time to 90 % of its own best validation accuracy", "epochs", _epochs_to_enough, _one_epoch, ("longer", "shorter"),
        best_is_highest=False,
    ),
}  # fmt: skip
"""All measures, by the names that claims use."""
