"""Slips around the normalizations' core: running statistics, test mode, and the gradients of gamma and beta."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnlab.homework.slips.layouts import EPS, LAYOUTS
from bnlab.homework.slips.normalization import BATCH_CASES, GROUP_CASES, ROWS_CASES, TRAIN_CASES, norm_slips
from bnlab.homework.slips.slip import slips
from bnlab.layers.types import Array

MOMENTUM = 0.9
TEST_CASES = ("batchnorm_test", "spatial_batchnorm_test")
SPATIAL_CASES = ("spatial_batchnorm", "spatial_groupnorm")
REVERSED = "momentum is the wrong way round; running = momentum · running + (1 - momentum) · batch value"
KEPT = "keeps the axes that it sums over; leave keepdims out"
NOT_MOVED = "isn't moved; store the new one in bn_param"
NOT_AVERAGED = "is the minibatch's own; average it with momentum"


def running(divisor: Callable[[Array], Array]) -> Callable[..., Array]:
    """A test-time output with another divisor than `sqrt(running_var + eps)`."""

    def wrong(x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array) -> Array:
        per_feature = (-1,) + (1,) * (x.ndim - 2)
        gamma, beta, mean, var = (
            np.reshape(a, per_feature).astype(x.dtype) for a in (gamma, beta, running_mean, running_var)
        )
        out: Array = gamma * (x - mean) / divisor(var) + beta
        return out

    return wrong


def dgamma(total: Callable[[Array], Array]) -> Callable[..., Array]:
    """dgamma by another sum of dout · xhat, in the shape that this sum gives it."""

    def wrong(case: str, x: Array, gamma: Array, beta: Array, dout: Array, G: int) -> Array:
        n = LAYOUTS[case](x, gamma, beta, dout, G)
        return total((n.dout * n.xhat).reshape(x.shape))

    return wrong


STATES = (
    *norm_slips(
        BATCH_CASES,
        "running_mean",
        {REVERSED: lambda n: MOMENTUM * n.mu, NOT_AVERAGED: lambda n: n.mu, NOT_MOVED: lambda n: 0 * n.mu},
    ),
    *norm_slips(
        BATCH_CASES,
        "running_var",
        {
            REVERSED: lambda n: MOMENTUM * n.var,
            NOT_AVERAGED: lambda n: n.var,
            NOT_MOVED: lambda n: 0 * n.var,
            "averages the corrected variance; divide by m, not m - 1": lambda n: (1 - MOMENTUM) * n.corrected,
            "averages the standard deviation; average the variance": lambda n: (1 - MOMENTUM) * n.var**0.5,
        },
    ),
)

TEST_OUTPUTS = (
    *norm_slips(
        TEST_CASES, "out", {"uses the minibatch's own statistics in test mode; take the running ones": lambda n: n.out()}
    ),
    *slips(
        TEST_CASES,
        "out",
        {
            "eps stands outside the root; divide by sqrt(running_var + eps)": running(lambda var: var**0.5 + EPS),
            "eps is missing; divide by sqrt(running_var + eps)": running(lambda var: var**0.5),
            "x - mu is divided by the variance; divide by sqrt(running_var + eps)": running(lambda var: var + EPS),
            "x - mu is divided by running_var; divide by sqrt(running_var + eps)": running(lambda var: var),
        },
    ),
)

PARAMETERS = (
    *norm_slips(
        TRAIN_CASES,
        "dgamma",
        {
            "has x for xhat; dgamma = Σ dout · xhat": lambda n: n.sum(n.dout * n.x),
            "has x - mu for xhat; divide it by sqrt(var + eps)": lambda n: n.sum(n.dout * n.centred),
            "has out for xhat; dgamma = Σ dout · xhat": lambda n: n.sum(n.dout * n.out()),
            "xhat is missing; dgamma = Σ dout · xhat": lambda n: n.sum(n.dout),
            "is multiplied by gamma; dgamma = Σ dout · xhat": lambda n: n.sum(n.g * n.xhat),
        },
    ),
    *norm_slips(TRAIN_CASES, "dbeta", {"is multiplied by gamma; dbeta = Σ dout": lambda n: n.sum(n.g)}),
    *slips(ROWS_CASES, "dgamma", {"sums over axis 1; sum over axis 0": dgamma(lambda a: a.sum(axis=1))}),
    *slips(ROWS_CASES, "dbeta", {"sums over axis 1; sum over axis 0": lambda dout: dout.sum(axis=1)}),
    *(
        slip
        for what in ("dgamma", "dbeta")
        for slip in (
            *slips((*ROWS_CASES, "spatial_batchnorm"), what, {KEPT: lambda right: right.reshape(1, -1)}),
            *slips(("spatial_batchnorm",), what, {KEPT: lambda right: right.reshape(1, -1, 1, 1)}),
        )
    ),
    *slips(SPATIAL_CASES, "dgamma", {"sums over axis 0 alone; sum over N, H and W": dgamma(lambda a: a.sum(axis=0))}),
    *slips(
        SPATIAL_CASES,
        "dbeta",
        {
            "sums over axis 0 alone; sum over N, H and W": lambda dout: dout.sum(axis=0),
            "dout is reshaped to (N·H·W, C) with the channels not last; transpose it first": lambda dout: dout.reshape(
                -1, dout.shape[1]
            ).sum(axis=0),
        },
    ),
    *slips(TRAIN_CASES, "dgamma", {"sums over all entries; give the sum its axes": dgamma(lambda a: a.sum())}),
    *slips(TRAIN_CASES, "dbeta", {"sums over all of dout; give the sum its axes": lambda dout: dout.sum()}),
    *(
        slip
        for what in ("dgamma", "dbeta")
        for slip in (
            *slips(TRAIN_CASES, what, {"is a mean; take the sum": lambda right, dout: right * right.size / dout.size}),
            *slips(
                GROUP_CASES,
                what,
                {"the axes summed over are gone; gamma has shape (1, C, 1, 1), so keep them": lambda right: right.ravel()},
            ),
        )
    ),
)

SLIPS = (*STATES, *TEST_OUTPUTS, *PARAMETERS)
