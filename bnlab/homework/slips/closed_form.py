"""Slips in the last lines of a normalization's backward pass: `(m · g - Σ g - xhat · Σ g · xhat) / (m · std)` with
g = dout · gamma, and the sum of the three paths into x. One array or one factor is wrong there.
"""

from __future__ import annotations

from bnlab.homework.slips.layouts import Norm, swapped
from bnlab.homework.slips.normalization import BATCHNORM, TRAIN_CASES, Formula, norm_slips
from bnlab.layers.types import Array


def other_axis(n: Norm) -> Array:
    """Means along the other axis."""
    return n.dx(sums=swapped(n))


def sums_of_other_axis(n: Norm) -> Array:
    """Sums along the other axis, divided by the m of the right one."""
    factor = swapped(n).m / n.m
    return n.dx(factor, factor, sums=swapped(n))


FORMULAS: dict[str, tuple[Formula, ...]] = {
    "has x for xhat; it is g - mean(g) - xhat · mean(g · xhat), times 1 / sqrt(var + eps)": (
        lambda n: n.dx(outer=n.x),
        lambda n: n.dx(inner=n.x),
        lambda n: n.dx(outer=n.x, inner=n.x),
    ),
    "has x for x - mu in the path through var": (
        lambda n: n.dx(outer=n.x * n.inv_std),
        lambda n: n.dx(inner=n.x * n.inv_std),
        lambda n: n.dx(outer=n.x * n.inv_std, inner=n.x * n.inv_std),
    ),
    "has xhat for x - mu in the path through var": (lambda n: n.dx(n.inv_std),),
    "the factor 1 / sqrt(var + eps) is missing in dmu": (lambda n: n.dx(mu_path=1 / n.inv_std),),
    "the factor 1 / sqrt(var + eps) is missing in the path through xhat alone": (lambda n: n.dx(xhat_path=1 / n.inv_std),),
    "the factor m is missing at the first term; it is (m · g - Σ g - xhat · Σ g · xhat) / (m · std)": (
        lambda n: n.dx(xhat_path=1 / n.m),
    ),
    "the factor 1 / m is missing; it is (m · g - Σ g - xhat · Σ g · xhat) / (m · std)": (lambda n: n.dx() * n.m,),
    "is divided by m - 1; divide by m": (lambda n: n.dx() * (n.m / (n.m - 1)),),
}

SLIPS = (
    *(
        slip
        for text, formulas in FORMULAS.items()
        for each in formulas
        for slip in norm_slips(TRAIN_CASES, "dx", {text: each})
    ),
    *(
        slip
        for cases, text in (
            (BATCHNORM, "sums over axis 1; sum over axis 0"),
            (("layernorm",), "sums over axis 0; sum over axis 1"),
        )
        for each in (other_axis, sums_of_other_axis)
        for slip in norm_slips(cases, "dx", {text: each})
    ),
    *norm_slips(
        ("layernorm", "spatial_groupnorm"),
        "dx",
        {"gamma stands outside the means; begin with g = dout · gamma": lambda n: n.gamma * n.dx(g=n.dout)},
    ),
)
