"""How does a normalization depend on the batch size? The same net at several batch sizes, and one without normalization
as the baseline. Equal epochs, as in the notebooks, are unequal numbers of updates: small batches make more of them; with
`--equal-updates` every arm makes as many as the smallest batch does, up to the next whole epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import plural
from bnlab.nets import NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import Count, DataSpec, Normalized
from bnlab.studies.panels import accuracy_panels
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import ONE_SEED, caption, layers, normalization_label, rule


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization and its batch sizes, and the batch size of the baseline without one."""

    section: ClassVar[str] = "arms"

    norm: Annotated[Normalized, "the normalization under study"]
    batch_sizes: Annotated[tuple[Count, ...], Range(at_least=1), "its batch sizes"]
    baseline_batch_size: Annotated[Count, "the batch size without normalization"]
    equal_updates: Annotated[bool, "as many updates for each batch size as the smallest makes, not as many epochs"] = False


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/batch-size.yaml"""

    arms: Arms


OPTIONS = (
    Option("--norm", "arms.norm", "The normalization to study: " + " or ".join(NORMALIZATIONS) + "."),
    Option("--equal-updates", "arms.equal_updates", "Equal updates for all batch sizes, not equal epochs.", "flag"),
)
VARIED = {"net.normalization": "arms.norm", "solver.batch_size": "arms.batch_sizes"}
IN_FOLDER = frozenset({"arms.norm", "arms.equal_updates"})


def folder(settings: Settings) -> str:
    return f"batch-size-{settings.arms.norm}" + ("-equal-updates" if settings.arms.equal_updates else "")


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    norm, baseline = settings.arms.norm, settings.arms.baseline_batch_size
    planned = [*((norm, size) for size in dict.fromkeys(settings.arms.batch_sizes)), ("none", baseline)]
    return [
        arm(
            f"{normalization_label(name)}, batch {size}",
            settings,
            data,
            {"net.normalization": name, "solver.batch_size": size},
            also={"solver.num_epochs": _epochs(settings, size)},
        )
        for name, size in planned
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
    net = f"{layers(settings.net)}, weight scale {settings.net.weight_scale:g}"
    equal = settings.arms.equal_updates
    length = plural(settings.solver.num_epochs, "epoch") + (" of the smallest batch size, as many updates for all" * equal)
    return Figure(
        f"Training with {settings.arms.norm} at several batch sizes" + (", equal updates" * equal),
        caption(settings, net, f"{rule(settings)}, {length}"),
        accuracy_panels(results, "update" if equal else "epoch"),
    )


def findings(results: list[Result]) -> list[str]:
    updates = ", ".join(f"{_updates(result)} ({result.arm.label})" for result in results)
    return [f"Updates made: {updates}.", ONE_SEED]


def _updates(result: Result) -> str:
    """How many updates the arm's runs made; fewer than planned if they diverged."""
    made = {len(history.outcome.loss_history) for history in result.histories}
    return " or ".join(f"{count:,}" for count in sorted(made)) or "none"
