"""Does a normalization make a deep net train faster, and to what accuracy? One net with it, one without, on the same draws
of weights and minibatches.
"""

from __future__ import annotations

from dataclasses import dataclass

from bnlab.nets import NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.spec import Checked, Normalized
from bnlab.studies.shared import ONE_SEED, accuracy_panels, caption, last_accuracies, layers, loss_panel, training
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization that is set against none."""

    norm: Normalized


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/compare.yaml"""

    arms: Arms


OPTIONS = (Option("--norm", "arms.norm", "The normalization to set against none: " + " or ".join(NORMALIZATIONS) + "."),)
VARIED = {"net.normalization": "arms.norm"}


def folder(settings: Settings) -> str:
    return f"compare-{settings.arms.norm}"


def runs(settings: Settings, fingerprint: str) -> list[Arm]:
    return [
        arm(label, settings, fingerprint, normalization=norm)
        for label, norm in ((settings.arms.norm, settings.arms.norm), ("no normalization", "none"))
    ]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings)}, weight scale {settings.net.weight_scale:g}"
    return Figure(
        f"Training with {settings.arms.norm} and without normalization",
        caption(settings, net, training(settings)),
        (loss_panel(results), *accuracy_panels(results)),
    )


def findings(results: list[Result]) -> list[str]:
    return [*map(last_accuracies, results), ONE_SEED]
