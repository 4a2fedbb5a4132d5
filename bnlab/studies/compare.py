"""Does a normalization make a deep net train faster, and to what accuracy? One net with it, one without, on the same draws
of weights and minibatches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.nets import NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked
from bnlab.runs.spec import DataSpec, Normalized
from bnlab.studies.panels import accuracy_panels, loss_panel
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import ONE_SEED, caption, differences, layers, normalization_label, training


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization that is set against none."""

    section: ClassVar[str] = "arms"

    norm: Annotated[Normalized, "the normalization that is set against none"]


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/compare.yaml"""

    arms: Arms


OPTIONS = (Option("--norm", "arms.norm", "The normalization to set against none: " + " or ".join(NORMALIZATIONS) + "."),)
VARIED = {"net.normalization": "arms.norm"}
IN_FOLDER = frozenset({"arms.norm"})


def folder(settings: Settings) -> str:
    return f"compare-{settings.arms.norm}"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    return [
        arm(normalization_label(norm), settings, data, {"net.normalization": norm}) for norm in (settings.arms.norm, "none")
    ]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings.net)}, weight scale {settings.net.weight_scale:g}"
    return Figure(
        f"Training with {settings.arms.norm} and without normalization",
        caption(settings, net, training(settings)),
        (loss_panel(results), *accuracy_panels(results)),
    )


def findings(results: list[Result]) -> list[str]:
    return [*differences(results, baseline=results[-1]), ONE_SEED]
