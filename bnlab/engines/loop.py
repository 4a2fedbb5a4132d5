"""The training loop of engines on other frameworks: which images, when accuracy is checked, when a training has diverged.

It keeps the rules for engines, which CONTRIBUTING.md lists, so that an engine says no more than how a step and a score are
computed.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

import numpy as np

from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import Outcome, planned_checks
from bnlab.runs.spec import RunSpec

AT_ONCE = 250
"""Images that are scored at once."""


class Trained(ABC):
    """A net with its update rule, on whatever framework."""

    @abstractmethod
    def step(self, iteration: int, images: Array, labels: Array) -> float:
        """The training loss of a minibatch, and the update; none if the loss isn't finite. iteration: from 1."""

    @abstractmethod
    def decay(self, factor: float) -> None:
        """Multiply the learning rate."""

    @abstractmethod
    def scores(self, images: Array) -> Array:
        """Of images (N, …) at test time: (N, C)."""

    @abstractmethod
    def finite(self) -> bool:
        """Whether all parameters are."""

    @abstractmethod
    def estimate_population(self, batches: Iterator[Array]) -> None:
        """Replace running statistics by those of these minibatches; there is at least one."""


def run(net: Trained, spec: RunSpec, data: Mapping[str, Array], draws: Draws) -> Outcome:
    """Train the net as the spec says."""
    losses: list[float] = []
    checks: dict[int, tuple[float, float]] = {}
    planned, diverged_at = {*planned_checks(spec)}, None
    for t in range(1, spec.num_iterations + 1):
        picked = draws.minibatch(t)
        losses.append(net.step(t, data["X_train"][picked], data["y_train"][picked]))
        if not math.isfinite(losses[-1]) or (t in planned and not net.finite()):
            diverged_at = t
        if t in planned or diverged_at:
            checks[t] = _check(net, data, draws)
        if diverged_at:
            break
        if t % spec.iterations_per_epoch == 0:
            net.decay(spec.solver.lr_decay)
    train, val = zip(*checks.values(), strict=True)
    return Outcome(losses, [*checks], [*train], [*val], diverged_at)


def _check(net: Trained, data: Mapping[str, Array], draws: Draws) -> tuple[float, float]:
    """Training and validation accuracy."""
    batches = [*draws.statistics_batches()]
    if batches:
        net.estimate_population(data["X_train"][picked] for picked in batches)
    sample = draws.evaluation_sample()
    train = _accuracy(net, data["X_train"], data["y_train"], sample)
    return train, _accuracy(net, data["X_val"], data["y_val"], np.arange(len(data["y_val"])))


def _accuracy(net: Trained, images: Array, labels: Array, picked: Array) -> float:
    """The share of images that the net gets right. Of equal scores the first counts, as NumPy has it."""
    right = 0
    for start in range(0, len(picked), AT_ONCE):
        rows = picked[start : start + AT_ONCE]
        right += int(np.count_nonzero(net.scores(images[rows]).argmax(axis=1) == labels[rows]))
    return right / len(picked)
