"""Layers made of other layers: where a part is wrong, the whole is wrong too, and that isn't its fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bnlab.gradcheck.comparison import Comparison

BATCHNORM = ("batchnorm", "batchnorm_alt", "batchnorm_test")
SPATIAL_BATCHNORM = (*BATCHNORM, "spatial_batchnorm", "spatial_batchnorm_test")
PARTS = {
    "affine_relu": ("affine", "relu"),
    "affine_bn_relu": ("affine", "relu", *BATCHNORM),
    "affine_ln_relu": ("affine", "relu", "layernorm"),
    "spatial_batchnorm": BATCHNORM,
    "spatial_batchnorm_test": BATCHNORM,
    "conv_relu": ("conv", "relu"),
    "conv_relu_pool": ("conv", "relu", "max_pool"),
    "conv_bn_relu": ("conv", "relu", *SPATIAL_BATCHNORM),
}
"""By case, those whose functions it is usually made of."""


def without_echoes(comparisons: Iterable[Comparison]) -> Iterator[Comparison]:
    """The comparisons, but where a function fails and one of its parts does too, only that it waits for the part."""
    comparisons = list(comparisons)
    failed = [comparison for comparison in comparisons if comparison.ok is False]
    waiting = {(each.case, each.function): part for each in failed if (part := _broken_part(each, failed))}
    told = set()
    for comparison in comparisons:
        function = (comparison.case, comparison.function)
        if function not in waiting:
            yield comparison
        elif function not in told:
            told.add(function)
            note = f"not checked before {waiting[function]} is mended"
            yield Comparison(comparison.case, function=comparison.function, note=note, skipped=True)


def _broken_part(comparison: Comparison, failed: Sequence[Comparison]) -> str | None:
    """The first function that failed in a part of the case; a forward pass is made of forward passes alone."""
    parts = PARTS.get(_row(comparison), ())
    broken = [each.function for each in failed if _row(each) in parts]
    if "forward" in str(comparison.function):
        broken = [name for name in broken if "forward" in str(name)]
    return next(iter(broken), None)


def _row(comparison: Comparison) -> str:
    """The name of the case's row in the table: that of a probe goes on after it."""
    return comparison.case.split()[0]
