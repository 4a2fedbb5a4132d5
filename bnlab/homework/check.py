"""The check of a user's file, case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bnlab.cases import NOTEBOOK_CASES, Case, LossCase
from bnlab.gradcheck.comparison import Comparison
from bnlab.homework.compare import NO_GRADIENT, compare_case, compare_probe
from bnlab.homework.functions import UserFile, UserFunction, names_of
from bnlab.homework.loading import ModuleError, imported
from bnlab.homework.masks import check_mask
from bnlab.homework.probes import PROBES
from bnlab.homework.report import report
from bnlab.homework.trial import Trial


def check_module(path: Path | str, names: Sequence[str] = (), seed: int = 231) -> list[Comparison]:
    """The comparisons on the functions in a Python file, for the cases named or for all; in this process, with no limit.

    A function that is missing or still a placeholder is skipped, unless its case is named or its name is only misspelt.
    Raises ModuleError if the file can't be imported or has none of the functions.
    """
    return report(check_cases(path, chosen(names), seed), names)


def chosen(names: Sequence[str]) -> list[str]:
    """The names of the cases to check, each once."""
    return list(dict.fromkeys(names or NOTEBOOK_CASES))


def check_cases(
    path: Path | str,
    cases: Iterable[str],
    seed: int,
    given_up: Mapping[str, str] | None = None,
    on_call: Callable[[str], None] | None = None,
) -> Iterator[list[Comparison]]:
    """The comparisons of one case after the other. given_up, on_call: as for `UserFile`."""
    with imported(path) as module:
        file = UserFile(module, given_up, on_call)
        if not file.found:
            renames = [f"{name} to {right}" for name, right in file.misspelt.values()]
            remedy = f"rename {', '.join(renames)}" if renames else "name them affine_forward, affine_backward, ..."
            raise ModuleError(f"{path} has none of the notebooks' functions: {remedy}")
        for name in cases:
            yield [*_check(NOTEBOOK_CASES[name], file, seed)]


def _check(case: Case, file: UserFile, seed: int) -> Iterator[Comparison]:
    """All comparisons of one case."""
    forward_name, backward_name = names_of(case)
    forward = file.find(forward_name, list(case.arguments(case.batch)))
    backward = forward if isinstance(case, LossCase) else file.find(backward_name, ["dout"])
    for name, function in {forward_name: forward, backward_name: backward}.items():
        if function is None:
            yield _missing(case, name, file)
    comparisons = _compared(Trial(case, forward, backward, seed)) if forward else []
    yield from comparisons
    if backward and case.name not in NO_GRADIENT and backward.name not in {each.function for each in comparisons}:
        yield Comparison(case.name, function=backward.name, note="not checked until its forward pass works", skipped=True)
    yield from _changed_arguments(case, [function for function in (forward, backward) if function])


def _compared(trial: Trial) -> list[Comparison]:
    """The case itself, then its probes. A note that a difference does no harm counts only if the rest is right."""
    comparisons = [*compare_case(trial)]
    for probe in PROBES:
        if probe.of == trial.case.name:
            comparisons += compare_probe(probe, trial, _fine(comparisons))
    if trial.case.name == "dropout" and _fine(comparisons):
        comparisons += check_mask(trial.forward)
    return comparisons if _fine(comparisons) else [replace(each, note=None) if each.ok else each for each in comparisons]


def _fine(comparisons: list[Comparison]) -> bool:
    return all(comparison.ok is not False for comparison in comparisons)


def _missing(case: Case, name: str, file: UserFile) -> Comparison:
    """A missing function is skipped; one that is only misspelt fails."""
    if name not in file.misspelt:
        return Comparison(case.name, function=name, problem="missing", skipped=True)
    own_name, right = file.misspelt[name]
    return Comparison(case.name, function=name, problem=f"missing; if {own_name} is meant, rename it to {right}")


def _changed_arguments(case: Case, functions: Iterable[UserFunction]) -> Iterator[Comparison]:
    for function in dict.fromkeys(functions):
        for name in function.changed:
            yield Comparison(
                case.name, function=function.name, problem=f"changes its argument {name} in place; work on a copy"
            )
