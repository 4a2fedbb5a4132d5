"""What the page says, before it is HTML. Texts are plain; templates escape them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bnlab.evidence.claims import capital
from bnlab.evidence.sentences import number, with_unit
from bnlab.report.page.drawing import Drawing
from bnlab.report.page.intervals import Interval
from bnlab.report.text import for_readers

VERDICTS = ("supported", "contradicted", "undecided")
NOT_RECORDED = "not recorded"
ITS_OWN = ("seconds", "finished")
"""Facts that are each study's own, even if two happen to be the same."""
MANY_ARMS = 12
"""From so many on, the arms of a study are counted and not listed."""


def endings_in_words(endings: Mapping[str, int]) -> str:
    """How runs ended: '4 finished, 1 diverged'."""
    return ", ".join(f"{count} {status}" for status, count in endings.items())


@dataclass(frozen=True)
class Claim:
    """A claim of `findings.json` with what was found. fields: all that stands there."""

    fields: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The claim itself."""
        return self._for_readers(str(self.fields["claim"]))

    @property
    def arms(self) -> tuple[str | None, str | None]:
        """The labels of the curve that it is about, and of the other one."""
        of, against = (self.fields.get(name) and for_readers(str(self.fields[name])) for name in ("arm", "against"))
        return of, against

    def _for_readers(self, text: str) -> str:
        """The text with the labels as readers have them; other words with underscores, such as settings, keep theirs."""
        for label in filter(None, map(self.fields.get, ("arm", "against"))):
            for form in (str(label), capital(str(label))):
                text = text.replace(form, for_readers(form))
        return text

    @property
    def verdict(self) -> str:
        """supported, contradicted or undecided."""
        return str(self.fields["verdict"])

    @property
    def which(self) -> str:
        """How a claim is contradicted; empty for the others."""
        return str(self.fields.get("which") or "")

    @property
    def measure(self) -> str:
        """What was measured."""
        return str(self.fields.get("measure") or NOT_RECORDED)

    @property
    def margin(self) -> str:
        """The margin in words: 'more than .02'."""
        return str(self.fields.get("margin_in_words") or NOT_RECORDED)

    @property
    def reason(self) -> str:
        """Why that margin."""
        return str(self.fields.get("reason") or NOT_RECORDED)

    @property
    def sentence(self) -> str:
        """What was found, in a sentence."""
        return self._for_readers(str(self.fields.get("sentence") or ""))

    @property
    def alone(self) -> str:
        """What was measured in a single replicate, which decides nothing."""
        return f"{capital(self.measure)}: {self.effect} in the direction of the claim, in one replicate."

    @property
    def replicates(self) -> int:
        """How many the interval comes from."""
        return int(self.fields["n"])

    @property
    def unit(self) -> str:
        """The unit of the numbers; empty for accuracies."""
        unit = str(self.fields.get("unit") or "")
        return "" if unit == "accuracy" else unit

    @property
    def effect(self) -> str:
        """The mean difference, in the direction of the claim."""
        mean = self.fields.get("mean")
        return "not known" if mean is None else with_unit(number(float(mean), self.unit), self.unit)

    @property
    def range(self) -> str:
        """The ends of the interval."""
        low, high = self.fields.get("low"), self.fields.get("high")
        return "none" if low is None or high is None else f"{number(low, self.unit)} to {number(high, self.unit)}"

    @property
    def interval(self) -> Interval | None:
        """The interval against the margin, drawn; None if there is none."""
        mean, low, high, margin = (self.fields.get(name) for name in ("mean", "low", "high", "margin"))
        if mean is None or low is None or high is None or margin is None:
            return None
        return Interval(float(mean), float(low), float(high), float(margin), self.fields.get("kind") == "within")


@dataclass(frozen=True)
class NumberTable:
    """The numbers of a panel: what stands left, the names of the curves, and a row of texts for each place."""

    panel: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shown: str = ""
    """Which of the points these are: 'every 6th or 7th point'; empty if they are all."""


@dataclass(frozen=True)
class Picture:
    """A figure of a study. name: its file's, without ending. main: whether its title states what was found."""

    name: str
    identity: str
    drawing: Drawing
    numbers: tuple[NumberTable, ...]
    main: bool
    unread: bool = False
    """Whether the file of its numbers is missing or damaged."""


