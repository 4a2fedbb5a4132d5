"""Findings in words: one sentence for each, never stronger than its verdict.

A difference "is" higher if its interval lies above 0; else it "was" higher, in these replicates.
"""

from __future__ import annotations

import math

from bnlab.errors import plural
from bnlab.evidence.claims import Claim, capital
from bnlab.evidence.interval import Interval
from bnlab.evidence.judge import Finding
from bnlab.evidence.verdicts import FEWEST, MORE_THAN, MOST, WITHIN

RELATIONS = {"supported": "{}", "contradicted": "not {}", "undecided": "not clear whether {}"}
TWO_DIGITS = 0.02
"""The smallest margin that two digits of a mean can show."""


def sentence(finding: Finding, axis: str) -> str:
    """ "Batchnorm's best training accuracy is higher by .107 (.080 to .134, 5 paired replicates): more than .02.
    Supported."

    axis: what a sweep sweeps, in words.
    """
    relation = RELATIONS[finding.verdict.word].format(_claimed(finding))
    return f"{effect(finding, axis)}: {relation}. {_verdict(finding, axis)}.{_diverged(finding)}"


def effect(finding: Finding, axis: str) -> str:
    """What was measured, with its interval: no verdict."""
    contrast, interval = finding.contrast, finding.interval
    who = f"{capital(contrast.of)}'s {measured(finding, axis)}"
    if math.isnan(interval.mean):
        return f"{who} isn't known"
    if contrast.against is None:
        return f"{who} {'is' if interval.n > 1 else 'was'} {_amount(finding, interval, 'replicate')}"
    turned = _is_turned(finding)
    shown = interval._replace(mean=-interval.mean, low=-interval.high, high=-interval.low) if turned else interval
    word = contrast.claim.called(contrast.claim.is_lower != turned)
    amount = _amount(finding, shown, "paired replicate")
    return f"{who} {'is' if shown.low > 0 else 'was'} {word}{_than(finding)} by {amount}"


def _is_turned(finding: Finding) -> bool:
    """Whether the difference came out in the other direction than expected."""
    return finding.contrast.against is not None and finding.interval.mean < 0


def _amount(finding: Finding, shown: Interval, each: str) -> str:
    """'.107 (.080 to .134, 5 paired replicates)'."""
    unit = finding.contrast.claim.unit
    ends = f"{number(shown.low, unit)} to {number(shown.high, unit)}, " if shown.n > 1 else ""
    return f"{with_unit(number(shown.mean, unit), unit)} ({ends}{plural(shown.n, each)})"


def _claimed(finding: Finding) -> str:
    """What the claim says of the number: 'more than .02'; with the direction where the difference has the other one."""
    claim = finding.contrast.claim
    by = f"{claim.compared} by " if claim.kind == MORE_THAN and _is_turned(finding) else ""
    return f"{by}{claim.kind} {margin(claim)}"


def measured(finding: Finding, axis: str) -> str:
    """What the claim is about, in words."""
    claim = finding.contrast.claim
    numbers = [f"{100 * each:g} %" if claim.reduction.on_grid else f"{each:g}" for each in claim.arguments]
    return claim.reduction.words.format(*numbers, measure=claim.measured.words, axis=axis)


def number(value: float, unit: str = "") -> str:
    """As the sentences give numbers: accuracies with three digits and no zero before the point, '.107' and '-.020'; others
    with two digits."""
    return _rounded(value, 2) if unit else without_zero(_rounded(value, 3))


def _rounded(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text if float(text) else text.lstrip("-")


def with_unit(text: str, unit: str) -> str:
    """The number with its unit, if it has one: '2.60 epochs', '1 epoch'."""
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}".rstrip()


def without_zero(text: str) -> str:
    """'.5' for '0.5', '-.5' for '-0.5'."""
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def margin(claim: Claim) -> str:
    """A claim's margin with its unit, in as few digits as it takes: '.02', '1 epoch'."""
    text = f"{claim.margin:g}"
    return with_unit(text, claim.unit) if claim.unit else without_zero(text)


def part_of_title(finding: Finding) -> str:
    """The finding as a part of the figure's title, with what its verdict leaves open.

    Means have two digits; three, if the margin is below .02, since a difference of that size would be lost.
    """
    contrast, claim = finding.contrast, finding.contrast.claim
    names = ("of", "against")[: len(finding.means)]
    values = {name: _mean(mean, claim) for name, mean in zip(names, finding.means, strict=True)}
    return claim.title.format(Arm=capital(contrast.of), arm=contrast.of, **values) + _left_open(finding)


def _mean(mean: float, claim: Claim) -> str:
    if math.isnan(mean):
        return "?"
    if claim.reduction.is_logarithm:
        return f"{10**mean:.2g}"
    text = _rounded(mean, 2 if claim.margin >= TWO_DIGITS else 3)
    return text if claim.unit else without_zero(text)


def _left_open(finding: Finding) -> str:
    found = finding.verdict
    if found.word == "undecided":
        if finding.at_limit:
            return " (undecided: the grid ends there)"
        return " (one seed)" if finding.look == 1 else " (undecided)"
    if finding.contrast.claim.kind == WITHIN:
        within = f"within {margin(finding.contrast.claim)}"
        return f" ({within})" if found.word == "supported" else f" (not {within})"
    return "" if found.word == "supported" else f" ({found.detail})"


def _than(finding: Finding) -> str:
    """The other curve, where it isn't simply the one without."""
    against = finding.contrast.against or ""
    return "" if against.startswith("no ") else f" than {against}'s"


def _verdict(finding: Finding, axis: str) -> str:
    word, detail = finding.verdict
    if word != "undecided":
        return capital(word) + (f": {detail}" if detail else "")
    if finding.missing:
        return f"Undecided: a run failed in {finding.missing} of {plural(finding.look, 'replicate')}"
    if finding.at_limit:
        curves = " and ".join(finding.at_limit)
        return f"Undecided: the largest {axis} is at least the highest of the grid with {curves}; extend the grid"
    few = f": fewer than {FEWEST} replicates" if finding.interval.n < FEWEST else ""
    if finding.interval.n == 1:
        return f"Undecided{few}"
    enough = f"not even {MOST:,}" if math.isinf(finding.needed) else f"{finding.needed:,.0f}"
    return f"Undecided{few}; at this mean and spread {enough} replicates would decide it"


def _diverged(finding: Finding) -> str:
    return f" {finding.diverged} of {plural(finding.runs, 'run')} diverged." if finding.diverged else ""
