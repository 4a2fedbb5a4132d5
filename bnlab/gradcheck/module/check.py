"""The check of a user's file: its functions found, one case after the other judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from bnlab.cases import FUNCTION_CASES, Case, LossCase
from bnlab.errors import did_you_mean
from bnlab.gradcheck.module.functions import find
from bnlab.gradcheck.module.judge import NOT_ASKED, judge, judge_probe
from bnlab.gradcheck.module.loading import ModuleError, imported
from bnlab.gradcheck.module.masks import judge_mask
from bnlab.gradcheck.module.parts import without_echoes
from bnlab.gradcheck.module.probes import PROBES
from bnlab.gradcheck.module.trial import Trial
from bnlab.gradcheck.verdict import Verdict


def check_module(path: Path, names: Sequence[str] = (), seed: int = 231) -> list[Verdict]:
    """The verdicts on the functions in a Python file, for the cases named or for all.

    A function that is missing or a stub is skipped, unless its case is named. Raises ModuleError if the file can't be
    imported or has nothing to check.
    """
    with imported(path) as module:
        if not any(find(module, name) for name in _all_names()):
            raise ModuleError(f"{path} has none of the notebooks' functions: name them affine_forward, affine_backward, …")
        cases = [FUNCTION_CASES[name] for name in dict.fromkeys(names or FUNCTION_CASES)]
        judged = [verdict for case in cases for verdict in _check(case, module, seed)]
        verdicts = without_echoes(verdict for verdict in judged if not _repeated(verdict, cases))
        return [replace(each, skipped=False) if names and each.problem else each for each in verdicts]


def _check(case: Case, module: ModuleType, seed: int) -> Iterator[Verdict]:
    """All verdicts of one case; a loss is one function that is both of the pair."""
    forward_name, backward_name = _names(case)
    forward = find(module, forward_name, list(case.arguments(case.batch)))
    backward = forward if isinstance(case, LossCase) else find(module, backward_name, ["dout"])
    for name, function in {forward_name: forward, backward_name: backward}.items():
        if function is None:
            yield Verdict(case.name, function=name, problem=_missing(name, module), skipped=True)
    verdicts = []
    if forward is not None:
        trial = Trial(case, forward, backward, seed)
        verdicts = _judged(trial)
        yield from verdicts
    if backward is not None and case.name not in NOT_ASKED and backward.name not in {each.function for each in verdicts}:
        yield Verdict(case.name, function=backward.name, note="not checked before its forward pass", skipped=True)
    for function in dict.fromkeys(each for each in (forward, backward) if each):
        for name in function.changed:
            yield Verdict(
                case.name, function=function.name, problem=f"changes its argument {name} in place; work on a copy"
            )


def _judged(trial: Trial) -> list[Verdict]:
    """The case itself, then its probes. A note says that a difference is as good: that needs all the rest right."""
    verdicts = list(judge(trial))
    for probe in PROBES:
        if probe.of == trial.case.name:
            verdicts += judge_probe(probe, trial, _fine(verdicts))
    if trial.case.name == "dropout" and _fine(verdicts):
        verdicts += judge_mask(trial.forward)
    return verdicts if _fine(verdicts) else [replace(each, note=None) if each.ok else each for each in verdicts]


def _repeated(verdict: Verdict, cases: Sequence[Case]) -> bool:
    """Whether another case says the same: both backward passes of batchnorm have one forward pass."""
    is_forward = verdict.function is not None and verdict.function.startswith("batchnorm_forward")
    return verdict.case == "batchnorm_alt" and is_forward and any(case.name == "batchnorm" for case in cases)


def _fine(verdicts: list[Verdict]) -> bool:
    return all(verdict.ok is not False for verdict in verdicts)


def _names(case: Case) -> tuple[str, str]:
    return case.forward_function.__name__, case.backward_function.__name__


def _all_names() -> set[str]:
    return {name for case in FUNCTION_CASES.values() for name in _names(case)}


def _missing(name: str, module: ModuleType) -> str:
    others = [
        each for each, value in vars(module).items() if callable(value) and each.removesuffix("_naive") not in _all_names()
    ]
    return f"missing{did_you_mean(name, others)}"