@dataclass(frozen=True)
class Arm:
    """An arm at its last check: means over the replicates, with the ends of their intervals."""

    label: str
    replicates: int
    epoch: str
    training: str
    validation: str
    endings: Mapping[str, int]

    @property
    def ended(self) -> str:
        """How its runs ended: '4 finished, 1 diverged'."""
        return endings_in_words(self.endings)


@dataclass(frozen=True)
class Study:
    """A results folder of a study."""

    folder: str
    heading: str
    study: str
    question: str
    command: str
    datasets: tuple[str, ...]
    seed: str
    replicates: int
    claims: tuple[Claim, ...]
    rules: Mapping[str, Any]
    remarks: tuple[str, ...]
    pictures: tuple[Picture, ...]
    arms: tuple[Arm, ...]
    changed: Mapping[str, str]
    provenance: Mapping[str, str]
    version: str
    number: int = 0
    unread: tuple[str, ...] = ()
    """Files of its own that are missing or damaged, so that the page can't say what stands in them."""
    claims_file: str = ""
    """The user's own claims, as YAML; empty if the command names no file of claims."""

    @property
    def computed(self) -> dict[str, str]:
        """On what, and where, it was computed."""
        return {"data set": ", ".join(self.datasets), **self.provenance}

    @property
    def anchor(self) -> str:
        """The id of its section."""
        return f"study-{self.number}"

    @property
    def claims_unread(self) -> bool:
        """Whether it may have claims that can't be shown."""
        return "findings.json" in self.unread

    @property
    def many_arms(self) -> bool:
        """Whether a row per arm would be a long table that says again what the tables of its figure say."""
        return len(self.arms) > MANY_ARMS and any(picture.main and picture.numbers for picture in self.pictures)

    @property
    def ended(self) -> str:
        """How all runs ended, arm by arm."""
        return endings_in_words(sum((Counter(arm.endings) for arm in self.arms), Counter()))


@dataclass(frozen=True)
class Check:
    """What one command computed and left in a JSON file: the published numbers beside ours, or all gradients.

    rows: as the file has them. counts: how many rows have each status. without_images: why the images were missing; empty
    if they were there. unread: whether the file is there but damaged; then all else but the picture is empty.
    """

    rows: tuple[Mapping[str, Any], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    picture: Picture | None = None
    without_images: str = ""
    command: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)
    unread: bool = False


@dataclass(frozen=True)
class Book:
    """All that a results folder holds. left_out: what is damaged or missing, and why."""

    studies: tuple[Study, ...]
    verify: Check | None = None
    gradcheck: Check | None = None
    left_out: tuple[str, ...] = field(default=())

    @property
    def tested(self) -> list[tuple[Study, Claim]]:
        """All claims, with their studies."""
        return [(study, claim) for study in self.studies for claim in study.claims]

    @property
    def shared(self) -> dict[str, str]:
        """The facts about where the studies were computed that all of them have alike; none if there is one study."""
        first, *others = [study.computed for study in self.studies] or [{}]
        alike = {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
        return {name: value for name, value in alike.items() if name not in ITS_OWN} if others else {}

    def apart(self, facts: Mapping[str, str]) -> dict[str, str]:
        """Those of these facts that aren't shared by all studies."""
        return {name: value for name, value in facts.items() if self.shared.get(name) != value}

    @property
    def counts(self) -> Counter[str]:
        """How many claims have each verdict."""
        return Counter(claim.verdict for _, claim in self.tested)
