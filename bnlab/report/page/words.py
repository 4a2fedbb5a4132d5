"""Sentences over all studies: the count of verdicts, which studies claim nothing, and what the folder mixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bnlab.errors import plural
from bnlab.report.page.amounts import sections
from bnlab.report.page.model import VERDICTS, Book, Study
from bnlab.report.page.tested import Tested, variation


def counts(tested: Sequence[Tested]) -> str:
    """'14 supported, 3 contradicted, 5 undecided at 5 replicates'."""
    numbers = Counter(each.claim.verdict for each in tested)
    replicates = sorted({each.claim.replicates for each in tested})
    span = f"{replicates[0]} to {plural(replicates[-1], 'replicate')}"
    at = plural(replicates[0], "replicate") if len(replicates) == 1 else span
    return f"{', '.join(f'{numbers[verdict]} {verdict}' for verdict in VERDICTS)} at {at}"


def without_claims(book: Book) -> str:
    """Which studies state no claim, and which have claims that can't be read; empty if there are none, or nothing else."""
    if not book.tested:
        return ""
    silent = [study for study in book.studies if not study.claims and not study.claims_unread]
    drawn, not_drawn = ([study for study in silent if bool(study.pictures) == there] for there in (True, False))
    figures = "what it shows is in its figure" if len(drawn) == 1 else "what they show is in their figures"
    said = [_silent(drawn, f": {figures}"), _silent(not_drawn)]
    unread = [study.number for study in book.studies if study.claims_unread]
    if unread:
        said.append(f"The claims of {sections(unread)} could not be read.")
    return " ".join(filter(None, said))


def _silent(studies: Sequence[Study], more: str = "") -> str:
    """'Section 2 states no claim.'; empty if there is no such study."""
    numbers = [study.number for study in studies]
    return f"{sections(numbers).capitalize()} state{'s' * (len(numbers) == 1)} no claim{more}." if numbers else ""


def mixtures(book: Book) -> str:
    """What differs from study to study; empty if nothing does."""
    kinds = {
        "data sets": [name for study in book.studies for name in study.datasets],
        "versions of bnlab": [study.version for study in book.studies],
        "seeds": [study.seed for study in book.studies],
        "numbers of replicates": [
            str(number) for number in sorted(study.replicates for study in book.studies if study.claims)
        ],
    }
    found = [f"{kind} ({', '.join(dict.fromkeys(values))})" for kind, values in kinds.items() if len({*values}) > 1]
    varied = [study.number for study in book.studies if variation(study)]
    if varied and len(varied) < len(book.studies):
        found.append(f"studies with their own settings and variations of them ({sections(varied)})")
    if not found:
        return ""
    return f"This folder mixes {'; '.join(found)}. Each study is reported by itself, and nothing is averaged over studies."
