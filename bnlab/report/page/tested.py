"""The claims of all studies, each test once: several studies may test one claim on the same runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from bnlab.report.findings import by_test
from bnlab.report.page.model import Book, Claim, Study

NOT_TOLD = ("seed", "replicates", "data.dataset")
"""Settings that are told by themselves, or with each claim."""


@dataclass(frozen=True)
class Tested:
    """A claim tested on some runs. claim: what was found, by the widest interval. studies: all that test it on them."""

    claim: Claim
    studies: tuple[Study, ...]

    @property
    def one_replicate(self) -> bool:
        """Whether nothing is claimed."""
        return self.studies[0].replicates == 1


def counted_once(book: Book) -> list[Tested]:
    """All tests, in the page's order.

    A claim that studies test on the same runs counts once, with the wider interval: that of the study that tests more
    claims, and so is the stricter one.
    """
    groups = by_test(book.tested, lambda pair: pair[1].fields, lambda pair: made_with(pair[0]))
    return [Tested(group[0][1], tuple(sorted((study for study, _ in group), key=attrgetter("number")))) for group in groups]


def by_data(book: Book) -> Iterator[tuple[str, Sequence[Tested]]]:
    """The tests of each data set, seed, version, variation of the settings, and number of replicates: verdicts on different
    things aren't added up. The name doesn't tell the replicates. Those of one replicate aren't counted."""
    groups: dict[tuple[str, int], list[Tested]] = {}
    for each in counted_once(book):
        if not each.one_replicate:
            first = each.studies[0]
            groups.setdefault((made_with(first), first.replicates), []).append(each)
    for (name, _), tested in groups.items():
        yield name, tested


def made_with(study: Study) -> str:
    """What verdicts must have alike to be added up."""
    return ", ".join([*study.datasets, f"seed {study.seed}", f"bnlab {study.version}", *variation(study)])


def variation(study: Study) -> list[str]:
    """The settings that aren't the study's own, in words; none of its arms, which its name says."""
    return [f"{key} {value}" for key, value in study.changed.items() if key not in NOT_TOLD and not key.startswith("arms.")]
