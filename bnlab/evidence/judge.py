"""From the runs of a study to its findings: for each claim the effect, its interval and the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bnlab.evidence.claims import Claim, Contrast
from bnlab.evidence.interval import Interval, mean_interval
from bnlab.evidence.looks import ALPHA, Look
from bnlab.evidence.reductions import grid_step
from bnlab.evidence.traces import Trace, trace
from bnlab.evidence.verdicts import BELOW, Verdict, deciding_replicates, verdict
from bnlab.runs.history import History


@dataclass(frozen=True)
class Curve:
    """The runs of one curve: the values of x, ascending, and for each the traces of its runs, by replicate."""

    runs: Mapping[float, Mapping[int, Trace]]

    @property
    def xs(self) -> tuple[float, ...]:
        """Where on the curve there are arms."""
        return tuple(self.runs)

    def replicates(self) -> set[int]:
        """The replicates of which no run is missing."""
        return set.intersection(*map(set, self.runs.values()))

    def used_by(self, claim: Claim) -> Curve:
        """The part that the claim is about."""
        return Curve({x: runs for x, runs in self.runs.items() if claim.reduction.uses(x, *claim.arguments)})


class ArmRuns(NamedTuple):
    """The runs of one arm: the curve it is part of, where on it, and its finished and diverged runs."""

    curve: str
    x: float | None
    histories: Sequence[History]


def curves(arms: Iterable[ArmRuns]) -> dict[str, Curve]:
    """The curves that arms make up, by label. An arm without an x is a curve of one point."""
    points: dict[str, dict[float, dict[int, Trace]]] = {}
    for arm in arms:
        traces = {history.spec.replicate: trace(history) for history in arm.histories}
        points.setdefault(arm.curve, {})[0.0 if arm.x is None else arm.x] = traces
    return {label: Curve(dict(sorted(by_x.items()))) for label, by_x in points.items()}


@dataclass(frozen=True)
class Finding:
    """What was found about a claim.

    values: the number that the claim is about, for each replicate. interval: for their mean, of confidence 1 - alpha.
    means: of the curve `of` and of the one it is set against. look: the replicates of the look that decided it, or of the
    last one. missing: replicates of that look without all their runs. diverged: runs that diverged, of `runs` in all; only
    runs that the claim is about count. at_limit: the curves of which the sweep ends too early to show the number. step: the
    grid that the values lie on.
    """

    contrast: Contrast
    values: tuple[float, ...]
    interval: Interval
    means: tuple[float, ...]
    alpha: float
    look: int
    verdict: Verdict
    missing: int
    diverged: int
    runs: int
    at_limit: tuple[str, ...]
    step: float

    @property
    def decided(self) -> bool:
        """Whether it is supported or contradicted."""
        return self.verdict.word != "undecided"

    @property
    def needed(self) -> float:
        """How many replicates would decide the claim at the mean and spread seen; infinite for more than 10,000. NaN where
        that isn't the question: it is decided, a run failed, or the sweep ends too early."""
        if self.decided or self.missing or self.at_limit:
            return math.nan
        claim = self.contrast.claim
        return deciding_replicates(claim.kind, claim.margin, self.interval, self.alpha)


def judge(contrasts: Sequence[Contrast], curves: Mapping[str, Curve], looks: Sequence[Look]) -> list[Finding]:
    """The finding for each contrast, after these looks.

    The intervals hold for all contrasts and all looks at once: each contrast spends an equal part of its look's share of
    the 5 % (Dunn, 1961, "Multiple comparisons among means"). A claim keeps the verdict and interval of the look that
    decided it.
    """
    return [_after_looks(contrast, curves, looks, len(contrasts)) for contrast in contrasts]


def _after_looks(contrast: Contrast, curves: Mapping[str, Curve], looks: Sequence[Look], tests: int) -> Finding:
    findings = (_at_look(contrast, curves, look, ALPHA * look.share / tests) for look in looks)
    found = next(findings)
    for later in findings:
        if found.decided:
            break
        found = later
    return found


def _at_look(contrast: Contrast, curves: Mapping[str, Curve], look: Look, alpha: float) -> Finding:
    claim = contrast.claim
    taken = [curves[label].used_by(claim) for label in contrast.curves]
    complete = sorted(set(range(look.replicates)).intersection(*(curve.replicates() for curve in taken)))
    numbers = [_numbers(contrast, curve, complete) for curve in taken]
    values = _signed(contrast, numbers)
    step = _step(contrast, taken, complete)
    interval = mean_interval(values, alpha, step)
    at_limit = tuple(
        label for label, curve in zip(contrast.curves, taken, strict=True) if _at_limit(contrast, curve, complete)
    )
    missing = look.replicates - len(complete)
    found = verdict(claim.kind, claim.margin, interval) if not (missing or at_limit) else Verdict("undecided")
    if contrast.against is None and found.detail:
        found = Verdict(found.word, BELOW)
    traces = [runs[r] for curve in taken for runs in curve.runs.values() for r in complete]
    return Finding(
        contrast,
        tuple(values),
        interval,
        tuple(mean_interval(each).mean for each in numbers),
        alpha,
        look.replicates,
        found,
        missing,
        sum(each.diverged for each in traces),
        len(traces),
        at_limit,
        step,
    )


def _numbers(contrast: Contrast, curve: Curve, replicates: Sequence[int]) -> list[float]:
    """The curve's number in each replicate."""
    claim = contrast.claim
    measured = [_points(contrast, curve, r) for r in replicates]
    return [
        claim.reduction.value(points, [*measured[:i], *measured[i + 1 :]], *claim.arguments)
        for i, points in enumerate(measured)
    ]


def _points(contrast: Contrast, curve: Curve, replicate: int) -> list[tuple[float, float]]:
    value = contrast.claim.measured.value
    return [(x, value(runs[replicate])) for x, runs in curve.runs.items()]


def _signed(contrast: Contrast, numbers: Sequence[Sequence[float]]) -> list[float]:
    """The curve's own numbers, or the paired differences, positive in the direction that the claim expects."""
    if contrast.against is None:
        return [*numbers[0]]
    sign = -1 if contrast.claim.is_lower else 1
    return [sign * (of - against) for of, against in zip(*numbers, strict=True)]


def _step(contrast: Contrast, taken: Sequence[Curve], replicates: Sequence[int]) -> float:
    """The grid that the numbers lie on."""
    if contrast.claim.reduction.on_grid:
        return max(grid_step(curve.xs) for curve in taken)
    step = contrast.claim.measured.step
    return max((step(runs[r]) for curve in taken for runs in curve.runs.values() for r in replicates), default=0.0)


def _at_limit(contrast: Contrast, curve: Curve, replicates: Sequence[int]) -> bool:
    claim = contrast.claim
    return any(claim.reduction.at_limit(_points(contrast, curve, r), *claim.arguments) for r in replicates)
