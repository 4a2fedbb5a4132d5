"""Slips of the normalizations, each written once for all of them: a layout says which axes share a statistic, and which
share a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bnlab.homework.slips.layouts import LAYOUTS, Norm, spatial_as_rows, swapped
from bnlab.homework.slips.slip import Slip, slips
from bnlab.layers.types import Array

BATCHNORM = ("batchnorm", "batchnorm_alt")
BATCH_CASES = (*BATCHNORM, "spatial_batchnorm")
ROWS_CASES = (*BATCHNORM, "layernorm")
TRAIN_CASES = (*BATCH_CASES, "layernorm", "spatial_groupnorm")
GROUP_CASES = ("spatial_groupnorm",)

Formula = Callable[[Norm], Array]


def norm_slips(cases: tuple[str, ...], what: str, table: Mapping[str, Formula]) -> tuple[Slip, ...]:
    """Slips that are formulas of a layout. Their arrays get the shape of the right one."""
    return slips(cases, what, {text: _of_facts(formula) for text, formula in table.items()})


def _of_facts(formula: Formula) -> Callable[..., Array]:
    def wrong(case: str, x: Array, gamma: Array, beta: Array, dout: Array, G: int, right: Array) -> Array:
        return formula(LAYOUTS[case](x, gamma, beta, dout, G)).reshape(right.shape)

    return wrong


def other_groups(case: str, x: Array, gamma: Array, beta: Array, dout: Array, G: int) -> Any:
    """The output if the two numbers of the reshape are exchanged."""
    return LAYOUTS[case](x, gamma, beta, dout, x.shape[1] // G).out().reshape(x.shape)


OUTPUTS = (
    *norm_slips(
        TRAIN_CASES,
        "out",
        {
            "the variance is the corrected one; divide by m, not m - 1": lambda n: n.out((n.corrected + n.eps) ** 0.5),
            "eps stands outside the root; divide by sqrt(var + eps)": lambda n: n.out(n.var**0.5 + n.eps),
            "eps is missing; divide by sqrt(var + eps)": lambda n: n.out(n.var**0.5),
            "x - mu is divided by the variance; divide by sqrt(var + eps)": lambda n: n.out(n.var + n.eps),
            "gamma and beta are missing; out = gamma · xhat + beta": lambda n: n.xhat,
            "beta is missing; out = gamma · xhat + beta": lambda n: n.gamma * n.xhat,
            "gamma is missing; out = gamma · xhat + beta": lambda n: n.xhat + n.beta,
            "the standard deviation is used as the variance; divide by sqrt(var + eps)": lambda n: n.out(
                (n.var**0.5 + n.eps) ** 0.5
            ),
            "the statistics are over all of x; give mean and var their axes": lambda n: n.over(*range(n.x.ndim)).out(),
        },
    ),
    *norm_slips(BATCHNORM, "out", {"the statistics are over axis 1; take them over axis 0": lambda n: swapped(n).out()}),
    *norm_slips(
        ("layernorm",), "out", {"the statistics are over axis 0; take them over axis 1": lambda n: swapped(n).out()}
    ),
    *norm_slips(
        ("spatial_batchnorm",),
        "out",
        {"x is reshaped to (N·H·W, C) with the channels not last; transpose it first": lambda n: spatial_as_rows(n).out()},
    ),
    *norm_slips(
        GROUP_CASES,
        "out",
        {
            "each channel has its own statistics; a group of C / G channels shares them": lambda n: n.over(3, 4).out(),
            "all channels share the statistics; only a group of C / G channels does": lambda n: n.over(1, 2, 3, 4).out(),
            "the minibatch shares the statistics; each image has its own": lambda n: n.over(0, 2, 3, 4).out(),
        },
    ),
    *slips(GROUP_CASES, "out", {"there are C / G groups of G channels; make it G groups of C / G": other_groups}),
)

OTHER_EPS = tuple(
    slip
    for eps in (1e-8, 1e-7, 1e-6, 1e-4, 1e-3)
    for slip in norm_slips(
        TRAIN_CASES,
        "out",
        {"eps isn't 1e-5, and the param dict holds none": lambda n, eps=eps: n.over(*n.statistic, eps=eps).out()},  # type: ignore[misc]
    )
)

GRADIENTS = (
    *norm_slips(
        TRAIN_CASES,
        "dx",
        {
            "the paths through var and mu are missing; x changes them too": lambda n: n.dx(var_path=0, mu_path=0),
            "the path through var is missing; x changes the variance too": lambda n: n.dx(var_path=0),
            "the path through mu is missing; x changes the mean too": lambda n: n.dx(mu_path=0),
            "gamma is missing; begin with g = dout · gamma": lambda n: n.dx(g=n.dout),
            "the factor 1 / sqrt(var + eps) is missing": lambda n: n.dx() / n.inv_std,
            "is divided by var + eps; divide by its root": lambda n: n.dx() * n.inv_std,
            "a factor 2 is missing in the path through var; d(x - mu)²/dx = 2 (x - mu)": lambda n: n.dx(var_path=0.5),
            "a factor 1/2 is missing in dvar; the exponent -1/2 comes down": lambda n: n.dx(var_path=2),
            "dvar has the wrong sign; the exponent -1/2 comes down with its sign": lambda n: n.dx(var_path=-1),
            "the power of var + eps in dvar is -1/2; it is -3/2": lambda n: n.dx(var_path=1 / n.inv_std**2),
            "the power of var + eps in dvar is -1; it is -3/2": lambda n: n.dx(var_path=1 / n.inv_std),
            "a factor 1 / m is missing in the path through var": lambda n: n.dx(var_path=n.m),
            "a factor 1 / m is missing in the path through mu": lambda n: n.dx(mu_path=n.m),
            "the factors 1 / m are missing in the paths through var and mu": lambda n: n.dx(var_path=n.m, mu_path=n.m),
            "the path through mu has the wrong sign": lambda n: n.dx(mu_path=-1),
            "divides by m - 1 in the path through var; the variance is the uncorrected one, by m": lambda n: n.dx(
                var_path=n.m / (n.m - 1)
            ),
            "eps is missing; the forward pass divides by sqrt(var + eps)": lambda n: n.over(*n.statistic, eps=0).dx(),
        },
    ),
    *(
        slip
        for cases, axis, text in (
            (BATCHNORM, 1, "m is the number of features; it is N, the size of the minibatch"),
            (("layernorm",), 0, "m is the size of the minibatch; it is D, the number of features"),
            (("spatial_batchnorm",), 0, "m is the size of the minibatch; it is N·H·W"),
        )
        for slip in norm_slips(cases, "dx", {text: lambda n, axis=axis: n.dx(*[n.m / n.x.shape[axis]] * 2)})  # type: ignore[misc]
    ),
)

SLIPS = (*OUTPUTS, *OTHER_EPS, *GRADIENTS)
