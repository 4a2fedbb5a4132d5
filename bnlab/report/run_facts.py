"""The facts about a single run: its settings, its outcome, the points of its curves, a curve in one line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from typing import Any, NamedTuple

from bnlab.lab.files import finite_or_none
from bnlab.report.table import rows
from bnlab.runs.fields import settings_of
from bnlab.runs.history import Ended, History
from bnlab.runs.spec import RULE_SETTINGS, RunSpec

OUTCOME = (
    *("status", "diverged_at", "iterations", "final_loss", "best_train_acc", "final_train_acc"),
    *("best_val_acc", "final_val_acc", "error"),
)
"""The columns of the table that say how a run ended."""
BLOCKS, ASCII_BLOCKS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
NOT_FINITE = "x"


class Value(NamedTuple):
    """The value of a setting, and whether that is its default."""

    value: Any
    is_default: bool


def settings(spec: RunSpec) -> dict[str, Value]:
    """All settings of a run by key. The update rule's own are given in full, those of other rules left out."""
    found, own = dict(_settings(spec)), spec.solver.rule_config
    for name, key in ((name, f"solver.{name}") for name in RULE_SETTINGS):
        if name in own:
            found[key] = Value(own[name], found[key].value is None)
        else:
            del found[key]
    return found


def _settings(part: Any, section: str = "") -> Iterator[tuple[str, Value]]:
    if section == "net.":
        yield "net.model", Value(part.model, False)
    for setting in settings_of(type(part)):
        value = getattr(part, setting.name)
        if is_dataclass(value):
            yield from _settings(value, f"{setting.name}.")
        else:
            yield section + setting.name, Value(value, value == setting.default)


def outcome(run: Ended) -> dict[str, Any]:
    """How a run ended and what it gave, by the table's names, and its seconds; what it doesn't have is left out."""
    [row] = rows([("", run)])
    found = {name: row[name] for name in OUTCOME} | {"seconds": run.provenance.get("seconds")}
    return {name: value for name, value in found.items() if value is not None}


class Point(NamedTuple):
    """A point of a curve. kind: loss, train_accuracy or val_accuracy; value: None for a loss that isn't finite."""

    kind: str
    iteration: int
    epoch: float
    value: float | None


def points(run: History) -> Iterator[Point]:
    """The points of all curves of a run."""
    given, per_epoch = run.outcome, run.spec.iterations_per_epoch
    curves = {
        "loss": (range(1, len(given.loss_history) + 1), given.loss_history),
        "train_accuracy": (given.check_iterations, given.train_acc_history),
        "val_accuracy": (given.check_iterations, given.val_acc_history),
    }
    for kind, (iterations, values) in curves.items():
        for iteration, value in zip(iterations, values, strict=True):
            yield Point(kind, iteration, iteration / per_epoch, finite_or_none(value))


def one_line_curve(values: Sequence[float], width: int, blocks: str = BLOCKS) -> str:
    """A curve as one line of at most `width` characters, from its lowest block to its highest.

    Each character stands for the mean of its share of the values; an x for a share with a value that isn't finite.
    """
    count = min(width, len(values))
    shares = [values[i * len(values) // count : (i + 1) * len(values) // count] for i in range(count)]
    means = [math.fsum(value / len(share) for value in share) for share in shares]
    finite = [mean for mean in means if math.isfinite(mean)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    unit = (high - low) / (len(blocks) - 1) or 1.0
    return "".join(blocks[round((mean - low) / unit)] if math.isfinite(mean) else NOT_FINITE for mean in means)
