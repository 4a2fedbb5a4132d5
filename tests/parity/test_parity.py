"""Layers, update rules, nets and whole trainings on other frameworks beside ours."""

import importlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bnlab import layers
from bnlab.cases import FUNCTION_CASES
from bnlab.cases.nets import NETS
from bnlab.engines import FRAMEWORKS, installed
from bnlab.optim import RULES
from bnlab.parity import differences as found_differences
from bnlab.parity.differences import SIDES, TOLERANCES, Difference, differences
from bnlab.parity.numbers import distance
from bnlab.parity.probe import probe
from bnlab.parity.trainings import Training
from bnlab.runs.spec import ENGINES

EACH = [
    pytest.param(name, marks=pytest.mark.skipif(not installed(name), reason=f"{FRAMEWORKS[name].name} isn't installed"))
    for name in SIDES
]
each_engine = pytest.mark.parametrize("engine", EACH)


def test_every_engine_on_a_framework_has_a_side():
    assert {*SIDES} == {*FRAMEWORKS} == {*ENGINES} - {"numpy"}


@each_engine
def test_every_layer_rule_and_net_is_compared_in_both_precisions_and_agrees(engine):
    rows = differences(engine)
    both_ways = {("layer", name) for name in FUNCTION_CASES} | {("net", case.name) for case in NETS}
    assert {(row.kind, row.name, row.way, row.dtype) for row in rows} >= {
        (kind, name, way, dtype) for kind, name in both_ways for way in ("forward", "backward") for dtype in TOLERANCES
    }
    assert {(row.name, row.dtype) for row in rows} >= {(rule, dtype) for rule in RULES for dtype in TOLERANCES}
    assert [row for row in rows if not row.ok] == []


@each_engine
def test_a_wrong_layer_disagrees(engine, monkeypatch):
    """The gradient of a batchnorm that takes the statistics for constants."""
    case = FUNCTION_CASES["batchnorm"]
    wrong = replace(
        case, backward_function=lambda dout, cache: layers.batchnorm_backward(dout, cache._replace(constant=True))
    )
    monkeypatch.setattr(found_differences, "FUNCTION_CASES", {"batchnorm": wrong})
    rows = [row for row in differences(engine) if row.kind == "layer"]
    assert {(row.way, row.ok) for row in rows} == {("forward", True), ("backward", False)}
    assert {row.what for row in rows if not row.ok} == {"x"}


@each_engine
def test_a_wrong_rule_disagrees(engine, monkeypatch):
    from bnlab.optim import CONVENTIONS, sgd

    monkeypatch.setitem(CONVENTIONS["notebook"], "sgd_momentum", lambda w, dw, config: sgd(w, dw, config))
    wrong = {row.name for row in differences(engine) if not row.ok}
    assert wrong == {"sgd_momentum"}


@each_engine
def test_conventions_have_the_sizes_that_they_should(engine):
    rows = {row.what: row for row in importlib.import_module(SIDES[engine]).conventions()}
    assert all(math.isfinite(row.size) and row.of for row in rows.values())
    left = [row.as_torch for row in rows.values() if row.as_torch is not None]
    assert max(left, default=0) < 1e-14
    if engine == "torch":
        assert rows["the running variance moves by the corrected one"].size == pytest.approx(50 / 49 - 1, rel=1e-4)
        assert rows["the running variance starts at 1"].size > 0.5
        assert rows["momentum's learning rate"].size > 0.01
        assert rows["RMSProp's epsilon"].size < 1e-14
    if engine == "tensorflow":
        # The running mean starts at 0 here and there, so that its momentum alone tells them apart.
        assert rows["batchnorm's momentum"].size == pytest.approx(0.99**20 - 0.9**20, rel=0.1)
        assert rows["the running variance starts at 1"].size > 0.5
        assert rows["batchnorm's epsilon"].size == pytest.approx(1 - math.sqrt(0.01001 / 0.011), rel=0.2)
        assert rows["layernorm's epsilon"].size > 0.01
        assert rows["RMSProp's epsilon"].size > 0.01
        assert rows["Adam's epsilon"].size > 0.01
        assert rows["momentum's learning rate"].size < 1e-6
    assert rows["ties in max pool"].size == 0


def test_distances():
    one = np.array([1.0, -4.0])
    assert distance(one, one) == 0
    assert distance(one, one + np.array([0, 1])) == 0.25
    assert distance(np.array([1e-9]), np.array([3e-9])) == pytest.approx(2e-9)
    assert distance(one, one[:1]) == math.inf
    assert distance(np.array([np.nan, np.inf]), np.array([np.nan, np.inf])) == 0
    assert distance(np.array([np.nan, 1.0]), np.array([1.0, 1.0])) == math.inf
    assert not Difference("torch", "layer", "relu", "forward", "float64", math.nan, "out", 1e-10).ok


def test_what_is_judged_of_a_training():
    ours, theirs = [2.0, 1.0, 1.0], [2.0 + 1e-7, 1.0 + 1e-6, 1.01]
    single, double = (Training("torch", dtype, "batchnorm", ours, theirs, True) for dtype in ("float32", "float64"))
    assert (single.ok, single.parted) == (True, 3)
    assert single.judged == pytest.approx(5e-8)
    assert not double.ok
    assert double.judged == pytest.approx(0.01)
    shorter = Training("torch", "float64", "batchnorm", ours, ours[:2], True)
    assert not shorter.ok
    assert json.loads(json.dumps(shorter.to_json()))["judged"] is None


@pytest.mark.parametrize("case", NETS, ids=lambda case: case.name)
def test_a_case_is_named_as_a_run_would_name_it(case):
    net = probe(case)
    shapes = case.build(np.dtype("float64")).params.shapes
    assert net.num_classes == 6
    assert net.net.num_layers == sum(name.startswith("W") for name in shapes)
    assert (net.net.normalization != "none") == ("gamma1" in shapes)


def test_an_infinity_hides_no_difference():
    assert distance(np.array([np.inf, 1.0]), np.array([np.inf, 2.0])) == 1
    assert distance(np.array([np.inf, 1.0]), np.array([-np.inf, 1.0])) == math.inf
    assert distance(np.zeros((0, 2)), np.zeros((0, 2))) == 0
