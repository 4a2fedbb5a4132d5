"""Does normalizing a convolution's output make a convnet train faster? The three-layer convnet without normalization, with
spatial batchnorm and with spatial groupnorm, on the same draws of weights and minibatches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bnlab.nets import SPATIAL_NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.spec import Checked, ConvNetSpec
from bnlab.studies.shared import ONE_SEED, accuracy_panels, caption, last_accuracies, loss_panel, training
from bnlab.studies.study import Arm, CommonSettings, Option, Result, arm

if TYPE_CHECKING:
    Norm: TypeAlias = str
else:
    Norm = Literal[("all", *SPATIAL_NORMALIZATIONS)]


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization that is set against none, or all of them."""

    norm: Norm


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """experiments/compare-cnn.yaml"""

    net: ConvNetSpec
    arms: Arms


OPTIONS = (Option("--norm", "arms.norm", " or ".join(SPATIAL_NORMALIZATIONS) + " alone; without it, all."),)
VARIED = {"net.normalization": "arms.norm"}


def folder(settings: Settings) -> str:
    return "compare-cnn" if settings.arms.norm == "all" else f"compare-cnn-{settings.arms.norm}"


def runs(settings: Settings, fingerprint: str) -> list[Arm]:
    norms = [*SPATIAL_NORMALIZATIONS] if settings.arms.norm == "all" else [settings.arms.norm]
    return [_arm(norm, settings, fingerprint) for norm in (*norms, "none")]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = settings.net
    filters = f"{net.num_filters} filters of {net.filter_size} x {net.filter_size}"
    return Figure(
        "Training a three-layer convnet with normalization and without",
        caption(
            settings, f"{filters}, hidden layer of {net.hidden_dim}, weight scale {net.weight_scale:g}", training(settings)
        ),
        (loss_panel(results), *accuracy_panels(results)),
    )


def findings(results: list[Result]) -> list[str]:
    return [*map(last_accuracies, results), ONE_SEED]


def _arm(norm: str, settings: Settings, fingerprint: str) -> Arm:
    """An arm without groups has none in its settings either, and so is the same run whatever their number is."""
    if norm != "none" and SPATIAL_NORMALIZATIONS[norm].grouped:
        return arm(f"{norm} ({settings.net.num_groups} groups)", settings, fingerprint, normalization=norm)
    label = "no normalization" if norm == "none" else norm
    return arm(label, settings, fingerprint, normalization=norm, num_groups=None)
