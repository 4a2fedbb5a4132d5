"""Findings in words: one sentence for each, never stronger than its verdict."""

from __future__ import annotations

import math

from bnlab.errors import plural
from bnlab.evidence.claims import Claim, capital
from bnlab.evidence.judge import Finding
from bnlab.evidence.verdicts import FEWEST, MOST, WITHIN

RELATIONS = {"supported": "{}", "contradicted": "not {}", "undecided": "{} or not, isn't shown"}


def sentence(finding: Finding, axis: str) -> str:
    """ "Batchnorm's best training accuracy is higher by .107 (.080 to .134, 5 paired replicates): more than .02.
    Supported."

    axis: what a sweep sweeps, in words.
    """
    claim = finding.contrast.claim
    relation = RELATIONS[finding.verdict.word].format(f"{claim.kind} {margin(claim)}")
    return f"{effect(finding, axis)}: {relation}. {_verdict(finding)}.{_diverged(finding)}"


def effect(finding: Finding, axis: str) -> str:
    """What was measured, with its interval: no verdict."""
    contrast, interval = finding.contrast, finding.interval
    who, unit = f"{capital(contrast.of)}'s {measured(finding, axis)}", finding.contrast.claim.unit
    paired = "paired replicate" if contrast.against is not None else "replicate"
    if math.isnan(interval.mean):
        return f"{who} is not known"
    low, high, mean, word = interval.low, interval.high, interval.mean, contrast.claim.expected
    if contrast.against is not None and (high < 0 or (interval.n == 1 and mean < 0)):
        low, high, mean, word = -high, -low, -mean, "lower" if word == "higher" else "higher"
    spread = f"{number(low, unit)} to {number(high, unit)}, " if interval.n > 1 else ""
    amount = f"{with_unit(number(mean, unit), unit)} ({spread}{plural(interval.n, paired)})"
    return f"{who} is {amount}" if contrast.against is None else f"{who} is {word}{_than(finding)} by {amount}"


def measured(finding: Finding, axis: str) -> str:
    """What the claim is about, in words."""
    claim = finding.contrast.claim
    numbers = [f"{100 * each:g} %" if claim.reduction.on_grid else f"{each:g}" for each in claim.arguments]
    return claim.reduction.words.format(*numbers, measure=claim.measured.words, axis=axis)


def number(value: float, unit: str = "") -> str:
    """As the sentences give numbers: accuracies with three digits and no zero before the point, '.107' and '-.020'; others
    with two digits."""
    return f"{value:.2f}" if unit else without_zero(f"{value:.3f}")


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
    """The finding as a part of the figure's title, with what its verdict leaves open."""
    contrast, claim = finding.contrast, finding.contrast.claim
    names = ("of", "against")[: len(finding.means)]
    values = {name: without_zero(f"{mean:.2f}") for name, mean in zip(names, finding.means, strict=True)}
    return claim.title.format(Arm=capital(contrast.of), arm=contrast.of, **values) + _left_open(finding)


def _left_open(finding: Finding) -> str:
    found = finding.verdict
    if found.word == "undecided":
        return " (one seed)" if finding.interval.n == 1 else " (undecided)"
    if finding.contrast.claim.kind == WITHIN:
        within = f"within {margin(finding.contrast.claim)}"
        return f" ({within})" if found.word == "supported" else f" (not {within})"
    return "" if found.word == "supported" else f" ({found.detail})"


def _than(finding: Finding) -> str:
    """The other curve, where it isn't simply the one without."""
    against = finding.contrast.against or ""
    return "" if against.startswith("no ") else f" than {against}'s"


def _verdict(finding: Finding) -> str:
    word, detail = finding.verdict
    if word != "undecided":
        return capital(word) + (f": {detail}" if detail else "")
    if finding.missing:
        return f"Undecided: {plural(finding.missing, 'replicate')} of {finding.look} lack a run that failed"
    if finding.at_limit:
        return "Undecided: the highest of the sweep still counts, so the number is at least that; extend the grid"
    if finding.interval.n < FEWEST:
        return f"Undecided: fewer than {FEWEST} replicates"
    if math.isinf(finding.needed):
        return f"Undecided; at this mean and spread not even {MOST:,} replicates would decide it"
    return f"Undecided; at this mean and spread {finding.needed:g} replicates would decide it"


def _diverged(finding: Finding) -> str:
    return f" {finding.diverged} of {plural(finding.runs, 'run')} diverged." if finding.diverged else ""
