"""Where frameworks differ from the notebooks by definition, and by how much: the common inputs, and our side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bnlab.layers import batchnorm_forward, max_pool_backward, max_pool_forward
from bnlab.layers.types import Array, Param
from bnlab.parity.numbers import SEED, STEPS, our_steps, rule_spec
from bnlab.runs.spec import RunSpec

SMALL = 1e-6
"""The size of gradients beside which an epsilon counts."""


@dataclass(frozen=True)
class Convention:
    """A difference by definition: what it is about, the notebooks' way, the framework's own, and its size.

    of: what the size is of, relative to our largest entry, or to one. as_torch: the size that is left if our core computes
    by `--convention torch`; None where that makes no difference.
    """

    framework: str
    what: str
    ours: str
    theirs: str
    size: float
    of: str
    as_torch: float | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields; a size that isn't finite is null."""
        return {**asdict(self), "size": self.size if math.isfinite(self.size) else None}


def batches(count: int) -> list[Array]:
    """So many minibatches of 50 rows of 10 features, of another mean and spread than at the start."""
    rng = np.random.RandomState(SEED)
    return [1 + 2 * rng.standard_normal((50, 10)) for _ in range(count)]


def after_batches(count: int) -> str:
    """In words."""
    return f"after {count} minibatch{'es' if count > 1 else ''} of 50"


def our_statistics(count: int, convention: str) -> list[Array]:
    """Running mean and variance of our batchnorm after so many minibatches."""
    param: Param = {"mode": "train", "convention": convention}
    for batch in batches(count):
        batchnorm_forward(batch, np.ones(10), np.zeros(10), param)
    return [param["running_mean"], param["running_var"]]


def momentum_steps() -> tuple[RunSpec, RunSpec, Array, list[Array]]:
    """Momentum by both conventions, initial weights, and gradients."""
    specs = (rule_spec("sgd_momentum", convention, "numpy", "float64") for convention in ("notebook", "torch"))
    return *specs, *_weights_and_gradients(1.0)  # type: ignore[return-value]


def epsilon_steps(rule: str) -> tuple[RunSpec, Array, list[Array], str]:
    """An update rule with gradients so small that its epsilon counts; and in words what is compared."""
    spec = rule_spec(rule, "notebook", "numpy", "float64", lr_decay=1.0)
    return spec, *_weights_and_gradients(SMALL), f"weights after {STEPS} steps with gradients of about {SMALL:g}"


def our_last(spec: RunSpec, w: Array, gradients: Sequence[Array]) -> Array:
    """The weights after all steps of our update rule."""
    return our_steps(spec, w, gradients)[-1]


def tied_images() -> Array:
    """Images (N, C, H, W) whose pixels are all the same."""
    return np.ones((1, 1, 4, 4))


def tied_pool() -> Array:
    """The gradient that our 2x2 max pool hands back to them."""
    out, cache = max_pool_forward(tied_images(), {"pool_height": 2, "pool_width": 2, "stride": 2})
    return max_pool_backward(np.ones(out.shape), cache)


def _weights_and_gradients(size: float) -> tuple[Array, list[Array]]:
    w, *gradients = np.random.RandomState(SEED).standard_normal((1 + STEPS, 40))
    return w, [size * gradient for gradient in gradients]
