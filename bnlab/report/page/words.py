"""Sentences over all studies: the count of verdicts, what they amount to, and what the folder mixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bnlab.errors import plural
from bnlab.report.page.model import VERDICTS, Book, Claim, Study

Tested = Sequence[tuple[Study, Claim]]
SAID = {
    "supported": "The runs support these claims:",
    "contradicted": "They contradict these:",
    "undecided": "They don't decide these, which doesn't mean that there is no difference:",
}
DIFFER = "On these the studies differ; one that tests more claims has wider intervals:"


def counts(tested: Tested) -> str:
    """'14 supported, 3 contradicted, 5 undecided at 5 replicates'."""
    numbers = Counter(claim.verdict for _, claim in tested)
    replicates = sorted({claim.replicates for _, claim in tested})
    span = f"{replicates[0]} to {plural(replicates[-1], 'replicate')}"
    at = plural(replicates[0], "replicate") if len(replicates) == 1 else span
    return f"{', '.join(f'{numbers[verdict]} {verdict}' for verdict in VERDICTS)} at {at}"


def by_data(book: Book) -> Iterator[tuple[str, Tested]]:
    """The claims of each data set, seed and version, and those of variations by themselves: verdicts on different things
    aren't added up. Those of one replicate aren't counted."""
    tested = [(study, claim) for study, claim in book.tested if study.replicates > 1]
    for name in dict.fromkeys(made_with(study) for study, _ in tested):
        yield name, [(study, claim) for study, claim in tested if made_with(study) == name]


def made_with(study: Study) -> str:
    """What verdicts must have alike to be added up."""
    other = ", with other settings than the study's own" * _is_variation(study)
    return f"{', '.join(study.datasets)}, seed {study.seed}, bnlab {study.version}{other}"


def amounts_to(tested: Tested) -> list[tuple[str, str]]:
    """What is supported, contradicted, left open, and what the studies don't agree on: the beginning and the end of each
    sentence."""
    verdicts: dict[str, set[str]] = {}
    for _, claim in tested:
        verdicts.setdefault(claim.text, set()).add(claim.verdict)
    listed = {SAID[verdict]: _listed(verdict, tested, verdicts) for verdict in VERDICTS}
    listed[DIFFER] = [_differing(text, tested) for text, found in verdicts.items() if len(found) > 1]
    return [(said, f"{'; '.join(items)}.") for said, items in listed.items() if items]


def _listed(verdict: str, tested: Tested, verdicts: dict[str, set[str]]) -> list[str]:
    """The claims that have this verdict in every study that tests them."""
    items: dict[str, list[int]] = {}
    for study, claim in tested:
        if verdicts[claim.text] == {verdict}:
            which = f" ({claim.which})" if claim.which else ""
            items.setdefault(_lower(claim.text) + which, []).append(study.number)
    return [text + (f" (sections {_and(numbers)})" if len(numbers) > 1 else "") for text, numbers in items.items()]


def _differing(text: str, tested: Tested) -> str:
    found = [f"{claim.verdict} in section {study.number}" for study, claim in tested if claim.text == text]
    return f"{_lower(text)} ({', '.join(found)})"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _and(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


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
    varied = [study.number for study in book.studies if _is_variation(study)]
    if varied and len(varied) < len(book.studies):
        found.append(f"studies with their own settings and variations of them ({_sections(varied)})")
    if not found:
        return ""
    return f"This folder mixes {'; '.join(found)}. Each study is reported by itself, and nothing is averaged over studies."


def _is_variation(study: Study) -> bool:
    return any(key not in ("seed", "replicates", "data.dataset") and not key.startswith("arms.") for key in study.changed)


def _sections(numbers: Sequence[int]) -> str:
    return f"section{'s' if len(numbers) > 1 else ''} {_and(numbers)}"
