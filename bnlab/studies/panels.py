"""The panels that studies share: curves over iterations or epochs, and sweeps over a setting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from bnlab.report.figure import Line, Panel
from bnlab.runs.history import History
from bnlab.studies.study import Arm, Result

OVER: dict[str, Callable[[History], Sequence[float]]] = {
    "epoch": lambda history: history.check_epochs,
    "update": lambda history: history.outcome.check_iterations,
}
"""What accuracies may be drawn over."""


def loss_panel(results: list[Result]) -> Panel:
    """Training loss of each minibatch by iteration, a curve for each arm, nothing smoothed."""
    lines = tuple(
        _line(result, history, range(1, len(losses) + 1), losses, points=False)
        for result in results
        for history in result.histories
        for losses in [history.outcome.loss_history]
    )
    return Panel("Training loss", "iteration", "loss of the minibatch", lines, y_limits=_loss_limits(lines))


def accuracy_panels(results: list[Result], over: str = "epoch") -> tuple[Panel, Panel]:
    """Training and validation accuracy over 'epoch' or 'update', a curve for each arm, on one y-axis."""
    return (
        _accuracy_panel("Training accuracy", results, over, lambda history: history.outcome.train_acc_history),
        _accuracy_panel("Validation accuracy", results, over, lambda history: history.outcome.val_acc_history),
    )


def sweep_panel(
    title: str,
    x_label: str,
    y_label: str,
    results: list[Result],
    measure: Callable[[History], float],
    y_limits: tuple[float, float | None] | None = None,
    y_group: str | None = None,
    x_scale: Literal["linear", "log"] = "log",
) -> Panel:
    """A measure of each run over the setting that is swept, a curve for each kind of arm. Every arm must have an x.

    A run that diverged before anything could be measured stands at 0 or above the limits, with its cross.
    """
    points: dict[str, list[tuple[float, float, bool]]] = {}
    for result in results:
        for history in result.histories:
            value, diverged = measure(history), history.diverged_at is not None
            point = (_x_of(result.arm), 0.0 if math.isnan(value) else value, diverged)
            points.setdefault(result.arm.curve, []).append(point)
    lines = tuple(
        Line(curve, [x for x, _, _ in each], [y for _, y, _ in each], tuple(i for i, (*_, lost) in enumerate(each) if lost))
        for curve, each in points.items()
    )
    return Panel(title, x_label, y_label, lines, x_scale, y_limits, y_group)


def _x_of(arm: Arm) -> float:
    if arm.x is None:
        raise ValueError(f"the arm {arm.label!r} has no x: an arm of a sweep needs one")
    return arm.x


def _accuracy_panel(title: str, results: list[Result], over: str, accuracies: Callable[[History], list[float]]) -> Panel:
    lines = tuple(
        _line(result, history, OVER[over](history), accuracies(history))
        for result in results
        for history in result.histories
    )
    return Panel(title, over, "accuracy", lines, y_group="accuracy")


def _line(result: Result, history: History, x: Sequence[float], y: list[float], points: bool = True) -> Line:
    diverged = (len(y) - 1,) if history.diverged_at is not None else ()
    return Line(result.arm.curve, x, y, diverged, points)


def _loss_limits(lines: Sequence[Line]) -> tuple[float, float] | None:
    """None as long as all losses stay near where they began; else a top that keeps the others readable."""
    firsts = [line.y[0] for line in lines if math.isfinite(line.y[0])]
    top = 1.5 * min(firsts, default=1.0)
    return None if all(loss <= top for line in lines for loss in line.y) else (0.0, top)
