"""Made-up Histories: the curves of a study that nobody trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bnlab.evidence.judge import ArmRuns, Curve, curves
from bnlab.runs.history import History

Runs = Mapping[str, Mapping[float | None, Sequence[float | None]]]
"""By the label of a curve and x: one accuracy for each replicate; None for a run that failed."""


@pytest.fixture(scope="session")
def arm_of(make_spec: Any, make_history: Any) -> Callable[..., ArmRuns]:
    """An arm whose runs stay at these accuracies, in training and validation, at every check."""

    def arm_of(curve: str, x: float | None, accuracies: Sequence[float | None], diverged: Sequence[int] = ()) -> ArmRuns:
        histories = [
            _steady(make_history, make_spec(replicate=r), accuracy, r in diverged)
            for r, accuracy in enumerate(accuracies)
            if accuracy is not None
        ]
        return ArmRuns(curve, x, histories)

    return arm_of


def _steady(make_history: Any, spec: Any, accuracy: float, diverged: bool) -> History:
    history: History = make_history(spec)
    steady = [accuracy] * len(history.outcome.check_iterations)
    end = spec.num_iterations if diverged else None
    return replace(
        history,
        outcome=replace(history.outcome, train_acc_history=steady, val_acc_history=steady, diverged_at=end),
    )


@pytest.fixture(scope="session")
def made(arm_of: Callable[..., ArmRuns]) -> Callable[[Runs], dict[str, Curve]]:
    """The curves of such arms."""

    def made(runs: Runs) -> dict[str, Curve]:
        return curves(arm_of(label, x, each) for label, by_x in runs.items() for x, each in by_x.items())

    return made
