"""Initial losses of small nets, and a check of the batchnorm nets' gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bnlab.gradcheck import eval_numerical_gradient, rel_error
from bnlab.layers.types import Array
from bnlab.nets import FullyConnectedNet
from bnlab.published.facts import PublishedFacts, notebook_stream
from bnlab.published.layer_gradients import BOUNDED
from bnlab.published.number import PublishedNumber, below, relatively_close

Batch = tuple[Array, Array]
PrintedLine = tuple[dict[str, FullyConnectedNet], Batch]
"""One line of the printout: its nets by name, and the minibatch that all of them see."""
ZERO = "the true gradient of a bias before a batchnorm is zero: this is the largest absolute value, not a relative error"


def initial_loss(facts: PublishedFacts) -> list[PublishedNumber]:
    """Plain nets and nets with batchnorm, each without and with regularization; and plain nets with dropout."""
    rows = []
    for line, printed in facts.items():
        nets, batch = LINES[line]()
        losses = {name: float(net.loss(*batch)[0]) for name, net in nets.items()}
        rows += [relatively_close(f"{line} {name}", published, losses[name]) for name, published in printed.items()]
    return rows


def batchnorm_gradients(facts: PublishedFacts) -> list[PublishedNumber]:
    """The relative error of each gradient of the two batchnorm nets; if the true one is zero, its absolute value."""
    nets, batch = _regularized("batchnorm")
    rows = []
    for name, net in nets.items():
        _, grads = net.loss(*batch)
        for param, published in facts["errors"][name].items():
            what, gradient = f"{name} {param}", grads[param]
            if (bound := facts["absolute_at_most"].get(param)) is not None:
                largest = float(np.abs(gradient).max())
                rows.append(below(f"{what}, absolute", published, largest, bound, ZERO, comparable=False))
            else:
                bound = facts["at_most"].get(param, facts["at_most"]["others"])
                rows.append(below(what, published, rel_error(_numeric(net, param, batch), gradient), bound, BOUNDED))
    return rows


def _regularized(normalization: str | None) -> PrintedLine:
    rng = notebook_stream()
    batch = _batch(rng)
    return {f"reg_{reg:g}": _net(rng, normalization=normalization, reg=reg) for reg in (0, 3.14)}, batch


def _with_dropout() -> PrintedLine:
    """The third net's weights come from the stream that dropout's seed had reset: see numbers.yaml."""
    rng, reseeded = notebook_stream(), np.random.RandomState(123)
    reseeded.rand(2, 30)
    batch = _batch(rng)
    streams = {1: rng, 0.75: rng, 0.5: reseeded}
    nets = {f"keep_{keep:g}": _net(rng, dropout_keep_ratio=keep, seed=123) for keep, rng in streams.items()}
    return nets, batch


LINES: dict[str, Callable[[], PrintedLine]] = {
    "plain": partial(_regularized, None),
    "batchnorm": partial(_regularized, "batchnorm"),
    "dropout_seed_123": _with_dropout,
}


def _batch(rng: np.random.RandomState) -> Batch:
    return rng.randn(2, 15), rng.randint(10, size=2)


def _net(rng: np.random.RandomState, **settings: Any) -> FullyConnectedNet:
    return FullyConnectedNet([20, 30], input_dim=15, weight_scale=5e-2, dtype=np.float64, rng=rng, **settings)


def _numeric(net: FullyConnectedNet, param: str, batch: Batch) -> Array:
    return eval_numerical_gradient(lambda _: net.loss(*batch)[0], net.params[param], verbose=False)
