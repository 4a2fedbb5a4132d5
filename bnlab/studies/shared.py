"""What several studies draw or say alike: curves by iteration and by epoch, the caption line, a run's last accuracies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bnlab.report.figure import Line, Panel
from bnlab.runs.history import History
from bnlab.studies.study import CommonSettings, FullyConnectedSettings, Result


def loss_panel(results: list[Result]) -> Panel:
    """Training loss of each minibatch by iteration, a curve an arm, nothing smoothed."""
    lines = tuple(
        _line(result, list(range(1, len(losses) + 1)), losses, points=False)
        for result in results
        for losses in [result.history.outcome.loss_history]
    )
    return Panel("Training loss", "iteration", "loss of the minibatch", lines, y_limits=_loss_limits(results))


def _loss_limits(results: list[Result]) -> tuple[float, float] | None:
    """None as long as all losses stay near where they began; else a top that keeps the others readable."""
    histories = [result.history.outcome.loss_history for result in results]
    firsts = [losses[0] for losses in histories if math.isfinite(losses[0])]
    top = 1.5 * min(firsts, default=1.0)
    return None if all(loss <= top for losses in histories for loss in losses) else (0.0, top)


def accuracy_panels(results: list[Result], over: str = "epoch") -> tuple[Panel, Panel]:
    """Training and validation accuracy over 'epoch' or 'update', a curve an arm, on one y-axis."""
    return (
        _accuracy_panel("Training accuracy", results, over, lambda history: history.outcome.train_acc_history),
        _accuracy_panel("Validation accuracy", results, over, lambda history: history.outcome.val_acc_history),
    )


def caption(settings: CommonSettings, net: str, training: str) -> str:
    """The settings in a line: what is common to all, around what the study says of its net and training."""
    data = f"{settings.data.dataset}, first {settings.data.num_train:,} training images"
    return f"{data}; {net}; {training}; seed {settings.seed}, one run a curve"


def layers(settings: FullyConnectedSettings) -> str:
    """The hidden layers in words: '5 hidden layers of 100'."""
    dims = settings.net.hidden_dims
    if len(set(dims)) > 1:
        return f"hidden layers of {', '.join(map(str, dims))}"
    return f"{len(dims)} hidden layer{'s' if len(dims) > 1 else ''} of {dims[0]}"


def training(settings: CommonSettings) -> str:
    """The training in words: 'adam at 0.001, batch 50, 10 epochs'."""
    return f"{rule(settings)}, batch {settings.solver.batch_size}, {settings.solver.num_epochs} epochs"


def rule(settings: CommonSettings) -> str:
    """The update rule in words: 'adam at 0.001'."""
    return f"{settings.solver.update_rule} at {settings.solver.learning_rate:.4g}"


def last_accuracies(result: Result) -> str:
    """A finding on one arm: its last accuracies, or that and where it diverged."""
    history = result.history
    ended = "" if history.diverged_at is None else f" ({history.status})"
    return (
        f"{result.arm.label}: training accuracy {history.outcome.train_acc_history[-1]:.3f}, "
        f"validation accuracy {history.outcome.val_acc_history[-1]:.3f} at the end{ended}"
    )


ONE_SEED = "One seed: a difference here may turn round with the next seed, and nothing is claimed from it."


CHECKED_AT: dict[str, Callable[[History], Sequence[float]]] = {
    "epoch": lambda history: history.check_epochs,
    "update": lambda history: history.outcome.check_iterations,
}


def _accuracy_panel(title: str, results: list[Result], over: str, accuracies: Callable[[History], list[float]]) -> Panel:
    lines = tuple(_line(r, CHECKED_AT[over](r.history), accuracies(r.history)) for r in results)
    return Panel(title, over, "accuracy", lines, y_group="accuracy")


def _line(result: Result, x: Sequence[float], y: list[float], points: bool = True) -> Line:
    diverged = (len(y) - 1,) if result.history.diverged_at is not None else ()
    return Line(result.arm.label, x, y, diverged, points)
