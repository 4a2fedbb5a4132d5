"""The comparisons on one pair of a user's functions: outputs against ours, gradients against the numeric ones of the user's
own forward pass. So a backward pass is judged on its own, even where the forward pass before it is wrong; there a gradient
passes too that is the right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bnlab.gradcheck.comparison import Comparison, compare_gradient, compare_value
from bnlab.homework.faults import Fault, Unwritten, array_of
from bnlab.homework.probes import Probe
from bnlab.homework.slips import SLIPS
from bnlab.homework.slips.dropout import ANOTHER_MASK
from bnlab.homework.trial import Trial

NOT_ASKED = ("batchnorm_test", "spatial_batchnorm_test")
"""Cases whose gradient the notebooks never take, so that no cache need be there for it."""


def judge(trial: Trial) -> Iterator[Comparison]:
    """The output and the running statistics, then the gradients; what can't be had is told in their place."""
    try:
        given = trial.forward_pass()
        forward = [_judge_value(trial, what, given) for what in (trial.value, *trial.states)]
        yield from forward
        if forward[0].problem:
            return
        if not trial.repeats():
            raise Fault("gives another output for the same input: let the seed in its param dict decide it")
    except Fault as fault:
        yield _faulty(trial.case.name, trial.forward.name, fault)
        return
    if trial.backward is None or trial.case.name in NOT_ASKED:
        return
    try:
        given |= trial.backward_pass(given["cache"])
        for what in trial.gradients:
            yield _judge_gradient(trial, what, given, sound=forward[0].ok is True)
    except Fault as fault:
        yield _faulty(trial.case.name, trial.backward.name, fault)


def judge_probe(probe: Probe, trial: Trial, fine: bool) -> Iterator[Comparison]:
    """The comparisons on the arrays of a probe. fine: the case it goes with has passed; otherwise only slips are told,
    since all else may be the same as there."""
    probing = Trial(probe.case, trial.forward, trial.backward, inputs=probe.inputs)
    given: dict[str, Any] = {}
    for what in probe.what:
        function = trial.backward if what in probing.gradients else trial.forward
        if function is None:
            continue
        comparison = _probed(probe, probing, what, given, function.name)
        if comparison and (fine or comparison.slip):
            fine = fine and comparison.ok is True
            yield (
                comparison
                if comparison.ok or comparison.problem or comparison.slip
                else replace(comparison, slip=probe.text)
            )


def _probed(probe: Probe, probing: Trial, what: str, given: dict[str, Any], function: str) -> Comparison | None:
    """The comparison on one array, for which the functions are run if it isn't among those given; None for a stub's."""
    bare = Comparison(probe.case.name, value=what, function=function)
    try:
        with np.errstate(all="ignore"):
            if not given:
                given |= probing.forward_pass()
            if what not in given:
                given |= probing.backward_pass(given["cache"])
        array = array_of(given[what], probing.right[what].shape)
    except Unwritten:
        return None
    except Fault as fault:
        return replace(bare, value=None, problem=f"{probe.where} {fault}")
    comparison = compare_value(bare, array, probing.right[what])
    return comparison if comparison.ok else replace(comparison, slip=probing.slip(what, given, SLIPS))


def _judge_value(trial: Trial, what: str, given: dict[str, Any]) -> Comparison:
    bare = Comparison(trial.case.name, value=what, function=trial.forward.name)
    try:
        array = array_of(given[what], trial.right[what].shape)
    except Fault as fault:
        return replace(bare, problem=str(fault), slip=trial.slip(what, given, SLIPS))
    comparison = compare_value(bare, array, trial.right[what])
    if comparison.ok:
        return comparison
    if slip := trial.slip(what, given, SLIPS):
        return replace(comparison, slip=slip)
    note = trial.slip(what, given, [ANOTHER_MASK])
    return replace(compare_value(bare, array, array), note=note) if note else comparison


def _judge_gradient(trial: Trial, what: str, given: dict[str, Any], sound: bool) -> Comparison:
    case, name, backward = trial.case, trial.gradients[what], trial.backward or trial.forward
    bare = Comparison(case.name, gradient=name, zero=name in case.zero, function=backward.name)
    try:
        array = array_of(given[what], trial.right[what].shape)
    except Fault as fault:
        return replace(bare, problem=str(fault), slip=trial.slip(what, given, SLIPS))
    comparison = compare_gradient(bare, array, *trial.numeric(what))
    if comparison.ok:
        return comparison
    against_ours = compare_gradient(bare, array, trial.right[what], np.zeros_like(array))
    if not sound and against_ours.ok:
        return against_ours
    slip = trial.slip(what, given, SLIPS)
    return replace(comparison, slip=slip, note=None if sound or slip else f"mend {trial.forward.name} first")


def _faulty(case: str, function: str, fault: Fault) -> Comparison:
    return Comparison(case, function=function, problem=str(fault), skipped=isinstance(fault, Unwritten))
