"""Does normalizing a convolution's output make a convolutional net train faster? The same net of three layers without
normalization, with spatial batchnorm and with spatial groupnorm, started from the same random weights and trained on the
same minibatches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.evidence.claims import Claim
from bnlab.nets import SPATIAL_NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, OneOf
from bnlab.runs.spec import ConvNetSpec, DataSpec
from bnlab.studies.panels import AccuracyLimits, accuracy_panels, loss_panel
from bnlab.studies.study import Arm, CommonSettings, Option, Result, arm
from bnlab.studies.words import best_reached, caption, loss_words, normalization_label, training

ACCURACY_LIMITS: AccuracyLimits = {"fashion-mnist-mini": ((0.0, 1.0), (0.4, 0.9)), "cifar10": ((0.0, 1.0), (0.15, 0.5))}


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization that is set against none, or all of them."""

    section: ClassVar[str] = "arms"

    norm: Annotated[str, OneOf(("all", *SPATIAL_NORMALIZATIONS)), "the normalization that is set against none, or all"]


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """experiments/compare-cnn.yaml"""

    net: ConvNetSpec
    arms: Arms


OPTIONS = (Option("--norm", "arms.norm", " or ".join(SPATIAL_NORMALIZATIONS) + " alone; without it, all."),)
VARIED = {"net.normalization": "arms.norm"}
IN_FOLDER = frozenset({"arms.norm"})
AXIS = ""
CLAIMS: tuple[Claim, ...] = ()


def folder(settings: Settings) -> str:
    return "compare-cnn" if settings.arms.norm == "all" else f"compare-cnn-{settings.arms.norm}"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    norms = [*SPATIAL_NORMALIZATIONS] if settings.arms.norm == "all" else [settings.arms.norm]
    return [_arm(norm, settings, data) for norm in (*norms, "none")]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = settings.net
    filters = f"{net.num_filters} filters of {net.filter_size} x {net.filter_size}"
    words = f"{filters}, hidden layer of {net.hidden_dim}, weight scale {net.weight_scale:g}"
    topic = "Training a three-layer convnet with a normalization and without"
    return Figure(
        best_reached(results),
        caption(settings, topic, words, training(settings)) + loss_words(results),
        (loss_panel(results), *accuracy_panels(results, settings.data.dataset, ACCURACY_LIMITS)),
    )


def remarks(results: list[Result]) -> list[str]:
    return []


def _arm(norm: str, settings: Settings, data: DataSpec) -> Arm:
    """An arm without groups has none in its settings either, and so is the same run whatever their number is."""
    grouped = norm != "none" and SPATIAL_NORMALIZATIONS[norm].grouped
    label = normalization_label(norm) + f" ({settings.net.num_groups} groups)" * grouped
    return arm(label, settings, data, {"net.normalization": norm}, also=None if grouped else {"net.num_groups": None})
