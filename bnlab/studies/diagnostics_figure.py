"""The figure of diagnostics, which sets the arms against each other: four quantities by layer.

A few arms are drawn as curves, at the first check and at the last. A sweep has dozens of arms, so each of its curves is a
heat map of layer and swept value, at the last check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from bnlab.errors import plural
from bnlab.report.figure import Figure, HeatMap, Line, Panel
from bnlab.runs.spec import NetSpec, RunSpec
from bnlab.studies.diagnostics import Row, rows_of_run
from bnlab.studies.study import Arm, Result
from bnlab.studies.words import layers

Value = Callable[[Row], float | None]
"""Takes a number from a row of diagnostics; None where there is none."""


def _log10(value: Value) -> Value:
    """The decimal logarithm; None for zero too."""

    def log10(row: Row) -> float | None:
        found = value(row)
        return math.log10(found) if found else None

    return log10


def _against_weights(name: str) -> Value:
    """A norm over that of W."""

    def ratio(row: Row) -> float | None:
        norm, weights = row[name], row["weight_norm"]
        return norm / weights if norm is not None and weights else None

    return ratio


class Shown(NamedTuple):
    """A quantity as the figure shows it: the title of its panels, the label of its scale, and its value."""

    title: str
    label: str
    value: Value


SHOWN = (
    Shown("Signal", "log10 of the standard deviation", _log10(lambda row: row["preactivation_std"])),
    Shown("Dead units", "share of the layer's units", lambda row: row["dead_units"]),
    Shown("Gradient of W", "log10 of |gradient| / |W|", _log10(_against_weights("gradient_norm"))),
    Shown("Update of W", "log10 of |update| / |W|", _log10(_against_weights("update_norm"))),
)
MOST_CURVES = 8
"""A sweep with more arms than these is drawn as heat maps."""
CHECKS = {"first check": 0, "last check": -1}
"""The checks that are drawn, by their places among a run's checks."""
MARGIN = 0.08
"""Room above and below the curves, as a part of what they span."""
TITLE = "Signals, dead units, gradients and updates by layer"
MEANING = (
    "Signal: what the affine layer or convolution gives, before normalization, after the check's update. Dead: zero after "
    "relu for every image of the minibatch; the last layer, the scores, has no relu. |W|: Euclidean norm"
)
OF_ARMS = "First check: after one iteration; last check: at the end of the run. A gap: zero, or not finite"
OF_SWEEPS = "At the last check of each run. No value: a size of zero, not finite, or no such layer"


def diagnostics_figures(results: Sequence[Result], axis: str = "", more: str = "") -> dict[str, Figure]:
    """The figure by the name of its files; nothing if no run has diagnostics. axis: what is swept, in words; more: what
    the caption also says.

    Of an arm's replicates the mean is shown: for norms and deviations that of the logarithms.
    """
    recorded = [result for result in results if any(history.outcome.diagnostics for history in result.histories)]
    if not recorded:
        return {}
    curves: dict[str, list[Result]] = {}
    for result in recorded:
        curves.setdefault(result.arm.curve, []).append(result)
    made_with = _shared_settings([result.arm for result in recorded]) + more
    sweep = len(curves) < len(recorded) and len(recorded) > MOST_CURVES
    made = _heat_maps(curves, axis) if sweep else _curves(recorded)
    return {"diagnostics": Figure(TITLE, f"{MEANING}. {made.words}. {made_with}", made.panels, made.rows)}


class Made(NamedTuple):
    """Panels in so many rows, and what the caption says of them."""

    panels: tuple[Panel | HeatMap, ...]
    rows: int
    words: str


def _curves(results: list[Result]) -> Made:
    """A row of panels for each check, a panel for each quantity, a curve for each arm."""
    lines = {
        (name, shown): tuple(_line(result, shown.value, check) for result in results)
        for name, check in CHECKS.items()
        for shown in SHOWN
    }
    limits = {shown: _limits([line for name in CHECKS for line in lines[name, shown]]) for shown in SHOWN}
    ticks = {layer: str(layer) for each in lines.values() for line in each for layer in line.x}
    panels = [
        Panel(f"{shown.title}, {name}", "layer", shown.label, each, y_limits=limits[shown], x_ticks=ticks)
        for (name, shown), each in lines.items()
    ]
    return Made(tuple(panels), len(CHECKS), OF_ARMS)


def _line(result: Result, value: Value, check: int) -> Line:
    """A line breaks where there is no value."""
    values = [math.nan if each is None else each for each in _by_layer(result, value, check)]
    return Line(result.arm.label, range(1, len(values) + 1), values, gaps=True)


def _limits(lines: Sequence[Line]) -> tuple[float, float]:
    """A y-axis for all these lines, with some room above and below, so that the checks can be held against each other."""
    finite = [y for line in lines for y in line.y if math.isfinite(y)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    room = MARGIN * (high - low) or 0.5
    return low - room, high + room


def _heat_maps(curves: dict[str, list[Result]], axis: str) -> Made:
    """A row of panels for each curve, a panel for each quantity."""
    panels = [_heat_map(curve, members, shown, axis) for curve, members in curves.items() for shown in SHOWN]
    return Made(tuple(panels), len(curves), OF_SWEEPS)


def _heat_map(curve: str, members: list[Result], shown: Shown, axis: str) -> HeatMap:
    swept = sorted(members, key=_x)
    found = [_by_layer(result, shown.value, CHECKS["last check"]) for result in swept]
    deepest = max(map(len, found))
    values = [[math.nan if each is None else each for each in [*row, *[None] * (deepest - len(row))]] for row in found]
    xs = [_x(result) for result in swept]
    scale: Literal["linear", "log"] = "log" if 0 < 10 * xs[0] <= xs[-1] else "linear"
    return HeatMap(f"{shown.title}, {curve}", "layer", axis, range(1, deepest + 1), xs, values, shown.label, scale)


def _x(result: Result) -> float:
    return 0.0 if result.arm.x is None else result.arm.x


def _by_layer(result: Result, value: Value, check: int) -> list[float | None]:
    """For each layer, the mean of a value over the arm's runs that have one, at a check of theirs; None if none has."""
    found: list[list[float | None]] = []
    for history in result.histories:
        iteration = history.outcome.check_iterations[check]
        found.append([value(row) for row in rows_of_run(history) if row["iteration"] == iteration])
    known = ([each for each in layer if each is not None] for layer in zip(*filter(None, found), strict=True))
    return [fmean(layer) if layer else None for layer in known]


def _shared_settings(arms: Sequence[Arm]) -> str:
    """What all runs have in common, in words."""
    said = [_in_words(run) for arm in arms for run in arm.runs]
    shared = [words[0] for words in zip(*said, strict=True) if len(set(words)) == 1]
    replicates = max(len(arm.runs) for arm in arms)
    return "; ".join([*shared, *([f"mean of {plural(replicates, 'replicate')}"] if replicates > 1 else [])])


def _in_words(run: RunSpec) -> tuple[str, ...]:
    """A run's settings, each at its place."""
    solver = run.solver
    return (
        f"{run.data.dataset}, {plural(run.data.num_train, 'training image')}",
        layers(run.net) if isinstance(run.net, NetSpec) else "three-layer convnet",
        f"weight scale {run.net.weight_scale:.4g}",
        f"{solver.update_rule} at {solver.learning_rate:.4g}",
        f"batch {solver.batch_size}",
        plural(solver.num_epochs, "epoch"),
        f"seed {run.seed}",
    )
