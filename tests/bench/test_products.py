"""The products of a run, counted by hand, and its limit."""

import numpy as np
import pytest

from bnlab.bench.products import EVALUATION, FIRST, OTHERS, Product, multiply_adds, parameters, products, seconds_each
from bnlab.bench.run import ADAM, WHERE, measure_run
from bnlab.nets import FullyConnectedNet


def test_products_are_counted(make_spec):
    """60 images in batches of 20, 2 epochs: 6 iterations, and checks after 1, 3 and 6, on 60 and 700 images."""
    counted = products(make_spec(), 64, 10, 700)
    evaluated = [Product(n, *layer, "forward") for n in (60, 500, 200) for layer in ((64, 8), (8, 6), (6, 10))]
    assert counted[EVALUATION] == dict.fromkeys(evaluated, 3)
    assert counted[FIRST] == {Product(20, 64, 8, "forward"): 6, Product(20, 64, 8, "weights"): 6}
    others = [Product(20, *layer, which) for layer in ((8, 6), (6, 10)) for which in ("forward", "weights", "input")]
    assert counted[OTHERS] == dict.fromkeys(others, 6)
    forward = 64 * 8 + 8 * 6 + 6 * 10
    assert multiply_adds(counted) == 3 * 760 * forward + 6 * 20 * (2 * 64 * 8 + 3 * (8 * 6 + 6 * 10))


def test_layers_of_one_shape_are_counted_together(make_spec):
    counted = products(make_spec(hidden_dims=(8, 8, 8)), 64, 10, 100)
    assert counted[OTHERS][Product(20, 8, 8, "weights")] == 2 * 6
    assert counted[EVALUATION][Product(100, 8, 8, "forward")] == 2 * 3


@pytest.mark.parametrize("normalization", ["none", "batchnorm"])
def test_parameters_are_those_of_the_net(make_spec, normalization):
    net = FullyConnectedNet([8, 6], 64, normalization=None if normalization == "none" else normalization, rng=np.random)
    assert parameters(make_spec(normalization=normalization), 64, 10) == net.params.flat.size


def test_each_product_is_timed():
    some = [Product(4, 3, 2, which) for which in ("forward", "weights", "input")]
    timed = seconds_each([*some, *some], repeats=1)
    assert timed.keys() == {*some}
    assert min(timed.values()) > 0


def test_a_run_beside_its_limit(make_spec):
    found = measure_run(make_spec(normalization="batchnorm"), (), rounds=2)
    assert len(found["run"]) == len(found["limit"]) == 2
    assert found["limit_parts"].keys() == {EVALUATION, FIRST, OTHERS, ADAM}
    for i, whole in enumerate(found["limit"]):
        assert sum(seconds[i] for seconds in found["limit_parts"].values()) == pytest.approx(whole)
    assert min(*found["flops"], *found["bandwidth"]) > 0


def test_the_profile_finds_the_functions_that_it_sums_over(make_spec):
    found = measure_run(make_spec(num_epochs=4), (), rounds=1)["shares"]
    assert found.keys() == {*WHERE, "the rest"}
    assert sum(found.values()) == pytest.approx(1)
    assert min(found[name] for name in WHERE) > 0
