"""How does a normalization depend on how many features a layer has? Nets of narrow to wide hidden layers, with layernorm,
with batchnorm and without, trained on the same minibatches.

Layernorm takes its statistics over the features of one image: over two features, its output is +1 and -1, whatever they
were. Batchnorm takes them over the images of the minibatch, however many features there are.

Five hidden layers, as in `compare`. The weight scale is .1 at every width. Its reasons, the numbers from a pilot (seed 231,
replicates 0 to 4, mean of the best training accuracy):

1. .1 = sqrt(2 / 200) keeps the signal's size in the widest net without normalization (He et al., 2015).
2. All three arms train well in wide nets: .94 to .99 at widths 50 to 200. At width 20 they are within .03 of each other. So
   the width decides what happens below.
3. A scale that depends on the width, sqrt(2 / width), would hide the width's effect. It gives narrow nets weights so large
   that adam's 200 steps of .001 hardly move them: at width 20 every arm lost .1 to .5 (replicates 0 and 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import plural
from bnlab.evidence.claims import Claim
from bnlab.evidence.verdicts import MORE_THAN
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import Count, DataSpec
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result
from bnlab.studies.sweeps import Normalizations, Point, arms_per_normalization, sweep_panels, ticks
from bnlab.studies.words import best_of_sweep, sweep_caption


@dataclass(frozen=True)
class Arms(Checked):
    """The normalizations, and the widths of the hidden layers, of which there are always as many."""

    section: ClassVar[str] = "arms"

    normalizations: Normalizations
    widths: Annotated[tuple[Count, ...], Range(at_least=1), "units per hidden layer, one curve's points"]
    depth: Annotated[Count, "how many hidden layers"]


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/feature-width.yaml"""

    arms: Arms


OPTIONS: tuple[Option, ...] = ()
VARIED = {"net.normalization": "arms.normalizations", "net.hidden_dims": "arms.widths"}
IN_FOLDER: frozenset[str] = frozenset()
AXIS = "width"
CLAIMS = (
    Claim(
        "{Arm} suffers with few features", "best_train_acc", MORE_THAN, 0.02, "20 of 1,000 images", of="layernorm",
        against="batchnorm", expected="lower", over="difference", arguments=(2, 5, 100, 200),
        title="From wide to narrow layers training accuracy changes by {of} with {arm}, by {against} with batchnorm",
    ),
)  # fmt: skip


def folder(settings: Settings) -> str:
    return "feature-width"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    points = [
        Point(f"width {width}", width, {"net.hidden_dims": (width,) * settings.arms.depth})
        for width in dict.fromkeys(settings.arms.widths)
    ]
    return arms_per_normalization(settings, data, settings.arms.normalizations, points)


def figure(settings: Settings, results: list[Result]) -> Figure:
    depth = plural(settings.arms.depth, "hidden layer")
    return Figure(
        best_of_sweep(results),
        sweep_caption(settings, "Training against the width of the hidden layers", VARIED, depth),
        sweep_panels(results, "units per hidden layer", x_ticks=ticks(settings.arms.widths)),
    )


def remarks(results: list[Result]) -> list[str]:
    return [best_of_sweep(results)]
