"""arms.csv: the mean accuracies of each arm at each check, over its replicates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from bnlab.evidence.interval import mean_interval
from bnlab.evidence.judge import ArmRuns
from bnlab.evidence.traces import Trace, trace

ACCURACIES: dict[str, Callable[[Trace], Sequence[float]]] = {
    "train_acc": lambda each: each.train,
    "val_acc": lambda each: each.val,
}
COLUMNS = (
    *("arm", "curve", "x", "iteration", "epoch", "n"),
    *(name + part for name in ACCURACIES for part in ("", "_low", "_high")),
)


def rows(arms: Iterable[tuple[str, ArmRuns]]) -> Iterator[dict[str, Any]]:
    """A dict by column for each arm, given with its label, and check. The ends of an interval are None for one run."""
    for label, arm in arms:
        traces = [trace(history) for history in arm.histories]
        for i, iteration in enumerate(traces[0].iterations if traces else ()):
            row = {"arm": label, "curve": arm.curve, "x": arm.x, "iteration": iteration, "epoch": traces[0].epochs[i]}
            yield row | {"n": len(traces)} | _accuracies(traces, i)


def _accuracies(traces: Sequence[Trace], check: int) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, accuracy in ACCURACIES.items():
        mean = mean_interval([accuracy(each)[check] for each in traces])
        ends = {"_low": mean.low, "_high": mean.high}
        found |= {name: mean.mean} | {name + end: value if math.isfinite(value) else None for end, value in ends.items()}
    return found
