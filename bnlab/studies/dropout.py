"""What does dropout cost in training accuracy, and does it pay in validation accuracy? The same net and minibatches without
dropout, and at several probabilities of keeping a unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import SettingsError
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import DataSpec, Probability
from bnlab.studies.panels import accuracy_panels
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import ONE_SEED, caption, differences, layers, training


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


def folder(settings: Settings) -> str:
    return "dropout"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    return [arm(_label(keep), settings, data, {"net.keep_prob": keep}) for keep in (1.0, *settings.arms.keep)]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings.net)}, weight scale {settings.net.weight_scale:g}"
    return Figure(
        "Training with dropout and without",
        caption(settings, net, training(settings)),
        accuracy_panels(results),
    )


def findings(results: list[Result]) -> list[str]:
    return [*differences(results, baseline=results[0]), ONE_SEED]


def _label(keep: float) -> str:
    return "no dropout" if keep == 1 else f"keep {keep!r}"
