"""How much does training depend on the scale of the initial weights, with batchnorm and without? Scales evenly spaced in
the logarithm; all runs share the same standard normal draws and the same minibatches. A second figure, signal.png, shows
why: how large the signal is at each layer before any training, forward and backward.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim
from bnlab.evidence.verdicts import MORE_THAN, WITHIN
from bnlab.layers.types import Array
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import DataSpec, NormalizationName
from bnlab.studies.panels import best_panels, sweep_panel
from bnlab.studies.signals import signal_figure
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import BASELINE, best_of_sweep, caption, layers, normalization_label, training

LOSS_LIMITS: dict[str, tuple[float, float | None]] = {"cifar10": (1.0, 3.5)}
"""The notebooks' y-axis for the final loss belongs to CIFAR-10; elsewhere it starts at 0 and ends at the same 3.5."""
OTHER_LOSS_LIMITS = (0.0, 3.5)

Scale = Annotated[float, Range(at_least=1e-30, at_most=1e30)]
"""Wide of anything that trains in float32, and narrow enough to be drawn."""


@dataclass(frozen=True)
class Arms(Checked):
    """The normalizations, and so many weight scales from the lowest to the highest, evenly spaced in the logarithm."""

    section: ClassVar[str] = "arms"

    normalizations: Annotated[tuple[NormalizationName, ...], Range(at_least=1), "the normalizations, or none"]
    lowest_weight_scale: Annotated[Scale, "the lowest scale"]
    highest_weight_scale: Annotated[Scale, "the highest scale"]
    num_weight_scales: Annotated[int, Range(at_least=1, at_most=10_000), "how many scales, evenly spaced in the logarithm"]

    def __post_init__(self) -> None:
        super().__post_init__()
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
IN_FOLDER: frozenset[str] = frozenset()
AXIS = "weight scale"
CLAIMS = (
    Claim(
        "{Arm} widens the range of scales that train", "best_val_acc", MORE_THAN, 0.5, "a factor of 3 in the weight scale",
        against=BASELINE, over="extent", arguments=(0.8,),
        title="{Arm} trains within 80 % of its best over {of} decades of weight scales, none over {against}",
    ),
    Claim(
        "At its own best scale, no normalization is as good as {arm}", "best_val_acc", WITHIN, 0.02, "20 of 1,000 images",
        against=BASELINE, over="at_best", title="validation at the best scale {of} against {against}",
    ),
    Claim(
        "Without {arm}, small scales don't train", "best_train_acc", MORE_THAN, 0.2,
        "twice what guessing reaches: at chance, .1, nothing was learnt", against=BASELINE, over="between",
        arguments=(0, 1e-3),
    ),
)  # fmt: skip


def folder(settings: Settings) -> str:
    return "weight-scale"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    scales = weight_scales(settings.arms)
    return [
        arm(
            f"{normalization_label(norm)}, weight scale {text}",
            settings,
            data,
            {"net.normalization": norm, "net.weight_scale": scale},
            curve=normalization_label(norm),
            x=scale,
        )
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
    x_label, limits = "weight scale (standard deviation)", LOSS_LIMITS.get(settings.data.dataset, OTHER_LOSS_LIMITS)
    topic, last = "Training against the scale of the initial weights", "mean loss of the last 100 iterations"
    return Figure(
        best_of_sweep(results),
        caption(settings, topic, layers(settings.net), training(settings), mark="point"),
        (
            *best_panels(results, x_label),
            sweep_panel("Final training loss", x_label, last, results, lambda run: run.final_loss, limits),
        ),
    )


def more_figures(settings: Settings, arms: Sequence[Arm], data: Mapping[str, Array]) -> dict[str, Figure]:
    return {"signal": signal_figure(settings, arms, data)}


def remarks(results: list[Result]) -> list[str]:
    return [best_of_sweep(results)]
