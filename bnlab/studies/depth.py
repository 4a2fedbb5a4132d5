"""How deep a net can be trained, with batchnorm, with layernorm and without? From one to twenty hidden layers of 50 units
each, trained on the same minibatches.

The width is that of the weight-scale study. The weight scale is .1, at which seven such layers without normalization train
about as well as with batchnorm, so that the depth decides. A pilot (seed 231, replicates 0 and 1) tried .05, .1, .15 and
.2. Only at .1 did all three arms reach .90 in training at every depth from 2 to 8 layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import plural
from bnlab.evidence.claims import Claim
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import Count, DataSpec
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result
from bnlab.studies.sweeps import Normalizations, Point, arms_per_normalization, sweep_panels, ticks
from bnlab.studies.words import best_of_sweep, sweep_caption


@dataclass(frozen=True)
class Arms(Checked):
    """The normalizations, and the numbers of hidden layers, which all have the same width."""

    section: ClassVar[str] = "arms"

    normalizations: Normalizations
    depths: Annotated[tuple[Count, ...], Range(at_least=1), "numbers of hidden layers, one curve's points"]
    width: Annotated[Count, "units per hidden layer"]


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/depth.yaml"""

    arms: Arms


OPTIONS: tuple[Option, ...] = ()
VARIED = {"net.normalization": "arms.normalizations", "net.hidden_dims": "arms.depths"}
IN_FOLDER: frozenset[str] = frozenset()
AXIS = "depth"
CLAIMS: tuple[Claim, ...] = ()


def folder(settings: Settings) -> str:
    return "depth"


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    points = [
        Point(plural(depth, "hidden layer"), depth, {"net.hidden_dims": (settings.arms.width,) * depth})
        for depth in dict.fromkeys(settings.arms.depths)
    ]
    return arms_per_normalization(settings, data, settings.arms.normalizations, points)


def figure(settings: Settings, results: list[Result]) -> Figure:
    return Figure(
        best_of_sweep(results),
        sweep_caption(
            settings, "Training against the number of hidden layers", VARIED, f"hidden layers of {settings.arms.width}"
        ),
        sweep_panels(results, "hidden layers", "linear", x_ticks=ticks(settings.arms.depths)),
    )


def remarks(results: list[Result]) -> list[str]:
    return [best_of_sweep(results)]
