"""Does a normalization make a deep net train faster, and to what accuracy? The same net with it and without, started from
the same random weights and trained on the same minibatches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.evidence.claims import Claim
from bnlab.evidence.verdicts import MORE_THAN, WITHIN
from bnlab.nets import NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked
from bnlab.runs.spec import DataSpec, NormalizedOrAll
from bnlab.studies.panels import AccuracyLimits, accuracy_panels, loss_panel
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import BASELINE, best_reached, caption, layers, loss_words, normalization_label, training

ACCURACY_LIMITS: AccuracyLimits = {"fashion-mnist-mini": ((0.0, 1.0), (0.4, 0.9)), "cifar10": ((0.0, 1.0), (0.15, 0.4))}
TWENTY_IMAGES = "20 of 1,000 images"


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization that is set against none, or all of them."""

    section: ClassVar[str] = "arms"

    norm: Annotated[NormalizedOrAll, "the normalization that is set against none, or all"]


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/compare.yaml"""

    arms: Arms


OPTIONS = (Option("--norm", "arms.norm", f"The normalization to set against none: {', '.join(NORMALIZATIONS)}; or all."),)
VARIED = {"net.normalization": "arms.norm"}
IN_FOLDER = frozenset({"arms.norm"})
AXIS = ""
CLAIMS = (
    Claim(
        "{Arm} trains faster", "mean_train_acc", MORE_THAN, 0.02, TWENTY_IMAGES + ", on average over all checks",
        against=BASELINE
    ),
    Claim(
        "{Arm} reaches a higher training accuracy", "best_train_acc", MORE_THAN, 0.02, TWENTY_IMAGES, against=BASELINE,
        title="{Arm} reaches {of} in training, {against} without it",
    ),
    Claim(
        "{Arm} brings no clear gain in validation accuracy", "best_val_acc", WITHIN, 0.02, TWENTY_IMAGES, against=BASELINE,
        title="validation {of} against {against}",
    ),
    Claim(
        "With {arm}, validation accuracy is there sooner", "epochs_to_90_percent", MORE_THAN, 1,
        "checks are an epoch apart", against=BASELINE, expected="lower",
    ),
    Claim(
        "{Arm} reduces overfitting", "final_gap", MORE_THAN, 0.02, TWENTY_IMAGES, against=BASELINE, expected="lower"
    ),
)  # fmt: skip


def folder(settings: Settings) -> str:
    return f"compare-{settings.arms.norm}"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    norms = [*NORMALIZATIONS] if settings.arms.norm == "all" else [settings.arms.norm]
    return [arm(normalization_label(norm), settings, data, {"net.normalization": norm}) for norm in (*norms, "none")]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings.net)}, weight scale {settings.net.weight_scale:g}"
    return Figure(
        best_reached(results),
        caption(settings, "Training with a normalization and without", net, training(settings)) + loss_words(results),
        (loss_panel(results), *accuracy_panels(results, settings.data.dataset, ACCURACY_LIMITS)),
    )


def remarks(results: list[Result]) -> list[str]:
    return []
