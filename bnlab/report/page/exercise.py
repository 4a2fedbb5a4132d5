"""What a class gets to find a verdict by itself: the numbers of the replicates, and what turns them into an interval."""

from __future__ import annotations

from dataclasses import dataclass

from bnlab.errors import plural
from bnlab.evidence.sentences import with_unit, without_zero
from bnlab.report.page.model import NOT_RECORDED, Claim
from bnlab.report.text import for_readers


@dataclass(frozen=True)
class Exercise:
    """What a class needs of one claim.

    what: which difference, and its unit. values: one per replicate, in the direction of the claim. t: Student's.
    least_sd: what the standard deviation is taken as, if the values have less; else empty. open: why the claim stays
    undecided, whatever the interval; empty if the interval decides.
    """

    what: str
    values: tuple[str, ...]
    t: str
    least_sd: str
    open: str


def exercise(claim: Claim) -> Exercise:
    """The exercise that a claim of `findings.json` is. Raises TypeError or ValueError if what stands there is damaged."""
    fields, values = claim.fields, claim.fields.get("values")
    t = fields.get("t")
    return Exercise(
        f"{_difference(claim)}{f', in {claim.unit}' if claim.unit else ''}",
        tuple("not finite" if value is None else _number(float(value), claim.unit) for value in values or ()),
        NOT_RECORDED if t is None else f"{float(t):.3f}",
        _least_sd(claim),
        _open(claim),
    )


def _difference(claim: Claim) -> str:
    """Which arm minus which."""
    of, against = claim.arms
    pair = (of or NOT_RECORDED, against)
    if against is None:
        return f"{pair[0]} alone"
    first, second = reversed(pair) if claim.fields.get("expected") == "lower" else pair
    return f"{first} minus {second}"


def _number(value: float, unit: str) -> str:
    """With a digit more than the findings have, so that the interval comes out as theirs."""
    return f"{value:.3f}" if unit else without_zero(f"{value:.4f}")


def _least_sd(claim: Claim) -> str:
    sd, least = claim.fields.get("sd"), claim.fields.get("least_sd")
    if sd is None or least is None or float(sd) > float(least):
        return ""
    return with_unit(f"{float(least):.2g}", claim.unit)


def _open(claim: Claim) -> str:
    missing, limits = int(claim.fields.get("missing_replicates") or 0), claim.fields.get("at_limit") or ()
    if missing:
        return f"A run failed in {missing} of {plural(int(claim.fields['look']), 'replicate')}: the claim stays undecided."
    if limits:
        curves = " and ".join(for_readers(str(limit)) for limit in limits)
        return f"With {curves} the sweep ends too early to show this number: the claim stays undecided."
    return ""
