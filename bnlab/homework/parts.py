"""Layers made of other layers. If a part is wrong, the whole is wrong too, and that isn't the whole's fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bnlab.cases import NOTEBOOK_CASES
from bnlab.gradcheck.comparison import Comparison
from bnlab.homework.faults import NOT_WRITTEN
from bnlab.homework.functions import names_of

ALL_BATCHNORM = ("batchnorm", "batchnorm_alt", "batchnorm_test")
ALL_SPATIAL_BATCHNORM = (*ALL_BATCHNORM, "spatial_batchnorm", "spatial_batchnorm_test")
PARTS = {
    "affine_relu": ("affine", "relu"),
    "affine_bn_relu": ("affine", "relu", *ALL_BATCHNORM),
    "affine_ln_relu": ("affine", "relu", "layernorm"),
    "spatial_batchnorm": ALL_BATCHNORM,
    "spatial_batchnorm_test": ALL_BATCHNORM,
    "conv_relu": ("conv", "relu"),
    "conv_relu_pool": ("conv", "relu", "max_pool"),
    "conv_bn_relu": ("conv", "relu", *ALL_SPATIAL_BATCHNORM),
}
"""For each case, those whose functions it is usually made of."""


def without_echoes(comparisons: Sequence[Comparison]) -> Iterator[Comparison]:
    """The comparisons. If a function fails, and a part of it fails or isn't written, only that it waits for the part."""
    failed = [comparison for comparison in comparisons if comparison.ok is False]
    broken = [comparison for comparison in comparisons if comparison.ok is False or comparison.problem == NOT_WRITTEN]
    waiting = {(each.case, each.function): note for each in failed if (note := _waits_for(each, broken))}
    told = set()
    for comparison in comparisons:
        function = (comparison.case, comparison.function)
        if function not in waiting:
            yield comparison
        elif function not in told:
            told.add(function)
            yield Comparison(comparison.case, function=comparison.function, note=waiting[function], skipped=True)


def wholes_of(function: str) -> set[str]:
    """The functions of layers that have this one as a part; if it is a backward pass, only their backward passes."""
    cases = {name for name, case in NOTEBOOK_CASES.items() if function in names_of(case)}
    wholes = [names_of(NOTEBOOK_CASES[whole]) for whole, parts in PARTS.items() if cases.intersection(parts)]
    return {name for names in wholes for name in names if _is_forward(function) or not _is_forward(name)}


def _waits_for(comparison: Comparison, broken: Iterable[Comparison]) -> str | None:
    """What the function waits for: the first broken function of a part. A forward pass is made of forward passes alone."""
    parts = PARTS.get(_base_case(comparison), ())
    for part in broken:
        if _base_case(part) in parts and (_is_forward(part.function) or not _is_forward(comparison.function)):
            return f"not checked until {part.function} is {'written' if part.ok is None else 'mended'}"
    return None


def _base_case(comparison: Comparison) -> str:
    """The case's name in the table. A probe's name has more words after it."""
    return comparison.case.split()[0]


def _is_forward(function: str | None) -> bool:
    return "forward" in str(function)
