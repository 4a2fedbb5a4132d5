"""Means and standard deviations of the normalizations' outputs. Their input is a net of two layers without biases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bnlab.layers import batchnorm_forward, layernorm_forward
from bnlab.layers.types import Array, Param
from bnlab.published.facts import PublishedFacts, notebook_stream, numbers
from bnlab.published.number import PublishedNumber, below, close

ROUNDING = "the published number is a bound: the true mean is zero, and all digits are rounding errors"


def batchnorm_forward_train(facts: PublishedFacts) -> list[PublishedNumber]:
    """Training mode: before batchnorm, and after it with two choices of gamma and beta."""
    rng = notebook_stream()
    a = _two_layers(rng.randn(200, 50), rng.randn(50, 60), rng.randn(60, 3))
    outputs = {
        "before": a,
        "gamma_1_beta_0": _output(batchnorm_forward, a, np.ones(3), np.zeros(3)),
        "gamma_123_beta_11_12_13": _output(batchnorm_forward, a, np.array([1.0, 2, 3]), np.array([11.0, 12, 13])),
    }
    return _statistics(facts, outputs, axis=0)


def batchnorm_forward_test(facts: PublishedFacts) -> list[PublishedNumber]:
    """Test mode, after 50 minibatches have moved the running averages."""
    rng = notebook_stream()
    W1, W2 = rng.randn(50, 60), rng.randn(60, 3)
    param: Param = {"mode": "train"}
    for _ in range(50):
        batchnorm_forward(_two_layers(rng.randn(200, 50), W1, W2), np.ones(3), np.zeros(3), param)
    a = _two_layers(rng.randn(200, 50), W1, W2)
    out = _output(batchnorm_forward, a, np.ones(3), np.zeros(3), {**param, "mode": "test"})
    return _statistics(facts, {"after_50_batches": out}, axis=0)


def layernorm(facts: PublishedFacts) -> list[PublishedNumber]:
    """Before layernorm, and after it with two choices of gamma and beta. The statistics are taken over rows."""
    rng = notebook_stream()
    a = _two_layers(rng.randn(4, 50), rng.randn(50, 60), rng.randn(60, 3))
    outputs = {
        "before": a,
        "gamma_1_beta_0": _output(layernorm_forward, a, np.ones(3), np.zeros(3)),
        "gamma_3_beta_5": _output(layernorm_forward, a, np.full(3, 3.0), np.full(3, 5.0)),
    }
    return _statistics(facts, outputs, axis=1)


def _two_layers(X: Array, W1: Array, W2: Array) -> Array:
    a: Array = np.maximum(X @ W1, 0) @ W2
    return a


def _output(norm: Callable[..., Any], x: Array, gamma: Array, beta: Array, param: Param | None = None) -> Array:
    out: Array = norm(x, gamma, beta, param or {"mode": "train"})[0]
    return out


def _statistics(facts: PublishedFacts, outputs: dict[str, Array], axis: int) -> list[PublishedNumber]:
    """A row for each value of each published statistic of each output."""
    return [
        row
        for name, statistics in facts.items()
        for kind, printed in statistics.items()
        for row in STATISTICS[kind](f"{name} {kind}", printed, outputs[name], axis)
    ]


def _printed(
    measure: Callable[..., Array], what: str, printed: list[float], out: Array, axis: int
) -> list[PublishedNumber]:
    tolerance = 0.5 * 10.0 ** -numbers()["tolerances"]["decimals"]
    pairs = zip(printed, measure(out, axis=axis), strict=True)
    return [close(f"{what}[{i}]", published, float(ours), tolerance) for i, (published, ours) in enumerate(pairs)]


def _below(what: str, bound: float, out: Array, axis: int) -> list[PublishedNumber]:
    means = enumerate(out.mean(axis=axis))
    return [below(f"{what}[{i}]", bound, float(mean), bound, ROUNDING, comparable=False) for i, mean in means]


STATISTICS: dict[str, Callable[..., list[PublishedNumber]]] = {
    "means": partial(_printed, np.mean),
    "stds": partial(_printed, np.std),
    "means_below": _below,
}
