"""The panels that studies share: curves over iterations or epochs, and sweeps over a setting.

With one replicate a curve is a run. With several it is their mean, with a band for the 95 % interval of that mean, and the
single runs pale behind it. A diverged run's accuracies go on at chance, as claims measure them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from bnlab.data.dataset import NUM_CLASSES
from bnlab.evidence.interval import mean_interval
from bnlab.evidence.measures import MEASURES
from bnlab.evidence.traces import Trace, trace
from bnlab.report.figure import MARGIN, Band, Line, Panel
from bnlab.runs.history import History
from bnlab.studies.study import Result


class Column(NamedTuple):
    """Numbers of a run's checks: those that were made, and those of its trace, which goes on to the planned end."""

    made: Callable[[History], Sequence[float]]
    planned: Callable[[Trace], Sequence[float]]


OVER = {
    "epoch": Column(lambda run: run.check_epochs, lambda each: each.epochs),
    "update": Column(lambda run: run.outcome.check_iterations, lambda each: each.iterations),
}
"""What accuracies may be drawn over."""
ACCURACIES = {
    "Training accuracy": Column(lambda run: run.outcome.train_acc_history, lambda each: each.train),
    "Validation accuracy": Column(lambda run: run.outcome.val_acc_history, lambda each: each.val),
}
FINAL = {"Final training accuracy": "final_train_acc", "Final validation accuracy": "final_val_acc"}
USUAL_TOP = 2.8
"""Of a loss panel for ten classes: where they are guessed, the loss is 2.3. See `loss_scale`."""
WINDOWS = 20
"""The loss is averaged over this part of a training: a twentieth."""
SAME = 0.1
"""So far does an axis reach around accuracies that are all the same."""

Limits = tuple[float, float]
BEST_LIMITS: dict[str, dict[str, Limits]] = {
    "fashion-mnist-mini": {"best_val_acc": (0.0, 1.0), "best_train_acc": (0.0, 1.0)},
    "cifar10": {"best_val_acc": (0.0, 0.5), "best_train_acc": (0.0, 1.0)},
}
"""The y-axes of sweeps by data set. Half of CIFAR-10's images are more than any net here gets right in validation."""
AccuracyLimits = Mapping[str, tuple[Limits, Limits]]
"""The y-axes of training and validation accuracy by data set, so that figures of it can be held side by side."""


class Drawn(NamedTuple):
    """What stands for some runs: lines, and bands behind them."""

    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()


def measured(name: str) -> Callable[[History], float]:
    """A measure of claims, taken on a run."""
    return lambda history: MEASURES[name].value(trace(history))


