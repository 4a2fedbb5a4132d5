"""Running statistics, the state of a normalization: how a net copies them, and how it gets the paper's own instead."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence

from bnlab.layers.normalization_core import MOMENTUM, corrects
from bnlab.layers.types import Array, Param

RUNNING = ("running_mean", "running_var")


def statistics_of(params: Iterable[Param]) -> list[Param]:
    """Copies of the running statistics in each param dict; an empty dict where there are none."""
    return [{key: param[key].copy() for key in RUNNING if key in param} for param in params]


def set_statistics(params: Iterable[Param], statistics: Iterable[Param]) -> None:
    """Bring the running statistics to what `statistics_of` gave."""
    for param, kept in zip(params, statistics, strict=True):
        _forget(param)
        param.update(copy.deepcopy(kept))


def estimate_population(
    params: Sequence[Param], batches: Iterable[Array], pass_through: Callable[[Array], Sequence[int]]
) -> None:
    """Replace the running statistics by expectations over minibatches of equal size, `E[x] = E[mu]` and
    `Var[x] = m / (m - 1) · E[var]`.

    pass_through: takes a minibatch through the net, which moves the running statistics, and gives the m of each: how many
    values share one of them. The means come from the running averages themselves, with momentum 0, 1/2, 2/3, …
    Raises ValueError where m is 1, for a single value has no variance, or where there are no minibatches.
    """
    momenta = [param.get("momentum", MOMENTUM) for param in params]
    counts: Sequence[int] = ()
    try:
        for seen, X in enumerate(batches):
            for param in params:
                if seen == 0:
                    _forget(param)
                param["momentum"] = seen / (seen + 1)
            counts = pass_through(X)
            if min(counts) < 2:
                raise ValueError(
                    f"population statistics need minibatches of at least 2 images, not {len(X)}: a single value has no "
                    "variance; give a larger batch_size, or statistics='running'"
                )
    finally:
        for param, momentum in zip(params, momenta, strict=True):
            param["momentum"] = momentum
    if not counts:
        raise ValueError("population statistics need at least one minibatch")
    for param, m in zip(params, counts, strict=True):
        if not corrects(param):  # else each of the variances was
            param["running_var"] = param["running_var"] * (m / (m - 1))


def _forget(param: Param) -> None:
    for key in RUNNING:
        param.pop(key, None)
