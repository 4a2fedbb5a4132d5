"""Slips of dropout: the meaning of p, and the scaling. p is the probability of keeping a unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnlab.homework.slips.slip import Slip, slips
from bnlab.layers.types import Array

TRAIN_CASES, TEST_CASES = ("dropout",), ("dropout_test",)


def uniform(x: Array, seed: int) -> Array:
    """The notebooks' draws for the mask."""
    return np.random.RandomState(seed).random(x.shape)


def kept(out: Array) -> Any:
    """The units that the user kept, by any draws; NaN, which agrees with nothing, if all or none."""
    units = out != 0
    return np.nan if units.all() or not units.any() else units


SLIPS = (
    *slips(TRAIN_CASES, "out", {"nothing is dropped in training; out = x · mask": lambda x: x}),
    *(
        Slip(
            TRAIN_CASES,
            "out",
            "takes p for the probability of dropping; it is that of keeping, so the mask is (u < p) / p",
            wrong,
        )
        for wrong in (
            lambda x, p, seed: x * (uniform(x, seed) > p) / p,
            lambda x, p, seed: x * (uniform(x, seed) > p),
            lambda x, p, seed: x * (uniform(x, seed) < 1 - p),
            lambda x, p, out: x * kept(out) / (1 - p),
        )
    ),
    *slips(
        TRAIN_CASES,
        "out",
        {
            "the factor 1 / p is missing; the mask is (u < p) / p": lambda x, out: x * kept(out),
            "is multiplied by p, not by 1 / p; the mask is (u < p) / p": lambda x, p, out: x * kept(out) * p,
        },
    ),
    *slips(
        TRAIN_CASES,
        "dx",
        {
            "the mask is missing; dx = dout · mask": lambda dout: dout,
            "is scaled, but not masked; dx = dout · mask": lambda dout, p: dout / p,
            "the factor 1 / p is missing; it is in the mask, and dx = dout · mask": lambda dout, out: dout * kept(out),
            "the factor 1 / p is there twice; it is in the mask already": lambda dout, out, p: dout * kept(out) / p**2,
        },
    ),
    *slips(
        TEST_CASES,
        "out",
        {
            "is multiplied by p; training has scaled already, so out = x": lambda x, p: x * p,
            "units are dropped in test mode; out = x": lambda x, out: x * kept(out),
            "units are dropped in test mode, and scaled; out = x": lambda x, p, out: x * kept(out) / p,
        },
    ),
    *slips(TEST_CASES, "dx", {"is multiplied by p; in test mode dx = dout": lambda dout, p: dout * p}),
)

ANOTHER_MASK = Slip(
    TRAIN_CASES,
    "out",
    "not the mask that RandomState(seed).rand(*x.shape) gives, but as good",
    lambda x, p, out: x * kept(out) / p,
)
"""No slip: a file that draws in another way than the notebooks keeps other units, and scales them correctly."""
