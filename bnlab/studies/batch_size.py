"""How does a normalization depend on the batch size? The same net at several batch sizes, and one without normalization
as the baseline. Equal epochs, as in the notebooks, are unequal numbers of updates: small batches make more of them; with
`--equal-updates` every arm makes as many as the smallest batch does, up to the next whole epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import MinLen

from bnlab.nets import NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.spec import Checked, Count, Normalized
from bnlab.studies.shared import ONE_SEED, accuracy_panels, caption, last_accuracies, layers, rule
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization, its batch sizes, and the batch size of the baseline without one.

    equal_updates: train each arm for as many updates as the smallest batch size makes (and to the end of its epoch),
    instead of as many epochs.
    """

    norm: Normalized
    batch_sizes: Annotated[tuple[Count, ...], MinLen(1)]
    baseline_batch_size: Count
    equal_updates: bool = False


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/batch-size.yaml"""

    arms: Arms


OPTIONS = (
    Option("--norm", "arms.norm", "The normalization to study: " + " or ".join(NORMALIZATIONS) + "."),
    Option("--equal-updates", "arms.equal_updates", "Equal updates for all batch sizes, not equal epochs.", "flag"),
)
VARIED = {"net.normalization": "arms.norm", "solver.batch_size": "arms.batch_sizes"}


def folder(settings: Settings) -> str:
    return f"batch-size-{settings.arms.norm}" + ("-equal-updates" if settings.arms.equal_updates else "")


def runs(settings: Settings, fingerprint: str) -> list[Arm]:
    norm, baseline = settings.arms.norm, settings.arms.baseline_batch_size
    planned: list[tuple[str, str, int]] = [(norm, norm, size) for size in dict.fromkeys(settings.arms.batch_sizes)]
    planned.append(("no normalization", "none", baseline))
    return [
        arm(
            f"{label}, batch {size}",
            settings,
            fingerprint,
            normalization=name,
            batch_size=size,
            num_epochs=_epochs(settings, size),
        )
        for label, name, size in planned
    ]


def _epochs(settings: Settings, batch_size: int) -> int:
    """As many as are asked for, or the fewest that make no fewer updates than that does with the smallest batch."""
    epochs = settings.solver.num_epochs
    if not settings.arms.equal_updates:
        return epochs
    smallest = min(*settings.arms.batch_sizes, settings.arms.baseline_batch_size)
    per_epoch = [max(settings.data.num_train // size, 1) for size in (smallest, batch_size)]
    return -(-epochs * per_epoch[0] // per_epoch[1])


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings)}, weight scale {settings.net.weight_scale:g}"
    equal = settings.arms.equal_updates
    length = f"{settings.solver.num_epochs} epochs" + (" of the smallest batch size, as many updates for all" * equal)
    return Figure(
        f"Training with {settings.arms.norm} at several batch sizes" + (", equal updates" * equal),
        caption(settings, net, f"{rule(settings)}, {length}"),
        accuracy_panels(results, "update" if equal else "epoch"),
    )


def findings(results: list[Result]) -> list[str]:
    updates = ", ".join(f"{len(r.history.outcome.loss_history)} ({r.arm.label})" for r in results)
    return [*map(last_accuracies, results), f"Updates made: {updates}.", ONE_SEED]
