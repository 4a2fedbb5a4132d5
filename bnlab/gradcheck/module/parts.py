"""Layers made of other layers: where a part is wrong, the whole is wrong too, and that isn't its fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bnlab.gradcheck.verdict import Verdict

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


def without_echoes(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """The verdicts, but where a function fails and one of its parts does too, only that it waits for the part."""
    verdicts = list(verdicts)
    failed = [verdict for verdict in verdicts if verdict.ok is False]
    waiting = {(each.case, each.function): part for each in failed if (part := _broken_part(each, failed))}
    told = set()
    for verdict in verdicts:
        function = (verdict.case, verdict.function)
        if function not in waiting:
            yield verdict
        elif function not in told:
            told.add(function)
            note = f"not checked before {waiting[function]} is mended"
            yield Verdict(verdict.case, function=verdict.function, note=note, skipped=True)


def _broken_part(verdict: Verdict, failed: Sequence[Verdict]) -> str | None:
    """The first function that failed in a part of the case; a forward pass is made of forward passes alone."""
    parts = PARTS.get(_row(verdict), ())
    broken = [each.function for each in failed if _row(each) in parts]
    if "forward" in str(verdict.function):
        broken = [name for name in broken if "forward" in str(name)]
    return next(iter(broken), None)


def _row(verdict: Verdict) -> str:
    """The name of the case's row in the table: that of a probe goes on after it."""
    return verdict.case.split()[0]
