"""Claims, and which arms each is tested on.

A claim is stated before the runs: a sentence, a measure, a kind, and a margin, the smallest difference that matters, with
the reason for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Annotated, Any

from bnlab.errors import SettingsError, plural
from bnlab.evidence.measures import MEASURES, Measure
from bnlab.evidence.reductions import REDUCTIONS, Reduction
from bnlab.evidence.verdicts import KINDS
from bnlab.runs.fields import Checked, OneOf, Range

EACH = "each"
"""In `of`: each curve that there is, but the one in `against`."""


@dataclass(frozen=True)
class Claim(Checked):
    """A sentence about one curve, or about the difference of two.

    In each replicate the measure of every run of a curve is reduced to one number by `over`. The claim is about that number
    of the curve `of`. With `against` it is about the difference: `of` minus `against` if `of` is expected to be higher,
    `against` minus `of` if lower. title: its part of the figure's title, with {Arm}, {of} and {against} for the curve's
    label and the two means; empty if it has none. subject: claims that share one are summed up together. when and unless:
    the keys of a setting without which, and of one with which, it isn't tested. Raises SettingsError.
    """

    claim: Annotated[str, "the sentence; {arm} stands for the label of the curve"]
    measure: Annotated[str, OneOf(tuple(MEASURES)), "what is measured on each run"]
    kind: Annotated[str, OneOf(KINDS), "whether the difference is more than the margin, or within it on both sides"]
    margin: Annotated[float, Range(at_least=0), "the smallest difference that matters, in the measure's unit"]
    reason: Annotated[str, "why that margin"]
    of: Annotated[str, "the curve that it is about, by its label; each for all curves but `against`"] = EACH
    against: Annotated[str | None, "the curve that it is set against, by its label; null for none"] = None
    expected: Annotated[str, OneOf(("higher", "lower")), "whether `of` is expected to be higher or lower"] = "higher"
    over: Annotated[str, OneOf(tuple(REDUCTIONS)), "how the runs of a sweep become one number"] = "all"
    arguments: Annotated[tuple[float, ...], "the numbers that `over` takes"] = ()
    title: Annotated[str, "its part of the figure's title"] = ""
    subject: Annotated[str, "what it says something about; {arm} stands for the label of the curve"] = "{arm}"
    when: Annotated[str, "the key of a setting that must be true"] = ""
    unless: Annotated[str, "the key of a setting that must not be true"] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("claim", "reason"):
            # In sentences and tables they stand on one line, and others follow.
            text = " ".join(getattr(self, name).split()).rstrip(".")
            object.__setattr__(self, name, text)
            if not text:
                raise SettingsError(f"{name}: '' is not allowed: it must be a text; write a sentence")
        self._check_words()
        self._check_arguments()
        self._check_curves()

    def _check_words(self) -> None:
        try:
            marked = [part[1:] for part in Formatter().parse(self.claim) if part[1] is not None]
        except ValueError:
            marked = [(self.claim, "", None)]
        if any(part not in [("arm", "", None), ("Arm", "", None)] for part in marked):
            raise SettingsError(
                f"claim: {self.claim!r} is not allowed: the only word in braces may be {{arm}}, or {{Arm}} at the start; "
                "write other braces double"
            )

    def _check_arguments(self) -> None:
        wanted, share = self.reduction.numbers, self.reduction.allowed
        if len(self.arguments) != wanted:
            many = f"{plural(wanted, 'number')}, in a list" if wanted else "none"
            raise SettingsError(
                f"arguments: {[*self.arguments]} is not allowed: over {self.over} takes {many}; "
                f"{'give so many' if wanted else 'leave arguments out'}"
            )
        if self.reduction.of_best and not self.measured.best_is_highest:
            allowed = ", ".join(name for name, measure in MEASURES.items() if measure.best_is_highest)
            raise SettingsError(
                f"over: {self.over!r} is not allowed with {self.measure}, whose highest value isn't the best: measure "
                f"one of {allowed}"
            )
        for each in self.arguments:
            if share and not share.holds(each):
                raise SettingsError(
                    f"arguments: {each:g} is not allowed: over {self.over} takes a share {share}; give one such as 0.8"
                )

    def _check_curves(self) -> None:
        if self.against is None and self.is_lower:
            raise SettingsError(
                "expected: 'lower' is not allowed without against: a claim about one curve is about its number itself; "
                "name a curve in against, or leave expected out"
            )
        if self.against is None and self.reduction.is_logarithm:
            raise SettingsError(
                f"over: {self.over!r} is not allowed without against: its number is a logarithm; name a curve in against"
            )
        if self.against in (self.of, EACH):
            raise SettingsError(
                f"against: {self.against!r} is not allowed: it must be one curve, and not that in of; name another, or none"
            )

    @property
    def measured(self) -> Measure:
        """The measure itself."""
        return MEASURES[self.measure]

    @property
    def reduction(self) -> Reduction:
        """The reduction itself."""
        return REDUCTIONS[self.over]

    @property
    def unit(self) -> str:
        """Of the number that the claim is about; empty for accuracies."""
        return self.measured.unit if self.reduction.unit is None else self.reduction.unit

    @property
    def compared(self) -> str:
        """What the expected difference is called: 'higher', 'shorter'."""
        return self.called(self.is_lower)

    def called(self, is_lower: bool) -> str:
        """What a higher or a lower number is called: 'longer' or 'shorter' for a time."""
        return (self.reduction.compared or self.measured.compared)[is_lower]

    @property
    def is_lower(self) -> bool:
        """Whether `of` is expected to be lower."""
        return self.expected == "lower"


@dataclass(frozen=True)
class Contrast:
    """One test of a claim: on this curve, set against that one or against none."""

    claim: Claim
    of: str
    against: str | None

    @property
    def curves(self) -> tuple[str, ...]:
        """The curves that it needs."""
        return (self.of,) if self.against is None else (self.of, self.against)

    @property
    def text(self) -> str:
        """The claim's sentence, about this curve."""
        return self.claim.claim.format(arm=self.of, Arm=capital(self.of))

    @property
    def subject(self) -> str:
        """What the sentence says something about."""
        return self.claim.subject.format(arm=self.of)


def contrasts(
    claims: Sequence[Claim], curves: Mapping[str, Sequence[float]], settings: Mapping[str, Any]
) -> list[Contrast]:
    """What is tested: each claim on each pair of curves that it is about.

    curves: the values of x of each curve, by label. settings: of the study, by key. A claim is left out where its curves
    aren't there, where they don't have the x it asks for, or where its `when` or `unless` says so.
    """
    return [
        contrast
        for claim in claims
        if (not claim.when or settings[claim.when]) and not (claim.unless and settings[claim.unless])
        for contrast in _of_claim(claim, curves)
    ]


def _of_claim(claim: Claim, curves: Mapping[str, Sequence[float]]) -> Iterator[Contrast]:
    named = [curve for curve in curves if curve != claim.against] if claim.of == EACH else [claim.of]
    for of in named:
        contrast = Contrast(claim, of, claim.against)
        if all(curve in curves and claim.reduction.fits(curves[curve], *claim.arguments) for curve in contrast.curves):
            yield contrast


def capital(label: str) -> str:
    """The label as the first word of a sentence."""
    return label[:1].upper() + label[1:]
