"""How does a normalization depend on the batch size? The same net at several batch sizes, and one without normalization
as the baseline. Equal epochs are unequal numbers of updates: small batches make more of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import MinLen

from bnlab.lab.spec import Checked, Count
from bnlab.report.figure import Figure
from bnlab.studies.shared import ONE_SEED, accuracy_panels, caption, last_accuracies, layers, training
from bnlab.studies.study import Arm, CommonSettings, Option, Result, arm


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization, its batch sizes, and the batch size of the baseline without one."""

    norm: Literal["batchnorm", "layernorm"]
    batch_sizes: Annotated[tuple[Count, ...], MinLen(1)]
    baseline_batch_size: Count


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """experiments/batch-size.yaml"""

    arms: Arms


OPTIONS = (Option("--norm", "arms.norm", "The normalization to study: batchnorm or layernorm."),)
VARIED = {"net.normalization": "arms.norm", "solver.batch_size": "arms.batch_sizes"}


def folder(settings: Settings) -> str:
    return f"batch-size-{settings.arms.norm}"


def runs(settings: Settings, fingerprint: str) -> list[Arm]:
    arms, baseline = settings.arms, settings.arms.baseline_batch_size
    return [
        *(
            arm(f"{arms.norm}, batch {size}", settings, fingerprint, normalization=arms.norm, batch_size=size)
            for size in dict.fromkeys(arms.batch_sizes)
        ),
        arm(f"no normalization, batch {baseline}", settings, fingerprint, normalization="none", batch_size=baseline),
    ]


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings)}, weight scale {settings.net.weight_scale:g}"
    return Figure(
        f"Training with {settings.arms.norm} at several batch sizes",
        caption(settings, net, training(settings, with_batch=False)),
        accuracy_panels(results),
    )


def findings(results: list[Result]) -> list[str]:
    updates = ", ".join(f"{len(r.history.outcome.loss_history)} ({r.arm.label})" for r in results)
    return [*map(last_accuracies, results), f"Updates made: {updates}. Equal epochs are unequal updates.", ONE_SEED]
