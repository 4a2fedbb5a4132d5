"""The table of slips: each is a mistake, and each is told from the others and from what is right."""

import inspect

import numpy as np
import pytest

from bnlab.cases import FUNCTION_CASES
from bnlab.homework.probes import PROBES
from bnlab.homework.slips import SLIPS, name_slip
from bnlab.homework.slips.dropout import ANOTHER_MASK
from bnlab.homework.trial import Trial

TRIALS = {name: (case, None) for name, case in FUNCTION_CASES.items()}
TRIALS |= {probe.case.name: (probe.case, probe.inputs) for probe in PROBES}
EVERY = [pytest.param(slip, case, id=f"{case} {slip.what}: {slip.text}") for slip in SLIPS for case in slip.cases]


def facts_of(name, seed, monkeypatch):
    """The facts of each array of a case, with our own arrays as the user's; in dropout's test mode with units dropped."""
    case, inputs = TRIALS[name]
    gathered = {}
    monkeypatch.setattr("bnlab.homework.trial.name_slip", lambda slips, what, facts: gathered.setdefault(what, facts))
    trial = Trial(case, None, None, seed, inputs)
    given = dict(trial.right)
    for what in trial.right:
        trial.slip(what, given, SLIPS)
    if name == "dropout_test":
        gathered["out"]["out"] = given["out"] * (np.arange(given["out"].size).reshape(given["out"].shape) % 2)
    return gathered


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("slip", "case"), EVERY)
def test_each_is_wrong_and_told_by_its_own_name(slip, case, seed, monkeypatch):
    facts = facts_of(case, seed, monkeypatch)[slip.what]
    wrong = np.asarray(slip.wrong(**{name: facts[name] for name in inspect.signature(slip.wrong).parameters}))
    assert np.isfinite(wrong).all()
    assert not slip.explains(facts)
    as_output = {"out": wrong} if slip.what == "out" else {}
    assert name_slip(SLIPS, slip.what, {**facts, "given": wrong, **as_output}) == slip.text


def test_another_mask_is_one_of_kept_and_scaled_units(monkeypatch):
    facts = facts_of("dropout", 0, monkeypatch)["out"]
    mask = np.random.RandomState(7).rand(*facts["x"].shape) < facts["p"]
    scaled = facts["x"] * mask / facts["p"]
    assert ANOTHER_MASK.explains({**facts, "given": scaled, "out": scaled})
    for out in (facts["x"] * mask, facts["x"] / facts["p"], 0 * facts["x"], facts["x"] * mask / (1 - facts["p"])):
        assert not ANOTHER_MASK.explains({**facts, "given": out, "out": out})


def test_a_slip_of_another_case_or_array_is_not_considered(monkeypatch):
    facts = facts_of("affine", 0, monkeypatch)["db"]
    facts["given"] = facts["dout"].sum(axis=1)
    assert name_slip(SLIPS, "db", facts).startswith("sums over the wrong axis")
    assert name_slip(SLIPS, "dw", facts) is None
    assert name_slip(SLIPS, "db", {**facts, "case": "layernorm"}) is None