def loss_window(results: Sequence[Result]) -> int:
    """How many iterations the lines of a loss panel average."""
    longest = max((run.spec.num_iterations for result in results for run in result.histories), default=1)
    return max(1, longest // WINDOWS)


def loss_panel(results: Sequence[Result]) -> Panel:
    """Training loss by iteration, a curve for each arm: raw and pale for each run, and over it the mean over a window."""
    window = loss_window(results)
    raw = [_raw_loss(result, history) for result in results for history in result.histories]
    drawn = [_smoothed(result, window) for result in results if result.histories]
    lines = (*raw, *_all_lines(drawn))
    label = "loss of the minibatch" + (f", mean over {window} iterations" if window > 1 else "")
    top = USUAL_TOP * loss_scale(results)
    return Panel("Training loss", "iteration", label, lines, y_limits=_loss_limits(raw, top), bands=_all_bands(drawn))


def loss_scale(results: Sequence[Result]) -> float:
    """The loss of guessing over that for ten classes, which is ln 10: other numbers of classes have other y-axes."""
    classes = {result.arm.runs[0].data.num_classes for result in results} or {NUM_CLASSES}
    return math.log(max(classes)) / math.log(NUM_CLASSES)


def accuracy_panels(
    results: Sequence[Result], dataset: str = "", limits: AccuracyLimits | None = None, over: str = "epoch"
) -> tuple[Panel, ...]:
    """Training and validation accuracy over 'epoch' or 'update', a curve for each arm, each on a y-axis of its own.

    limits: fixed ones by data set. They are widened for a curve that ends outside; other points may lie beyond them.
    """
    fixed = (limits or {}).get(dataset, (None, None))
    return tuple(
        _accuracy_panel(title, results, over, accuracy, bounds)
        for (title, accuracy), bounds in zip(ACCURACIES.items(), fixed, strict=True)
    )


def final_panels(
    results: Sequence[Result],
    axis: str,
    dataset: str = "",
    limits: AccuracyLimits | None = None,
    x_scale: Literal["linear", "log"] = "log",
) -> tuple[Panel, ...]:
    """Final training and validation accuracy against the setting that the arms vary: a point for each arm, in the colour of
    its curve, and its 95 % interval. Arms with the same x stand beside each other. Every arm must have an x."""
    ended = [result for result in results if result.histories]
    ticks = {_x_of(result): f"{_x_of(result):g}" for result in ended}
    panels = []
    fixed = (limits or {}).get(dataset, (None, None))
    for (title, name), bounds in zip(FINAL.items(), fixed, strict=True):
        drawn = [_point(result, measured(name), x) for result, x in zip(ended, _side_by_side(ended, x_scale), strict=True)]
        lines, bands = _all_lines(drawn), _all_bands(drawn)
        panel = Panel(title, axis, "accuracy", lines, x_scale, _widened(bounds, lines), bands=bands, x_ticks=ticks)
        panels.append(within_accuracies(panel))
    return tuple(panels)


def _side_by_side(results: Sequence[Result], x_scale: str) -> list[tuple[float, float]]:
    """For each arm the two sides of its place. Arms with the same x share the room around it."""
    together: dict[float, list[str]] = {}
    for result in results:
        together.setdefault(_x_of(result), []).append(result.arm.label)
    sides: list[tuple[float, float]] = []
    for result in results:
        x = _x_of(result)
        place = together[x].index(result.arm.label) - (len(together[x]) - 1) / 2
        ends = place - 0.4, place + 0.4
        low, high = (x * 1.13**end if x_scale == "log" else x + 0.025 * end for end in ends)
        sides.append((low, high))
    return sides


def sweep_panel(
    title: str,
    x_label: str,
    y_label: str,
    results: Sequence[Result],
    measure: Callable[[History], float],
    y_limits: tuple[float, float | None] | None = None,
    y_group: str | None = None,
    x_scale: Literal["linear", "log"] = "log",
    x_ticks: Mapping[float, str] | None = None,
) -> Panel:
    """A measure of each run over the setting that is swept, a curve for each kind of arm. Every arm must have an x."""
    curves: dict[str, list[Result]] = {}
    for result in results:
        if result.histories:
            curves.setdefault(result.arm.curve, []).append(result)
    drawn = [_swept(curve, members, measure) for curve, members in curves.items()]
    lines, bands = _all_lines(drawn), _all_bands(drawn)
    return Panel(title, x_label, y_label, lines, x_scale, y_limits, y_group, bands, x_ticks=x_ticks)


def best_panels(
    results: Sequence[Result],
    x_label: str,
    x_scale: Literal["linear", "log"] = "log",
    x_ticks: Mapping[float, str] | None = None,
) -> tuple[Panel, ...]:
    """Best validation and best training accuracy over the setting that is swept, each on the y-axis of its data set; for
    other data sets on a common one."""
    [dataset] = {result.arm.runs[0].data.dataset for result in results} or {""}
    limits = BEST_LIMITS.get(dataset, {})
    group = None if limits else "accuracy"
    titles = {"Best validation accuracy": "best_val_acc", "Best training accuracy": "best_train_acc"}
    panels = (
        sweep_panel(title, x_label, "accuracy", results, measured(name), limits.get(name), group, x_scale, x_ticks)
        for title, name in titles.items()
    )
    return tuple(map(within_accuracies, panels))


def _swept(curve: str, members: Sequence[Result], measure: Callable[[History], float]) -> Drawn:
    """One curve of a sweep. A replicate's line has a point for each of its runs."""
    by_replicate: dict[int, list[tuple[float, float, bool]]] = {}
    for result in members:
        for history in result.histories:
            point = (_x_of(result), measure(history), history.diverged_at is not None)
            by_replicate.setdefault(history.spec.replicate, []).append(point)
    runs = [
        Line(curve, [x for x, *_ in run], [y for _, y, _ in run], tuple(i for i, (*_, lost) in enumerate(run) if lost))
        for run in by_replicate.values()
    ]
    values = [[measure(history) for history in result.histories] for result in members]
    return _with_mean(runs, [_x_of(result) for result in members], values)


def _x_of(result: Result) -> float:
    if result.arm.x is None:
        raise ValueError(f"the arm {result.arm.label!r} has no x: an arm of a sweep needs one")
    return result.arm.x


def _accuracy_panel(title: str, results: Sequence[Result], over: str, accuracy: Column, fixed: Limits | None) -> Panel:
    drawn = []
    for result in results:
        runs = [_run(result, history, OVER[over].made(history), accuracy.made(history)) for history in result.histories]
        traces = [trace(history) for history in result.histories]
        if traces:
            values = zip(*(accuracy.planned(each) for each in traces), strict=True)
            drawn.append(_with_mean(runs, OVER[over].planned(traces[0]), values))
    lines = _all_lines(drawn)
    panel = Panel(title, over, "accuracy", lines, y_limits=_widened(fixed, lines), bands=_all_bands(drawn))
    return within_accuracies(panel)


def _run(result: Result, history: History, x: Sequence[float], y: Sequence[float], points: bool = True) -> Line:
    """A line of one run, with a cross at its end if it diverged."""
    lost = (len(y) - 1,) if history.diverged_at is not None else ()
    return Line(result.arm.label, x, y, lost, points)


def _raw_loss(result: Result, history: History) -> Line:
    losses = history.outcome.loss_history
    return replace(_run(result, history, range(1, len(losses) + 1), losses, points=False), faint=True)


def _smoothed(result: Result, window: int) -> Drawn:
    """The mean over the window and over the runs, where all of them still train."""
    shortest = min(len(history.outcome.loss_history) for history in result.histories)
    smooth = [_moving_mean(history.outcome.loss_history[:shortest], window) for history in result.histories]
    drawn = _with_mean([], range(1, shortest + 1), [*zip(*smooth, strict=True)], label=result.arm.label)
    return Drawn(tuple(replace(line, points=False) for line in drawn.lines), drawn.bands)


def _moving_mean(values: Sequence[float], window: int) -> list[float]:
    """The mean of the `window` values around each; of fewer near the ends."""
    before, after = (window - 1) // 2, window // 2 + 1
    around = [values[max(0, i - before) : i + after] for i in range(len(values))]
    return [math.fsum(each) / len(each) for each in around]


def _with_mean(runs: Sequence[Line], x: Sequence[float], values: Iterable[Sequence[float]], label: str = "") -> Drawn:
    """The one run, or pale runs with their mean and its interval. values: at each x, those of all runs that have one."""
    found = [mean_interval(each) for each in values]
    if len(runs) == 1:
        return Drawn(tuple(runs))
    name = label or runs[0].label
    mean = Line(name, x, [each.mean for each in found])
    if all(each.n == 1 for each in found):
        return Drawn((mean,))
    pale = tuple(replace(run, points=False, faint=True) for run in runs)
    ends = [(each.low, each.high) if math.isfinite(each.half_width) else (math.nan, math.nan) for each in found]
    return Drawn((*pale, mean), (Band(name, x, [low for low, _ in ends], [high for _, high in ends]),))


def _point(result: Result, measure: Callable[[History], float], sides: tuple[float, float]) -> Drawn:
    """A point between the two sides, and a bar for its interval."""
    found, label = mean_interval([measure(history) for history in result.histories]), result.arm.label
    point = Line(label, [sum(sides) / 2], [found.mean])
    return Drawn((point,), (Band(label, sides, [found.low] * 2, [found.high] * 2),) if found.n > 1 else ())


def _all_lines(drawn: Iterable[Drawn]) -> tuple[Line, ...]:
    return tuple(line for each in drawn for line in each.lines)


def _all_bands(drawn: Iterable[Drawn]) -> tuple[Band, ...]:
    return tuple(band for each in drawn for band in each.bands)


def _widened(limits: Limits | None, lines: Iterable[Line]) -> Limits | None:
    """The limits, wide enough for where each curve ends."""
    ends = [line.y[-1] for line in lines if not line.faint and math.isfinite(line.y[-1])]
    return limits and (min([limits[0], *ends]), max([limits[1], *ends]))


def within_accuracies(panel: Panel) -> Panel:
    """The panel, its y-axis no further than accuracies can lie, if it isn't fixed.

    An interval of two replicates may go from -1 to 3, and an axis as long leaves no room for the curves. Accuracies that
    are all the same get `SAME` around them.
    """
    drawn = [*(y for line in panel.lines for y in line.y), *(y for band in panel.bands for y in (*band.low, *band.high))]
    finite = [y for y in drawn if math.isfinite(y)]
    if panel.y_limits is not None or not finite:
        return panel
    low, high = min(finite), max(finite)
    around = SAME if low == high else 0.0
    if low >= 0 and high <= 1 and not around:
        return panel  # Matplotlib's own limits, with its margins
    low, high = max(0.0, low - around), min(1.0, high + around)
    room = MARGIN * (high - low)
    return replace(panel, y_limits=(low - room, high + room))


def _loss_limits(lines: Sequence[Line], usual: float) -> Limits:
    """The same for all figures of so many classes, unless nets begin elsewhere than with a guess: then a top that keeps the
    others readable."""
    firsts = [line.y[0] for line in lines if math.isfinite(line.y[0])]
    return 0.0, max(usual, 1.2 * min(firsts, default=0.0))
