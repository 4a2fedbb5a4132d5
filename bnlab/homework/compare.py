"""The comparisons on one pair of a user's functions: outputs with ours, gradients with the numeric ones of the user's own
forward pass. So the backward pass is checked on its own, even if the forward pass is wrong. In that case a gradient equal
to ours also passes.
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

NO_GRADIENT = ("batchnorm_test", "spatial_batchnorm_test")
"""Cases whose gradient the notebooks never take. A user's cache may be empty there."""


def compare_case(trial: Trial) -> Iterator[Comparison]:
    """The output and the running statistics, then the gradients. A Fault stands in the place of what it prevents."""
    try:
        given = trial.forward_pass()
        forward = [_compare_value(trial, what, given) for what in (trial.value, *trial.states)]
        yield from forward
        if forward[0].problem:
            return
        if not trial.repeats():
            raise Fault("gives another output for the same input: let the seed in its param dict decide it")
    except Fault as fault:
        yield _faulty(trial.case.name, trial.forward.name, fault)
        return
    if trial.backward is None or trial.case.name in NO_GRADIENT:
        return
    try:
        given |= trial.backward_pass(given["cache"])
        for what in trial.gradients:
            yield _compare_gradient(trial, what, given, sound=forward[0].ok is True)
    except Fault as fault:
        yield _faulty(trial.case.name, trial.backward.name, fault)


def compare_probe(probe: Probe, trial: Trial, fine: bool) -> Iterator[Comparison]:
    """The comparisons on the arrays of a probe.

    fine: everything before passed. If it didn't, only known slips are reported: any other difference may have the same
    cause as one before.
    """
    probing = Trial(probe.case, trial.forward, trial.backward, inputs=probe.inputs)
    given: dict[str, Any] = {}
    for what in probe.what:
        function = trial.backward if what in probing.gradients else trial.forward
        if function is None:
            continue
        comparison = _compare_probed(probe, probing, what, given, function.name)
        if comparison and (fine or comparison.slip):
            fine = fine and comparison.ok is True
            explained = comparison.ok or comparison.problem or comparison.slip
            yield comparison if explained else replace(comparison, slip=probe.text)


def _compare_probed(probe: Probe, probing: Trial, what: str, given: dict[str, Any], function: str) -> Comparison | None:
    """The comparison on one array; None for a placeholder's. The functions are run if the array isn't among those given."""
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


def _compare_value(trial: Trial, what: str, given: dict[str, Any]) -> Comparison:
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


def _compare_gradient(trial: Trial, what: str, given: dict[str, Any], sound: bool) -> Comparison:
    """sound: the forward pass is right."""
    case, name, backward = trial.case, trial.gradients[what], trial.backward or trial.forward
    bare = Comparison(case.name, gradient=name, zero=name in case.zero, function=backward.name)
    try:
        array = array_of(given[what], trial.right[what].shape)
    except Fault as fault:
        return replace(bare, problem=str(fault), slip=trial.slip(what, given, SLIPS))
    comparison = compare_gradient(bare, array, *trial.numeric(what))
    if comparison.ok:
        return comparison
    with_ours = compare_gradient(bare, array, trial.right[what], np.zeros_like(array))
    if not sound and with_ours.ok:
        return with_ours
    slip = trial.slip(what, given, SLIPS)
    return replace(comparison, slip=slip, note=None if sound or slip else f"mend {trial.forward.name} first")


def _faulty(case: str, function: str, fault: Fault) -> Comparison:
    return Comparison(case, function=function, problem=str(fault), skipped=isinstance(fault, Unwritten))
