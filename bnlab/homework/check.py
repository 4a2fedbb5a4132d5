"""The check of a user's file: its functions found, one case after the other judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from bnlab.cases import FUNCTION_CASES, Case, LossCase
from bnlab.errors import did_you_mean
from bnlab.gradcheck.comparison import Comparison
from bnlab.homework.functions import find
from bnlab.homework.judge import NOT_ASKED, judge, judge_probe
from bnlab.homework.loading import ModuleError, imported
from bnlab.homework.masks import judge_mask
from bnlab.homework.parts import without_echoes
from bnlab.homework.probes import PROBES
from bnlab.homework.trial import Trial


def check_module(path: Path, names: Sequence[str] = (), seed: int = 231) -> list[Comparison]:
    """The comparisons on the functions in a Python file, for the cases named or for all.

    A function that is missing or a stub is skipped, unless its case is named. Raises ModuleError if the file can't be
    imported or has nothing to check.
    """
    with imported(path) as module:
        if not any(find(module, name) for name in _all_names()):
            raise ModuleError(f"{path} has none of the notebooks' functions: name them affine_forward, affine_backward, …")
        cases = [FUNCTION_CASES[name] for name in dict.fromkeys(names or FUNCTION_CASES)]
        judged = [comparison for case in cases for comparison in _check(case, module, seed)]
        comparisons = without_echoes(comparison for comparison in judged if not _repeated(comparison, cases))
        return [replace(each, skipped=False) if names and each.problem else each for each in comparisons]


def _check(case: Case, module: ModuleType, seed: int) -> Iterator[Comparison]:
    """All comparisons of one case; a loss is one function that is both of the pair."""
    forward_name, backward_name = _names(case)
    forward = find(module, forward_name, list(case.arguments(case.batch)))
    backward = forward if isinstance(case, LossCase) else find(module, backward_name, ["dout"])
    for name, function in {forward_name: forward, backward_name: backward}.items():
        if function is None:
            yield Comparison(case.name, function=name, problem=_missing(name, module), skipped=True)
    comparisons = []
    if forward is not None:
        trial = Trial(case, forward, backward, seed)
        comparisons = _judged(trial)
        yield from comparisons
    if backward is not None and case.name not in NOT_ASKED and backward.name not in {each.function for each in comparisons}:
        yield Comparison(case.name, function=backward.name, note="not checked before its forward pass", skipped=True)
    for function in dict.fromkeys(each for each in (forward, backward) if each):
        for name in function.changed:
            yield Comparison(
                case.name, function=function.name, problem=f"changes its argument {name} in place; work on a copy"
            )


def _judged(trial: Trial) -> list[Comparison]:
    """The case itself, then its probes. A note says that a difference is as good: that needs all the rest right."""
    comparisons = list(judge(trial))
    for probe in PROBES:
        if probe.of == trial.case.name:
            comparisons += judge_probe(probe, trial, _fine(comparisons))
    if trial.case.name == "dropout" and _fine(comparisons):
        comparisons += judge_mask(trial.forward)
    return comparisons if _fine(comparisons) else [replace(each, note=None) if each.ok else each for each in comparisons]


def _repeated(comparison: Comparison, cases: Sequence[Case]) -> bool:
    """Whether another case says the same: both backward passes of batchnorm have one forward pass."""
    is_forward = comparison.function is not None and comparison.function.startswith("batchnorm_forward")
    return comparison.case == "batchnorm_alt" and is_forward and any(case.name == "batchnorm" for case in cases)


def _fine(comparisons: list[Comparison]) -> bool:
    return all(comparison.ok is not False for comparison in comparisons)


def _names(case: Case) -> tuple[str, str]:
    return case.forward_function.__name__, case.backward_function.__name__


def _all_names() -> set[str]:
    return {name for case in FUNCTION_CASES.values() for name in _names(case)}


def _missing(name: str, module: ModuleType) -> str:
    others = [
        each for each, value in vars(module).items() if callable(value) and each.removesuffix("_naive") not in _all_names()
    ]
    return f"missing{did_you_mean(name, others)}"
