"""The figure of one training: its loss, its accuracies, and the check whose parameters were kept."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from bnlab.errors import plural
from bnlab.evidence.sentences import without_zero
from bnlab.fullsize.job import Job
from bnlab.report.figure import Figure, Line, Panel
from bnlab.runs.spec import ConvNetSpec
from bnlab.solver import Solver
from bnlab.studies.words import layers, normalization_label

TRAINING, VALIDATION = "training", "validation"
POINTS = 1_000
"""Of a loss curve, at most. A training may have a hundred thousand iterations."""
WINDOWS = 20
"""The bold line is a mean over this part of the training: a twentieth."""


def training_figure(job: Job, solver: Solver) -> Figure:
    """Loss by iteration, accuracies by epoch."""
    lost = solver.diverged_at is not None
    lines = loss_lines(solver.loss_history, loss_window(solver), lost)
    loss = Panel("Training loss", "iteration", "loss of the minibatch", lines)
    epochs = [t / solver.iterations_per_epoch for t in solver.check_iterations]
    histories = {TRAINING: solver.train_acc_history, VALIDATION: solver.val_acc_history}
    last = (len(epochs) - 1,) if lost else ()
    accuracy = Panel(
        "Accuracy", "epoch", "accuracy", tuple(Line(label, epochs, each, last) for label, each in histories.items())
    )
    return Figure(title(solver), caption(job, solver), (loss, accuracy))


def loss_window(solver: Solver) -> int:
    """How many iterations the bold line averages."""
    return max(1, len(solver.loss_history) // WINDOWS)


def loss_lines(losses: Sequence[float], window: int, lost: bool) -> tuple[Line, Line]:
    """The losses as they are, pale, and their mean over the window around each point; each with so many points at most."""
    step = -(-len(losses) // POINTS)
    places = sorted({*range(0, len(losses), step), len(losses) - 1})
    iterations = [place + 1 for place in places]
    cross = (len(places) - 1,) if lost else ()
    raw = Line(TRAINING, iterations, [losses[place] for place in places], cross, points=False, faint=True)
    means = [_mean(losses[max(0, place - (window - 1) // 2) : place + window // 2 + 1]) for place in places]
    return raw, Line(TRAINING, iterations, means, points=False)


def title(solver: Solver) -> str:
    """What was reached."""
    best = solver.best_check
    if best is None:
        return f"Diverged at iteration {solver.diverged_at:,}, before any check that counts"
    epoch = solver.check_iterations[best] / solver.iterations_per_epoch
    train, val = (without_zero(f"{each[best]:.3f}") for each in (solver.train_acc_history, solver.val_acc_history))
    ends = f"; diverged at iteration {solver.diverged_at:,}" if solver.diverged_at is not None else ""
    return f"Best check, after epoch {epoch:.3g}: training accuracy {train}, validation {val}{ends}"


def caption(job: Job, solver: Solver) -> str:
    """The settings in a line."""
    spec, rule = job.spec, job.settings.solver
    net = (
        f"{spec.net.num_filters} filters of {spec.net.filter_size} x {spec.net.filter_size}, {spec.net.hidden_dim} units"
        if isinstance(spec.net, ConvNetSpec)
        else layers(spec.net)
    )
    images = f"{plural(spec.data.num_train, 'training image')}, {spec.data.num_val or 0:,} for validation"
    patience = f", patience {rule.patience}" if rule.patience is not None else ""
    checked = min(spec.solver.num_train_samples, spec.data.num_train)
    parts = [
        f"{spec.data.dataset}, {images}",
        f"{net}, {normalization_label(spec.net.normalization)}",
        f"weight scale {spec.net.weight_scale:g}, reg {spec.net.reg:g}",
        f"{rule.update_rule} at {rule.learning_rate:g}, batch {rule.batch_size}, "
        f"{solver.epoch} of {plural(rule.num_epochs, 'epoch')}{patience}",
        f"{spec.dtype}, seed {spec.seed}",
        f"training accuracy on {plural(checked, 'image')}",
        f"loss with its L2 term: pale as it is, bold the mean over {plural(loss_window(solver), 'iteration')}",
    ]
    return "One training: " + "; ".join(parts)


def _mean(values: Sequence[float]) -> float:
    """Of those that are finite."""
    finite = [value for value in values if isfinite(value)]
    return sum(finite) / len(finite) if finite else float("nan")
