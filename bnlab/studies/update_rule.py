"""Which update rule trains a deep net faster? The same net under several rules, started from the same random weights and
trained on the same minibatches. Each rule has a learning rate of its own, because rmsprop and adam scale their steps
themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import SettingsError, plural
from bnlab.evidence.claims import Claim
from bnlab.optim import RULES
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, OneOf, Range
from bnlab.runs.spec import DataSpec, Positive
from bnlab.studies.panels import AccuracyLimits, accuracy_panels, loss_panel
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import best_reached, caption, layers, loss_words, normalization_label

ACCURACY_LIMITS: AccuracyLimits = {"fashion-mnist-mini": ((0.0, 1.0), (0.4, 0.9)), "cifar10": ((0.0, 1.0), (0.15, 0.5))}
RuleName = Annotated[str, OneOf(tuple(RULES))]


@dataclass(frozen=True)
class Arms(Checked):
    """The update rules, and the learning rate of each, in the same order."""

    section: ClassVar[str] = "arms"

    rules: Annotated[tuple[RuleName, ...], Range(at_least=1), "the update rules"]
    learning_rates: Annotated[tuple[Positive, ...], Range(at_least=1), "the learning rate of each rule, in their order"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.rules) != len(self.learning_rates):
            raise SettingsError(
                f"arms.learning_rates holds {plural(len(self.learning_rates), 'rate')} for "
                f"{plural(len(self.rules), 'update rule')} in arms.rules: give one for each, in their order"
            )


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/update-rule.yaml"""

    arms: Arms


OPTIONS: tuple[Option, ...] = ()
VARIED = {"solver.update_rule": "arms.rules", "solver.learning_rate": "arms.learning_rates"}
IN_FOLDER: frozenset[str] = frozenset()
AXIS = ""
CLAIMS: tuple[Claim, ...] = ()


def folder(settings: Settings) -> str:
    return "update-rule"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    pairs = dict.fromkeys(zip(settings.arms.rules, settings.arms.learning_rates, strict=True))
    return [
        arm(f"{rule} at {rate!r}", settings, data, {"solver.update_rule": rule, "solver.learning_rate": rate})
        for rule, rate in pairs
    ]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings.net)}, {normalization_label(settings.net.normalization)}, "
    net += f"weight scale {settings.net.weight_scale:g}"
    training = f"batch {settings.solver.batch_size}, {plural(settings.solver.num_epochs, 'epoch')}"
    return Figure(
        best_reached(results),
        caption(settings, "Training under several update rules", net, training) + loss_words(results),
        (loss_panel(results), *accuracy_panels(results, settings.data.dataset, ACCURACY_LIMITS)),
    )


def remarks(results: list[Result]) -> list[str]:
    return []
