"""The findings about a study's claims, for programs and for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from bnlab.errors import plural
from bnlab.evidence.interval import least_sd
from bnlab.evidence.judge import Finding
from bnlab.evidence.looks import ALPHA, Look
from bnlab.evidence.sentences import margin, measured, number, sentence, with_unit
from bnlab.evidence.student import critical_t
from bnlab.evidence.verdicts import FEWEST
from bnlab.lab.files import finite_or_none

HEAD = ("claim", "verdict", "mean, in the direction of the claim", "interval", "replicates", "margin")
Test = TypeVar("Test")
BAR = "\\|"
"""A bar in a cell of a table."""


def findings_json(findings: Sequence[Finding], looks: Sequence[Look], axis: str) -> dict[str, Any]:
    """The rules and the findings, in strict JSON. axis: what a sweep sweeps, in words."""
    return {
        "alpha": ALPHA,
        "tests": len(findings),
        "looks": [look._asdict() for look in looks],
        "claims": [_finding(finding, axis) for finding in findings],
    }


def _finding(finding: Finding, axis: str) -> dict[str, Any]:
    contrast, interval = finding.contrast, finding.interval
    claim = contrast.claim
    return {
        "claim": contrast.text,
        "arm": contrast.of,
        "against": contrast.against,
        "expected": claim.expected,
        "subject": contrast.subject,
        "measure": measured(finding, axis),
        "unit": claim.unit or "accuracy",
        "kind": claim.kind,
        "margin": claim.margin,
        "margin_in_words": f"{claim.kind} {margin(claim)}",
        "reason": claim.reason,
        "n": interval.n,
        "mean": finite_or_none(interval.mean),
        "low": finite_or_none(interval.low),
        "high": finite_or_none(interval.high),
        "confidence": 1 - finding.alpha,
        "t": critical_t(finding.alpha, interval.n - 1) if interval.n > 1 else None,
        "sd": finite_or_none(interval.sd),
        "least_sd": least_sd(finding.step),
        "values": [*map(finite_or_none, finding.values)],
        "means": [*map(finite_or_none, finding.means)],
        "look": finding.look,
        "missing_replicates": finding.missing,
        "at_limit": [*finding.at_limit],
        "diverged_runs": finding.diverged,
        "runs": finding.runs,
        "verdict": finding.verdict.word,
        "which": finding.verdict.detail or None,
        "deciding_replicates": finite_or_none(finding.needed),
        "sentence": sentence(finding, axis),
    }


def by_test(
    tests: Iterable[Test],
    fields: Callable[[Test], Mapping[str, Any]],
    made_with: Callable[[Test], Hashable] = lambda test: None,
) -> list[list[Test]]:
    """Findings, those together that are one claim tested on the same runs, the one with the widest interval first.

    Such runs give the same number in each replicate. fields: those of a finding in `findings.json`. made_with: what else
    the runs must have alike.
    """
    groups: dict[Hashable, list[Test]] = {}
    for test in tests:
        found = fields(test)
        same = [found["claim"], found["n"], *map(found.get, ("measure", "margin_in_words", "mean", "values"))]
        groups.setdefault((made_with(test), repr(same)), []).append(test)
    return [sorted(group, key=lambda test: _width(fields(test)), reverse=True) for group in groups.values()]


def _width(finding: Mapping[str, Any]) -> float:
    low, high = finding.get("low"), finding.get("high")
    return math.inf if low is None or high is None else high - low


def findings_markdown(document: Mapping[str, Any], said: Sequence[str]) -> str:
    """The document of `findings.json` as a page. said: the sentences below the table."""
    return "\n".join(_page(document, said)) + "\n"


def _page(document: Mapping[str, Any], said: Sequence[str]) -> Iterator[str]:
    yield f"# What {document['study']} found"
    yield ""
    claims = document["claims"]
    if claims:
        yield from _table(claims)
        yield ""
        yield rules(document)
        yield ""
    else:
        yield "There are no claims about these arms."
        yield ""
    yield from (f"- {sentence}" for sentence in said)
    if claims:
        yield ""
        yield "Margins and their reasons:"
        yield ""
        yield from (f"- {claim['claim']}: {claim['margin_in_words']}, {claim['reason']}." for claim in claims)


def _table(claims: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield _row(HEAD)
    yield _row(["---"] * len(HEAD))
    for claim in claims:
        verdict = claim["verdict"] + (f" ({claim['which']})" if claim["which"] else "")
        interval = "-" if claim["low"] is None else f"{_number(claim, 'low')} to {_number(claim, 'high')}"
        yield _row([claim["claim"], verdict, _mean(claim), interval, str(claim["n"]), claim["margin_in_words"]])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def _number(claim: Mapping[str, Any], key: str) -> str:
    return "-" if claim[key] is None else number(claim[key], _unit(claim))


def _mean(claim: Mapping[str, Any]) -> str:
    return with_unit(_number(claim, "mean"), _unit(claim))


def _unit(claim: Mapping[str, Any]) -> str:
    return "" if claim["unit"] == "accuracy" else str(claim["unit"])


def rules(document: Mapping[str, Any]) -> str:
    """How the verdicts come about, in words. document: that of `findings.json`."""
    looks = document["looks"]
    counts = ", ".join(str(look["replicates"]) for look in looks)
    when = f"{len(looks)} looks, at {counts} replicates" if len(looks) > 1 else f"one look, at {counts} replicates"
    return (
        f"Seed {document['seed']}; replicates differ in their {document['vary']}. The intervals are Student's t intervals "
        "of the paired differences, or of the numbers of a single arm. They are wide enough to hold together: with "
        f"{plural(document['tests'], 'test')} and {when}, at most {100 * document['alpha']:g} % of such studies have any "
        "wrong verdict. A claim is supported if its interval lies wholly where the claim says, and contradicted if it lies "
        f"wholly elsewhere. Otherwise it is undecided, and always with fewer than {FEWEST} replicates. Undecided means "
        "that these runs don't show whether the claim holds; it doesn't mean that there is no difference. The "
        f"{100 * document['alpha']:g} % don't cover replicates that somebody added after seeing a verdict."
    )
