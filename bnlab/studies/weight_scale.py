"""How much does training depend on the scale of the initial weights, with batchnorm and without? Scales evenly spaced in
the logarithm; all runs share the same standard normal draws and the same minibatches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, MinLen

from bnlab.errors import SettingsError
from bnlab.report.figure import Figure, Line, Panel
from bnlab.runs.history import History
from bnlab.runs.spec import Checked, NormalizationName
from bnlab.studies.shared import ONE_SEED, caption, layers, training
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm

LOSS_LIMITS: dict[str, tuple[float, float | None]] = {"cifar10": (1.0, 3.5)}
"""The notebooks' y-axis for the final loss belongs to CIFAR-10; elsewhere it starts at 0 and ends at the same 3.5."""
OTHER_LOSS_LIMITS = (0.0, 3.5)


Scale = Annotated[float, Ge(1e-30), Le(1e30)]
"""Wide of anything that trains in float32, and narrow enough to be drawn."""


@dataclass(frozen=True)
class Arms(Checked):
    """The normalizations, and so many weight scales from the lowest to the highest, evenly spaced in the logarithm."""

    normalizations: Annotated[tuple[NormalizationName, ...], MinLen(1)]
    lowest_weight_scale: Scale
    highest_weight_scale: Scale
    num_weight_scales: Annotated[int, Ge(1), Le(10_000)]

    def __post_init__(self) -> None:
        if self.lowest_weight_scale > self.highest_weight_scale:
            raise SettingsError(
                f"arms.lowest_weight_scale {self.lowest_weight_scale:g} is above arms.highest_weight_scale "
                f"{self.highest_weight_scale:g}: give the lower one first"
            )


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/weight-scale.yaml"""

    arms: Arms


OPTIONS: tuple[Option, ...] = ()
VARIED = {"net.normalization": "arms.normalizations", "net.weight_scale": "arms.lowest_weight_scale"}


def folder(settings: Settings) -> str:
    return "weight-scale"


def runs(settings: Settings, fingerprint: str) -> list[Arm]:
    scales = weight_scales(settings.arms)
    return [
        arm(f"{_label(norm)}, weight scale {text}", settings, fingerprint, normalization=norm, weight_scale=scale)
        for norm in dict.fromkeys(settings.arms.normalizations)
        for text, scale in zip(_texts(scales), scales, strict=True)
    ]


def weight_scales(arms: Arms) -> list[float]:
    """The scales, ascending, each once."""
    exponents = math.log10(arms.lowest_weight_scale), math.log10(arms.highest_weight_scale)
    scales = [float(scale) for scale in np.logspace(*exponents, arms.num_weight_scales)]
    scales[-1], scales[0] = arms.highest_weight_scale if len(scales) > 1 else scales[-1], arms.lowest_weight_scale
    return list(dict.fromkeys(scales))


def _texts(scales: list[float]) -> list[str]:
    """The scales in as few digits, from three, as tell them apart."""
    written = ([f"{scale:.{digits}g}" for scale in scales] for digits in range(3, 18))
    return next(texts for texts in written if len(set(texts)) == len(scales))


def figure(settings: Settings, results: list[Result]) -> Figure:
    best_val = _panel("Best validation accuracy", "accuracy", results, lambda h: max(h.outcome.val_acc_history), "accuracy")
    best_train = _panel(
        "Best training accuracy", "accuracy", results, lambda h: max(h.outcome.train_acc_history), "accuracy"
    )
    limits = LOSS_LIMITS.get(settings.data.dataset, OTHER_LOSS_LIMITS)
    loss = _panel(
        "Final training loss", "mean loss of the last 100 iterations", results, lambda h: h.final_loss, None, limits
    )
    return Figure(
        "Training against the scale of the initial weights",
        caption(settings, layers(settings), training(settings)).replace("a curve", "a point"),
        (best_val, best_train, loss),
    )


def findings(results: list[Result]) -> list[str]:
    return [*(_range_of(label, group) for label, group in _by_normalization(results).items()), ONE_SEED]


def _panel(
    title: str,
    y_label: str,
    results: list[Result],
    value: Callable[[History], float],
    y_group: str | None,
    y_limits: tuple[float, float | None] | None = None,
) -> Panel:
    lines = []
    for label, group in _by_normalization(results).items():
        histories = [result.history for result in group]
        diverged = tuple(i for i, history in enumerate(histories) if history.diverged_at is not None)
        scales = [history.spec.net.weight_scale for history in histories]
        lines.append(Line(label, scales, [value(history) for history in histories], diverged))
    return Panel(title, "weight scale (standard deviation)", y_label, tuple(lines), "log", y_limits, y_group)


def _by_normalization(results: list[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(_label(result.history.spec.net.normalization), []).append(result)
    return groups


def _range_of(label: str, results: list[Result]) -> str:
    best = [max(result.history.outcome.train_acc_history) for result in results]
    val = [max(result.history.outcome.val_acc_history) for result in results]
    diverged = sum(result.history.diverged_at is not None for result in results)
    return (
        f"{label}: over {len(results)} weight scales, best training accuracy {min(best):.3f} to {max(best):.3f}, "
        f"best validation accuracy {min(val):.3f} to {max(val):.3f}; {diverged} diverged"
    )


def _label(norm: str) -> str:
    return "no normalization" if norm == "none" else norm
