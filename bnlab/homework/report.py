"""What is reported of all comparisons on a file: nothing twice, and nothing that only follows from something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from bnlab.gradcheck.comparison import Comparison
from bnlab.homework.parts import without_echoes


def report(found: Iterable[Sequence[Comparison]], names: Sequence[str]) -> list[Comparison]:
    """The comparisons of all cases, cleared of repeats and echoes. names: the cases that the user named, if any: there a
    function that is missing or not written fails."""
    comparisons = [*without_echoes([*_without_repeats([*chain.from_iterable(found)])])]
    comparisons = [replace(each, skipped=False) if names and each.problem else each for each in comparisons]
    return [*_with_slips_first(comparisons)]


def findings(comparisons: Iterable[Comparison]) -> list[str]:
    """A line for each thing that is wrong or worth a note: the function, the array, and what is to be said of it."""
    told = (each for each in comparisons if each.ok is False or (each.note and not each.skipped))
    return list(dict.fromkeys(f"{', '.join(filter(None, (each.function, each.what)))}: {reason(each)}" for each in told))


def reason(comparison: Comparison) -> str:
    """Why an array is wrong, or why a function wasn't checked."""
    words = filter(None, (comparison.problem, comparison.slip, comparison.note))
    return "; ".join(words) or "wrong; no known slip explains it"


def _without_repeats(comparisons: Sequence[Comparison]) -> Iterator[Comparison]:
    """Each missing function once. And batchnorm's forward pass once: it has a case for each of its two backward passes."""
    cases = {each.case for each in comparisons}
    told: set[tuple[str | None, str | None]] = set()
    for each in comparisons:
        is_forward = str(each.function).startswith("batchnorm_forward")
        in_two_cases = is_forward and each.case == "batchnorm_alt" and "batchnorm" in cases
        statement = each.function, each.problem
        if in_two_cases or statement in told:
            continue
        if str(each.problem).startswith("missing"):
            told.add(statement)
        yield each


def _with_slips_first(comparisons: Sequence[Comparison]) -> Iterator[Comparison]:
    """A difference that nothing explains may follow from a slip in the same function: a note says to mend that first."""
    slips = {each.function: each.what for each in reversed(comparisons) if each.slip}
    for each in comparisons:
        explained = each.ok is not False or each.problem or each.slip or each.note
        yield (
            each
            if explained or each.function not in slips
            else replace(each, note=f"mend the slip in {slips[each.function]} first")
        )
