"""Which learning rates train a deep net, with batchnorm and without? Both are tried over many powers of ten, always started
from the same random weights and trained on the same minibatches.

The rates go from those that are too small for the epochs given to those at which neither learns. The ends come from a
pilot: seed 231, replicates 0 to 4, rates from 1e-7 to 1e3. A rate trains if it reaches 80 % of the arm's own best training
accuracy. In at least one replicate, the rates 10**(-28/6) to 10**(-3/6) trained with batchnorm, and 10**(-24/6) to
10**(-11/6) without. Far above the grid there was one exception: at 316, one replicate without batchnorm reached .72, at a
loss of 1e23.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim
from bnlab.evidence.verdicts import MORE_THAN, WITHIN
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import DataSpec
from bnlab.studies.grids import Drawable, powers_of_ten, texts
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result
from bnlab.studies.sweeps import Normalizations, Point, arms_per_normalization, sweep_panels
from bnlab.studies.words import BASELINE, best_of_sweep, sweep_caption


@dataclass(frozen=True)
class Arms(Checked):
    """The normalizations, and the learning rates 10**(k / rates_per_decade) from the lowest to the highest."""

    section: ClassVar[str] = "arms"

    normalizations: Normalizations
    lowest_learning_rate: Annotated[Drawable, "the lowest learning rate"]
    highest_learning_rate: Annotated[Drawable, "the highest learning rate"]
    rates_per_decade: Annotated[int, Range(at_least=1, at_most=1000), "n: the rates are the powers 10**(k/n) in the range"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.learning_rates:
            raise SettingsError(
                f"arms.lowest_learning_rate {self.lowest_learning_rate:g} to arms.highest_learning_rate "
                f"{self.highest_learning_rate:g} holds no power 10**(k/{self.rates_per_decade}): give the lower one first, "
                "a wider range, or a larger arms.rates_per_decade"
            )

    @property
    def learning_rates(self) -> list[float]:
        """The rates, ascending."""
        return powers_of_ten(self.lowest_learning_rate, self.highest_learning_rate, self.rates_per_decade)


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/learning-rate.yaml"""

    arms: Arms


OPTIONS: tuple[Option, ...] = ()
VARIED = {"net.normalization": "arms.normalizations", "solver.learning_rate": "arms.lowest_learning_rate"}
IN_FOLDER: frozenset[str] = frozenset()
AXIS = "learning rate"
CLAIMS = (
    Claim(
        "{Arm} permits larger learning rates", "best_train_acc", MORE_THAN, 0.3, "a factor of 2 in the learning rate",
        against=BASELINE, over="largest", arguments=(0.8,),
        title="{Arm} trains at learning rates up to {of}, up to {against} without it",
    ),
    Claim(
        "At its own best rate, no normalization is as good as {arm}", "best_val_acc", WITHIN, 0.02, "20 of 1,000 images",
        against=BASELINE, over="at_best", title="validation at the best rate {of} against {against}",
    ),
)  # fmt: skip


def folder(settings: Settings) -> str:
    return "learning-rate"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    rates = settings.arms.learning_rates
    points = [
        Point(f"learning rate {text}", rate, {"solver.learning_rate": rate})
        for text, rate in zip(texts(rates), rates, strict=True)
    ]
    return arms_per_normalization(settings, data, settings.arms.normalizations, points)


def figure(settings: Settings, results: list[Result]) -> Figure:
    return Figure(
        best_of_sweep(results),
        sweep_caption(settings, "Training against the learning rate", VARIED),
        sweep_panels(results, "learning rate"),
    )


def remarks(results: list[Result]) -> list[str]:
    return [best_of_sweep(results)]
