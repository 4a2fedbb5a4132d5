"""What the verdicts amount to, subject by subject, in sentences that are made of the claims and their verdicts alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bnlab.evidence.claims import capital
from bnlab.report.page.model import VERDICTS
from bnlab.report.page.tested import Tested
from bnlab.report.text import for_readers


class Words(NamedTuple):
    """How a verdict is said: what the runs do, the word before each claim, and the one before the last of several."""

    runs: str
    each: str
    last: str


SAID = {
    "supported": Words("support", "that", "and"),
    "contradicted": Words("contradict", "that", "or"),
    "undecided": Words("leave open", "whether", "or"),
}
DIFFER = "the verdict differs from study to study, on different runs:"
IT = "it "
CONTRADICTED = "contradicted"
NEGATIVE = re.compile(r"\b(no|not|none|never|nothing|without)\b|n't\b")
FEW = 3
"""So many claims are named even if all of them are open; more are counted, since the table names them."""


def amounts_to(tested: Sequence[Tested]) -> list[tuple[str, str]]:
    """For each subject its name, and what is supported, contradicted and open about it."""
    subjects: dict[str, list[Tested]] = {}
    for each in tested:
        subjects.setdefault(subject(each), []).append(each)
    return [(capital(name), " ".join(_sentences(name, own))) for name, own in subjects.items()]


def subject(tested: Tested) -> str:
    """What the claim says something about."""
    fields = tested.claim.fields
    return for_readers(str(fields.get("subject") or fields.get("arm") or "other claims"))


def _sentences(name: str, tested: Sequence[Tested]) -> Iterator[str]:
    claims: dict[str, list[Tested]] = {}
    for each in tested:
        claims.setdefault(each.claim.text, []).append(each)
    if len(claims) > FEW and _verdicts(tested) == {"undecided"}:
        yield f"the runs leave open all {len(claims)} claims about it."
        return
    who = "the runs"
    for verdict in VERDICTS:
        found = {_clause(text, name): _remark(own) for text, own in claims.items() if _verdicts(own) == {verdict}}
        for said in _each_said(found, verdict):
            yield f"{who} {SAID[verdict].runs} {said}."
            who = "They"
    differing = {text: own for text, own in claims.items() if len(_verdicts(own)) > 1}
    if differing:
        yield f"{DIFFER if who != 'They' else capital(DIFFER)} {'; '.join(_each_verdict(differing, name))}."


def _verdicts(tested: Iterable[Tested]) -> set[str]:
    return {each.claim.verdict for each in tested}


def _each_said(found: Mapping[str, str], verdict: str) -> Iterator[str]:
    """What follows the verb: the claims of a verdict together, and in a sentence of its own each that has a remark, or that
    is contradicted and negative itself, which is then quoted. found: the remark, or nothing, by the claim."""
    negative = {clause for clause in found if verdict == CONTRADICTED and NEGATIVE.search(clause)}
    plain = [clause for clause, remark in found.items() if not remark and clause not in negative]
    if plain:
        yield _joined(plain, SAID[verdict])
    for clause, remark in found.items():
        if clause in negative:
            yield f"“{clause}”{remark}"
        elif remark:
            yield _joined([clause], SAID[verdict]) + remark


def _remark(tested: Sequence[Tested]) -> str:
    """How a claim is contradicted, and where it is tested, if that is on several sets of runs."""
    which = dict.fromkeys(each.claim.which for each in tested if each.claim.which)
    where = [f"in {_places(each)}" for each in tested] if len(tested) > 1 else []
    said = "; ".join([*which, *([and_(where)] if where else [])])
    return f" ({said})" if said else ""


def _each_verdict(claims: Mapping[str, Sequence[Tested]], name: str) -> Iterator[str]:
    for text, tested in claims.items():
        found = ", ".join(f"{each.claim.verdict} in {_places(each)}" for each in tested)
        yield f"{_clause(text, name)} ({found})"


def _places(tested: Tested) -> str:
    return sections([study.number for study in tested.studies])


def _clause(text: str, name: str) -> str:
    """The claim as a part of a sentence about the subject, which is 'it': 'it trains faster'."""
    first, *rest = text.split(" ", 1)
    lower = first.lower() if first[1:].islower() or len(first) == 1 else first
    return re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w'-])", "it", " ".join([lower, *rest]), count=1, flags=re.IGNORECASE)


def _joined(clauses: Sequence[str], words: Words) -> str:
    """'that it trains faster and reduces overfitting; that without it, small scales don't train'."""
    about_it = [clause.removeprefix(IT) for clause in clauses if clause.startswith(IT)]
    others = [clause for clause in clauses if not clause.startswith(IT)]
    together = [IT + and_(about_it, words.last)] if about_it else []
    return "; ".join(f"{words.each} {clause}" for clause in (*together, *others))


def sections(numbers: Sequence[int]) -> str:
    """'section 1', 'sections 1 and 2'."""
    return f"section{'s' if len(numbers) > 1 else ''} {and_([str(number) for number in numbers])}"


def and_(items: Sequence[str], word: str = "and") -> str:
    """'1, 2 and 3'."""
    *first, last = items
    return f"{', '.join(first)} {word} {last}" if first else last
