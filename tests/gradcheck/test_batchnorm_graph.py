"""Batchnorm's computation graph: the layer's nodes, the code's formulas, and every slip found in its place."""

import inspect

import numpy as np
import pytest

from bnlab.gradcheck import TOLERANCE, batchnorm_graph
from bnlab.gradcheck.batchnorm_graph import LEAVES, NODES, PATHS, check_steps, forward, gradient_of
from bnlab.layers import batchnorm_backward, batchnorm_forward, normalization
from bnlab.layers.normalization import batchnorm_steps

SUMS = {"sum": lambda x: x.sum(axis=0)}


@pytest.fixture
def drawn():
    """The inputs by name, and an upstream gradient."""
    rng = np.random.RandomState(5)
    return {"x": 3 * rng.randn(6, 4) + 2, "gamma": rng.randn(4), "beta": rng.randn(4)}, rng.randn(6, 4)


def test_the_nodes_are_what_the_layer_computes(drawn):
    inputs, _ = drawn
    values = forward(inputs)
    out, cache = batchnorm_forward(*inputs.values(), {"mode": "train"})
    np.testing.assert_allclose(values["out"], out, rtol=1e-13)
    for name in ("centred", "inv_std", "xhat"):
        np.testing.assert_allclose(values[name], getattr(cache, name), rtol=1e-13, err_msg=name)
    np.testing.assert_allclose(values["mu"][0], inputs["x"].mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(values["var"][0], inputs["x"].var(axis=0), rtol=1e-13)


def test_the_formulas_of_the_gradients_are_what_the_code_computes(drawn):
    inputs, dout = drawn
    _, cache = batchnorm_forward(*inputs.values(), {"mode": "train"})
    dx, dgamma, dbeta = batchnorm_backward(dout, cache)
    steps = batchnorm_steps(dout, cache)._asdict()
    known = {**forward(inputs), **steps, "dout": dout, "dscaled": dout, "m": len(dout)}
    expected = {**steps, "dscaled": dout, "dx": dx, "dgamma": dgamma, "dbeta": dbeta}
    assert set(expected) == {f"d{name}" for name in (*LEAVES, *(node.name for node in NODES[:-1]))}
    for name, gradient in expected.items():
        formula = eval(gradient_of(name[1:]), SUMS, known)
        np.testing.assert_allclose(np.broadcast_to(formula, gradient.shape), gradient, rtol=1e-11, err_msg=name)
    np.testing.assert_allclose(sum(eval(gradient_of(path), SUMS, known) for path in PATHS), dx, rtol=1e-11)


def test_a_node_that_is_held_moves_what_is_made_of_it_alone(drawn):
    inputs, _ = drawn
    before = forward(inputs)
    after = forward(inputs, {"var": before["var"] + 1})
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert moved == {"var", "inv_std", "xhat", "scaled", "out"}


def test_an_edge_that_is_held_moves_its_later_node_alone(drawn):
    inputs, _ = drawn
    before = forward(inputs)
    after = forward(inputs, {("x", "mu"): inputs["x"] + 1})
    np.testing.assert_allclose(after["mu"], before["mu"] + 1)
    np.testing.assert_allclose(after["centred"], before["centred"] - 1)
    np.testing.assert_array_equal(after["x"], before["x"])


def test_every_node_but_the_output_and_every_path_is_checked_once_each_after_what_it_is_made_of():
    names = [step.node for step in check_steps()]
    assert sorted(names) == sorted((*LEAVES, *(node.name for node in NODES[:-1]), *PATHS))
    for name in set(names) - set(PATHS):
        later = [node.name for node in NODES[:-1] if name in node.edges]
        assert all(names.index(node) < names.index(name) for node in later), name


@pytest.mark.parametrize("seed", [231, 0, 1, 2])
def test_all_steps_agree_with_room(seed):
    steps = check_steps(seed)
    assert [step.node for step in steps if not step.error < TOLERANCE / 10] == []
    values = forward({"x": np.ones((4, 5)), "gamma": np.ones(5), "beta": np.ones(5)})
    assert all(step.shape == values[step.node].shape for step in steps if step.node not in PATHS)


SLIPS = {
    "gamma forgotten": ("dout * cache.gamma", "dout * 1", "xhat"),
    "xhat for centred": ("dxhat * cache.centred", "dxhat * cache.xhat", "inv_std"),
    "the half forgotten": ("-0.5 *", "-1.0 *", "var"),
    "inv_std squared": ("inv_std**3", "inv_std**2", "var"),
    "corrected variance": ("dvar / m", "dvar / (m - 1)", "squared"),
    "inv_std forgotten": ("dxhat * cache.inv_std +", "dxhat +", "path 1"),
    "path 1 missing": ("dxhat * cache.inv_std +", "", "path 1"),
    "the 2 forgotten": ("2 * dsquared", "dsquared", "path 2"),
    "path 2 missing": ("+ 2 * dsquared * cache.centred", "", "path 2"),
    "the sign of mu": ("-np.add.reduce(dcentred", "np.add.reduce(dcentred", "mu"),
    "m forgotten": ("dmu / m", "dmu", "path 3"),
    "path 3 missing": ("+ dmu / m", "", "path 3"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_code_fails_first_at_its_own_node(monkeypatch, slip):
    right, wrong, node = SLIPS[slip]
    source = inspect.getsource(batchnorm_steps)
    assert source.count(right) == 1
    scope = dict(vars(normalization))
    exec("from __future__ import annotations\n" + source.replace(right, wrong), scope)
    for module in (normalization, batchnorm_graph):
        monkeypatch.setattr(module, "batchnorm_steps", scope["batchnorm_steps"])
    failed = [step.node for step in check_steps() if not step.ok]
    assert failed[0] == node
    assert failed[-1] == "x"
