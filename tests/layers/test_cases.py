"""What every layer owes its caller: one test for each promise, over the one table of cases."""

import copy

import numpy as np
import pytest

from bnlab import layers, nets
from bnlab.cases import CASES, Case, LossCase, NetCase
from bnlab.gradcheck import TOLERANCE, check

LAYERS = {name: case for name, case in CASES.items() if not isinstance(case, LossCase | NetCase)}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_layer = pytest.mark.parametrize("case", LAYERS.values(), ids=LAYERS)


def inputs_of(case, dtype=np.float64, batch=None, seed=1):
    return case.inputs(np.random.RandomState(seed), np.dtype(dtype), batch)


def gradients_of(case, inputs):
    return case.gradients(inputs, np.random.RandomState(2))[1]


def copied(inputs):
    return {name: array.copy() for name, array in inputs.items()}


def assert_same(actual, expected):
    assert list(actual) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)


def strided(array):
    """The same values, every second entry of a wider array."""
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def reversed_in_memory(array):
    """The same values, the axes in the opposite order in memory and each running backwards."""
    backwards = (slice(None, None, -1),) * array.ndim
    return np.asfortranarray(array[backwards])[backwards]


def test_every_exported_function_has_a_case():
    exported = {getattr(layers, name) for name in layers.__all__}
    cases = [case for case in CASES.values() if isinstance(case, Case)]
    assert exported == {function for case in cases for function in (case.forward_function, case.backward_function)}


def test_every_forward_has_its_backward():
    names = set(layers.__all__)
    forwards = {name.removesuffix("_forward") for name in names if name.endswith("_forward")}
    assert forwards == {name.removesuffix("_backward") for name in names if name.endswith("_backward")}
    assert all(name in CASES for name in forwards)


def nets_of_cases():
    return [case.build(np.dtype(np.float64)) for case in CASES.values() if isinstance(case, NetCase)]


def test_every_exported_net_has_a_case():
    exported = [getattr(nets, name) for name in nets.__all__]
    classes = {net for net in exported if isinstance(net, type) and issubclass(net, nets.Net)}
    assert classes - {nets.Net} == {type(net) for net in nets_of_cases()}


def test_every_net_is_checked_plain_and_with_each_of_its_normalizations():
    checked = {(type(net).__name__, getattr(net, "normalization", None)) for net in nets_of_cases()}
    fully_connected = {("FullyConnectedNet", name) for name in (None, *nets.NORMALIZATIONS)}
    convolutional = {("ThreeLayerConvNet", name) for name in (None, *nets.SPATIAL_NORMALIZATIONS)}
    assert checked == {("TwoLayerNet", None)} | fully_connected | convolutional


def test_every_net_is_checked_with_regularization():
    assert all(net.reg > 0 for net in nets_of_cases())


@every_case
def test_the_gradient_agrees_with_the_numeric_one(case):
    comparisons = check(case)
    assert [comparison.gradient for comparison in comparisons] == list(case.arguments(case.batch))
    assert [comparison for comparison in comparisons if not comparison.ok] == []
    assert all(comparison.zero or comparison.error < TOLERANCE / 10 for comparison in comparisons)


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_that_comes_in_goes_out(case, dtype):
    inputs = inputs_of(case, dtype)
    assert case.forward(inputs).dtype == dtype
    for name, gradient in gradients_of(case, inputs).items():
        assert gradient.dtype == dtype, name


@every_case
@pytest.mark.parametrize("batch", [1, 3])
def test_gradients_have_the_shapes_of_their_arguments(case, batch):
    gradients = gradients_of(case, inputs_of(case, batch=batch))
    assert {name: gradient.shape for name, gradient in gradients.items()} == case.arguments(batch)


@every_case
def test_inputs_are_not_mutated(case):
    inputs = inputs_of(case)
    before = copied(inputs)
    case.forward(inputs)
    assert_same(inputs, before)
    gradients_of(case, inputs)
    assert_same(inputs, before)


@every_layer
def test_the_upstream_gradient_is_not_mutated(case):
    inputs = inputs_of(case)
    dout, _ = case.gradients(inputs, np.random.RandomState(2))
    np.testing.assert_array_equal(dout, np.random.RandomState(2).standard_normal(dout.shape))


@every_layer
def test_a_second_backward_pass_over_the_same_cache_gives_the_same(case):
    inputs = inputs_of(case)
    out, cache = case.call(inputs)
    dout = np.random.RandomState(3).standard_normal(out.shape)
    first, second = (np.hstack([np.ravel(g) for g in case.backward_function(dout, cache)]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("case", [case for case in LAYERS.values() if case.extra], ids=lambda case: case.name)
def test_the_settings_in_a_param_dict_are_left_alone(case):
    extra = copy.deepcopy(case.extra)
    arrays = {name: value for param in params_of(extra) for name, value in param.items() if isinstance(value, np.ndarray)}
    before = copied(arrays)
    case.forward_function(*inputs_of(case).values(), *extra)
    assert_same(arrays, before)
    for after, param in zip(params_of(extra), params_of(case.extra), strict=True):
        assert without_running(after) == without_running(param)


def params_of(extra):
    return [value for value in extra if isinstance(value, dict)]


def without_running(param):
    return {name: value for name, value in param.items() if not name.startswith("running")}


@every_case
def test_a_later_call_does_not_overwrite_what_an_earlier_one_gave(case):
    first, second = inputs_of(case, seed=1), inputs_of(case, seed=2)
    out, gradients = case.forward(first), gradients_of(case, first)
    out_before, before = out.copy(), copied(gradients)
    case.forward(second)
    gradients_of(case, second)
    np.testing.assert_array_equal(out, out_before)
    assert_same(gradients, before)


@every_layer
def test_what_becomes_of_the_output_does_not_matter_to_the_gradients(case):
    inputs = inputs_of(case)
    out, cache = case.call(inputs)
    dout = np.random.RandomState(3).standard_normal(out.shape)
    before = np.hstack([np.ravel(g) for g in case.backward_function(dout, cache)])
    out[...] = np.nan
    np.testing.assert_array_equal(np.hstack([np.ravel(g) for g in case.backward_function(dout, cache)]), before)


@every_case
def test_nothing_handed_out_shares_memory_with_an_input(case):
    inputs = inputs_of(case)
    for array in (case.forward(inputs), *gradients_of(case, inputs).values()):
        assert not any(np.shares_memory(array, given) for given in inputs.values())


@every_case
@pytest.mark.parametrize("relay", [strided, reversed_in_memory])
def test_the_layout_in_memory_does_not_matter(case, relay):
    inputs = inputs_of(case)
    relaid = {name: relay(array) for name, array in inputs.items()}
    assert not relaid["x"].flags.c_contiguous
    np.testing.assert_allclose(case.forward(relaid), case.forward(inputs), rtol=1e-12, atol=1e-14)
    expected = gradients_of(case, inputs)
    for name, gradient in gradients_of(case, relaid).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-14, err_msg=name)


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_batch_of_one_works_without_warnings(case, dtype):
    inputs = inputs_of(case, dtype, batch=1)
    assert np.isfinite(case.forward(inputs)).all()
    assert all(np.isfinite(gradient).all() for gradient in gradients_of(case, inputs).values())
