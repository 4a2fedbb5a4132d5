"""How does a normalization depend on the batch size? The same net with it at several batch sizes, and without it as the
baseline. In one epoch, small batches make more updates of the weights than large ones. So the nets are compared either
after equally many epochs, or after equally many updates.

Equal epochs are those of the notebooks. With `--equal-updates` every arm makes as many updates as the smallest batch does,
up to the next whole epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnlab.errors import plural
from bnlab.evidence.claims import Claim
from bnlab.evidence.verdicts import MORE_THAN
from bnlab.nets import NORMALIZATIONS
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, Range
from bnlab.runs.spec import Count, DataSpec, NormalizedOrAll
from bnlab.studies.panels import AccuracyLimits, accuracy_panels, final_panels
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, arm
from bnlab.studies.words import BASELINE, best_reached, caption, layers, normalization_label, rule

ACCURACY_LIMITS: AccuracyLimits = {"fashion-mnist-mini": ((0.0, 1.0), (0.5, 0.9)), "cifar10": ((0.0, 1.0), (0.15, 0.4))}
FINAL_LIMITS: AccuracyLimits = {"fashion-mnist-mini": ((0.8, 1.0), (0.75, 0.86)), "cifar10": ((0.4, 1.0), (0.25, 0.4))}
A_DECADE = "over the decade from batch 5 to 50, .01 per doubling make .03"


@dataclass(frozen=True)
class Arms(Checked):
    """The normalization and its batch sizes, and the batch size of the baseline without one."""

    section: ClassVar[str] = "arms"

    norm: Annotated[NormalizedOrAll, "the normalization under study, or all"]
    batch_sizes: Annotated[tuple[Count, ...], Range(at_least=1), "its batch sizes"]
    baseline_batch_size: Annotated[Count, "the batch size without normalization; with equal updates, all are used"]
    equal_updates: Annotated[bool, "as many updates for each batch size as the smallest makes, not as many epochs"] = False


@dataclass(frozen=True, kw_only=True)
class Settings(FullyConnectedSettings):
    """experiments/batch-size.yaml"""

    arms: Arms


EQUAL_UPDATES = "arms.equal_updates"
OPTIONS = (
    Option("--norm", "arms.norm", f"The normalization to study: {', '.join(NORMALIZATIONS)}; or all."),
    Option("--equal-updates", EQUAL_UPDATES, "Equal updates for all batch sizes, not equal epochs.", "flag"),
)
VARIED = {"net.normalization": "arms.norm", "solver.batch_size": "arms.batch_sizes"}
IN_FOLDER = frozenset({"arms.norm", EQUAL_UPDATES})
AXIS = "batch size"
CLAIMS = (
    Claim(
        "At equal epochs, {arm} wants large batches", "mean_train_acc", MORE_THAN, 0.01, A_DECADE, of="batchnorm",
        over="slope", title="{Arm}: mean training accuracy {of} per doubling of the batch", unless=EQUAL_UPDATES,
    ),
    Claim(
        "At equal updates, {arm} wants large batches more than no normalization does", "mean_train_acc", MORE_THAN, 0.01,
        A_DECADE, of="batchnorm", against=BASELINE, over="slope",
        title="{Arm}: mean training accuracy {of} per doubling of the batch, {against} without it", when=EQUAL_UPDATES,
    ),
    Claim(
        "{Arm} at batch 5 is worse than no normalization at batch 5", "best_train_acc", MORE_THAN, 0.02,
        "20 of 1,000 images", of="batchnorm", against=BASELINE, expected="lower", over="at", arguments=(5,),
        title="at batch 5 it reaches {of} in training, {against} without it", unless=EQUAL_UPDATES,
    ),
    Claim(
        "At equal epochs, layernorm depends less on the batch size than batchnorm", "mean_train_acc", MORE_THAN, 0.01,
        A_DECADE, of="layernorm", against="batchnorm", expected="lower", over="steepness", unless=EQUAL_UPDATES,
    ),
)  # fmt: skip


def folder(settings: Settings) -> str:
    return f"batch-size-{settings.arms.norm}" + ("-equal-updates" if settings.arms.equal_updates else "")


def arms(settings: Settings, data: DataSpec) -> list[Arm]:
    return [
        arm(
            _label(name, size),
            settings,
            data,
            {"net.normalization": name, "solver.batch_size": size},
            curve=normalization_label(name),
            x=size,
            also={"solver.num_epochs": _epochs(settings, size)},
        )
        for name, sizes in _planned(settings).items()
        for size in sizes
    ]


def _planned(settings: Settings) -> dict[str, tuple[int, ...]]:
    """The batch sizes of each normalization; those of the baseline too, if all arms make as many updates."""
    norm, baseline = settings.arms.norm, settings.arms.baseline_batch_size
    sizes = tuple(dict.fromkeys(settings.arms.batch_sizes))
    norms = NORMALIZATIONS if norm == "all" else (norm,)
    return {**dict.fromkeys(norms, sizes), "none": sizes if settings.arms.equal_updates else (baseline,)}


def _label(name: str, size: int) -> str:
    return f"{normalization_label(name)}, batch {size}"


def _epochs(settings: Settings, batch_size: int) -> int:
    """As many as are asked for, or the fewest that make no fewer updates than that does with the smallest batch."""
    epochs = settings.solver.num_epochs
    if not settings.arms.equal_updates:
        return epochs
    smallest = min(settings.arms.batch_sizes)
    per_epoch = [max(settings.data.num_train // size, 1) for size in (smallest, batch_size)]
    return -(-epochs * per_epoch[0] // per_epoch[1])


def figure(settings: Settings, results: list[Result]) -> Figure:
    net = f"{layers(settings.net)}, weight scale {settings.net.weight_scale:g}"
    equal = settings.arms.equal_updates
    length = plural(settings.solver.num_epochs, "epoch") + (" of the smallest batch size, as many updates for all" * equal)
    over_time = accuracy_panels(results, settings.data.dataset, ACCURACY_LIMITS, "update" if equal else "epoch")
    topic = "Training at several batch sizes" + (", equal updates" * equal)
    return Figure(
        best_reached(results),
        f"{caption(settings, topic, net, f'{rule(settings)}, {length}')}. {_all_updates(results)}",
        (*over_time, *final_panels(results, AXIS, settings.data.dataset, FINAL_LIMITS)),
        rows=2,
        ordered=tuple(
            tuple(_label(name, size) for size in sorted(sizes))
            for name, sizes in _planned(settings).items()
            if len(sizes) > 1
        ),
    )


def remarks(results: list[Result]) -> list[str]:
    return [_all_updates(results)]


def _all_updates(results: list[Result]) -> str:
    return "Updates made: " + ", ".join(f"{_updates(result)} ({result.arm.label})" for result in results)


def _updates(result: Result) -> str:
    """How many updates the arm's runs made; fewer than planned if they diverged."""
    made = {len(history.outcome.loss_history) for history in result.histories}
    return " or ".join(f"{count:,}" for count in sorted(made)) or "none"
