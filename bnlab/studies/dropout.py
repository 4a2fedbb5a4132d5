"""What does dropout change in training accuracy, and what in validation accuracy? The same net without dropout, and with
one or more probabilities of keeping a unit, started from the same random weights and trained on the same minibatches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim
from bnlab.evidence.verdicts import MORE_THAN
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import DataSpec, Probability
from bnlab.studies.panels import AccuracyLimits, accuracy_panels, final_panels
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import best_reached, caption, layers, training

ACCURACY_LIMITS: AccuracyLimits = {"fashion-mnist-mini": ((0.4, 1.0), (0.6, 0.9)), "cifar10": ((0.0, 1.0), (0.15, 0.4))}
FINAL_LIMITS: AccuracyLimits = {"fashion-mnist-mini": ((0.97, 1.0), (0.79, 0.86)), "cifar10": ((0.8, 1.0), (0.25, 0.4))}
NO_DROPOUT = "no dropout"
SUBJECT = "dropout ({arm})"
TEN_IMAGES = "10 of 1,000 validation images: dropout is a regularizer, and small gains are why it is used"


@dataclass(frozen=True)
class Arms(Checked):
    """The probabilities of keeping a unit, one arm each. The arm without dropout is always there."""

    section: ClassVar[str] = "arms"

    keep: Annotated[
        tuple[Probability, ...], Range(at_least=1), "probabilities of keeping a unit; 1, no dropout, is always there"
    ]

    def __post_init__(self) -> None:
        super().__post_init__()
        below_1 = tuple(dict.fromkeys(keep for keep in self.keep if keep < 1))
        if not below_1:
            raise SettingsError(
                "arms.keep holds 1 alone, which is no dropout: that arm is always there; give a probability below 1 too"
            )
        object.__setattr__(self, "keep", below_1)


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/dropout.yaml"""

    arms: Arms


KEEP_HELP = "Probability of keeping a unit, above 0 and at most 1; the arm without dropout is always there. Repeatable."
OPTIONS = (Option("--keep", "arms.keep", KEEP_HELP, kind="numbers"),)
VARIED = {"net.keep_prob": "arms.keep"}
IN_FOLDER: frozenset[str] = frozenset()
AXIS = "probability of keeping a unit"
CLAIMS = (
    Claim(
        "Dropout ({arm}) slows training", "mean_train_acc", MORE_THAN, 0.02, "10 of 500 training images",
        against=NO_DROPOUT, expected="lower", subject=SUBJECT,
        title="{Arm}: training accuracy {of} on average over the run, without dropout {against}",
    ),
    Claim(
        "Dropout ({arm}) raises validation accuracy", "best_val_acc", MORE_THAN, 0.01, TEN_IMAGES, against=NO_DROPOUT,
        subject=SUBJECT, title="validation {of} against {against}",
    ),
    Claim(
        "Dropout ({arm}) reduces overfitting", "final_gap", MORE_THAN, 0.01, TEN_IMAGES, against=NO_DROPOUT,
        expected="lower", subject=SUBJECT,
    ),
)  # fmt: skip


def folder(settings: Settings) -> str:
    return "dropout"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    return [arm(_label(keep), settings, data, {"net.keep_prob": keep}, x=keep) for keep in (1.0, *settings.arms.keep)]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings.net)}, weight scale {settings.net.weight_scale:g}"
    over_time = accuracy_panels(results, settings.data.dataset, ACCURACY_LIMITS)
    return Figure(
        best_reached(results),
        caption(settings, "Training with dropout and without", net, training(settings)),
        (*over_time, *final_panels(results, AXIS, settings.data.dataset, FINAL_LIMITS, x_scale="linear")),
        rows=2,
        ordered=(tuple(_label(keep) for keep in sorted(settings.arms.keep)),),
    )


def remarks(results: list[Result]) -> list[str]:
    return []


def _label(keep: float) -> str:
    return NO_DROPOUT if keep == 1 else f"keep {keep!r}"
