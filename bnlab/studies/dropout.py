"""What does dropout cost in training accuracy, and does it pay in validation accuracy? The same net and minibatches at
several probabilities of keeping a unit; 1 means no dropout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import MinLen

from bnlab.report.figure import Figure
from bnlab.runs.spec import Checked, Probability
from bnlab.studies.shared import ONE_SEED, accuracy_panels, caption, last_accuracies, layers, training
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm


@dataclass(frozen=True)
class Arms(Checked):
    """The probabilities of keeping a unit, one arm each."""

    keep: Annotated[tuple[Probability, ...], MinLen(1)]


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/dropout.yaml"""

    arms: Arms


OPTIONS = (
    Option("--keep", "arms.keep", "Probability of keeping a unit, above 0, at most 1 (no dropout).", kind="numbers"),
)
VARIED = {"net.keep_prob": "arms.keep"}


def folder(settings: Settings) -> str:
    return "dropout"


def runs(settings: Settings, fingerprint: str) -> list[Arm]:
    return [arm(_label(keep), settings, fingerprint, keep_prob=keep) for keep in dict.fromkeys(settings.arms.keep)]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings)}, weight scale {settings.net.weight_scale:g}"
    return Figure(
        "Training with dropout and without",
        caption(settings, net, training(settings)),
        accuracy_panels(results),
    )


def findings(results: list[Result]) -> list[str]:
    return [*map(last_accuracies, results), ONE_SEED]


def _label(keep: float) -> str:
    return "no dropout" if keep == 1 else f"keep {keep}"
