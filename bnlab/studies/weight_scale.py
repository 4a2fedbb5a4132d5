"""How much does training depend on the scale of the initial weights, with batchnorm and without? The scales are evenly
spaced in the logarithm. All nets start from the same random numbers, each time multiplied by the scale, and are trained on
the same minibatches.

A second figure, `signal.png`, shows how large the signal is at each layer before any training, forward and backward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim
from bnlab.evidence.verdicts import MORE_THAN, WITHIN
from bnlab.layers.types import Array
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import DataSpec
from bnlab.studies.grids import Drawable, log_spaced, texts
from bnlab.studies.signals import signal_figure
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result
from bnlab.studies.sweeps import LOSS_LIMITS, Normalizations, Point, arms_per_normalization, sweep_panels
from bnlab.studies.words import BASELINE, best_of_sweep, sweep_caption

CIFAR10_LOSS_LIMITS = (1.0, 3.5)
"""The notebooks' y-axis for the final loss. It belongs to CIFAR-10."""


@dataclass(frozen=True)
class Arms(Checked):
    """The normalizations, and so many weight scales from the lowest to the highest, evenly spaced in the logarithm."""

    section: ClassVar[str] = "arms"

    normalizations: Normalizations
    lowest_weight_scale: Annotated[Drawable, "the lowest scale"]
    highest_weight_scale: Annotated[Drawable, "the highest scale"]
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
        title="{Arm} reaches 80 % of its best validation accuracy over {of} decades of weight scales, {against} without it",
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
    points = [
        Point(f"weight scale {text}", scale, {"net.weight_scale": scale})
        for text, scale in zip(texts(scales), scales, strict=True)
    ]
    return arms_per_normalization(settings, data, settings.arms.normalizations, points)


def weight_scales(arms: Arms) -> list[float]:
    """The scales, ascending, each once."""
    return log_spaced(arms.lowest_weight_scale, arms.highest_weight_scale, arms.num_weight_scales)


def figure(settings: Settings, results: list[Result]) -> Figure:
    limits = CIFAR10_LOSS_LIMITS if settings.data.dataset == "cifar10" else LOSS_LIMITS
    return Figure(
        best_of_sweep(results),
        sweep_caption(settings, "Training against the scale of the initial weights", VARIED),
        sweep_panels(results, "weight scale (standard deviation)", loss_limits=limits),
    )


def more_figures(settings: Settings, arms: Sequence[Arm], data: Mapping[str, Array]) -> dict[str, Figure]:
    return {"signal": signal_figure(settings, arms, data)}


def remarks(results: list[Result]) -> list[str]:
    return [best_of_sweep(results)]
