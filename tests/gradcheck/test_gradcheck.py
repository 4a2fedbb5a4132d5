"""The numeric gradients, the relative error, and that a wrong gradient is found out."""

from dataclasses import replace

import numpy as np
import pytest

from bnlab import layers
from bnlab.cases import CASES
from bnlab.gradcheck import (
    ZERO_TOLERANCE,
    check,
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
)


@pytest.fixture
def x():
    return np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])


def test_rel_error_is_the_largest_relative_difference():
    assert rel_error(np.array([1.0, 2.0]), np.array([1.0, 3.0])) == pytest.approx(1 / 5)
    assert rel_error(np.array([1.0, -1.0]), np.array([1.0, 1.0])) == 1
    assert rel_error(np.array([1e-9]), np.array([-1e-9])) == pytest.approx(0.2)
    assert rel_error(np.zeros(3), np.zeros(3)) == 0
    assert rel_error(np.zeros(0), np.zeros(0)) == 0
    assert np.isnan(rel_error(np.array([1.0, np.nan]), np.ones(2)))


def test_gradient_of_a_scalar(x):
    np.testing.assert_allclose(eval_numerical_gradient(lambda x: np.sum(x**3), x, verbose=False), 3 * x**2, rtol=1e-8)


def test_gradient_of_an_array(x):
    df = np.arange(1.0, 7).reshape(2, 3)
    numeric = eval_numerical_gradient_array(np.square, x, df)
    np.testing.assert_allclose(numeric, 2 * x * df, rtol=1e-8)


def test_a_closure_may_ignore_its_argument(x):
    np.testing.assert_allclose(eval_numerical_gradient(lambda _: np.sum(x**2), x, verbose=False), 2 * x, rtol=1e-8)
    numeric = eval_numerical_gradient_array(lambda _: x**2, x, np.ones_like(x))
    np.testing.assert_allclose(numeric, 2 * x, rtol=1e-8)


def test_a_function_may_give_the_very_array_that_it_is_given(x):
    df = np.arange(1.0, 7).reshape(2, 3)
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda x: x, x, df), df, rtol=1e-8)


def test_differences_are_central_with_step_h(x):
    h = 0.1
    expected = ((x + h) ** 3 - (x - h) ** 3) / (2 * h)
    np.testing.assert_allclose(eval_numerical_gradient(lambda x: np.sum(x**3), x, False, h), expected, rtol=1e-12)
    numeric = eval_numerical_gradient_array(lambda x: x**3, x, np.ones_like(x), h)
    np.testing.assert_allclose(numeric, expected, rtol=1e-12)


def test_x_is_restored_to_the_last_bit(x):
    before = x.copy()
    eval_numerical_gradient(np.sum, x, verbose=False, h=0.3)
    eval_numerical_gradient_array(np.square, x, np.ones_like(x), h=0.3)
    np.testing.assert_array_equal(x, before)


def test_x_is_restored_even_where_the_function_fails(x):
    before = x.copy()

    def fails(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        eval_numerical_gradient(fails, x, verbose=False)
    with pytest.raises(RuntimeError):
        eval_numerical_gradient_array(fails, x, np.ones_like(x))
    np.testing.assert_array_equal(x, before)


def test_verbose_prints_a_line_an_entry(x, capsys):
    eval_numerical_gradient(np.sum, x, verbose=False)
    assert capsys.readouterr().out == ""
    grad = eval_numerical_gradient(np.sum, x)
    assert capsys.readouterr().out.splitlines() == [f"{index} {grad[index]}" for index in np.ndindex(2, 3)]


def broken(name, at, change):
    """The case with a backward function whose gradient `at` is changed."""
    case = CASES[name]

    def backward(dout, cache):
        gradients = list(case.backward_function(dout, cache))
        gradients[at] = change(gradients[at].copy())
        return tuple(gradients)

    return replace(case, backward_function=backward)


def test_a_wrong_entry_is_found_and_named():
    def change(dw):
        dw[2, 3] *= 1 + 1e-4
        return dw

    dx, dw, db = check(broken("affine", 1, change))
    assert (dx.ok, dw.ok, db.ok) == (True, False, True)
    assert (dw.case, dw.gradient, dw.index) == ("affine", "w", (2, 3))
    assert dw.analytic == pytest.approx(dw.numeric * (1 + 1e-4), rel=1e-7)
    assert dw.error == pytest.approx(0.5e-4, rel=1e-3)


def test_a_gradient_that_is_no_number_is_found():
    def change(db):
        db[1] = np.nan
        return db

    comparison = check(broken("affine", 2, change))[2]
    assert not comparison.ok
    assert comparison.index == (1,)


@pytest.mark.parametrize(("size", "ok"), [(ZERO_TOLERANCE / 10, True), (ZERO_TOLERANCE * 10, False)])
def test_a_zero_gradient_is_held_to_an_absolute_bound(size, ok):
    comparison = check(broken("affine_bn_relu", 2, lambda db: np.full_like(db, size)))[2]
    assert (comparison.gradient, comparison.zero, comparison.ok) == ("b", True, ok)


def test_the_wrong_backward_function_is_found():
    case = replace(CASES["layernorm"], backward_function=layers.relu_backward)
    with pytest.raises((TypeError, ValueError)):
        check(case)
    swapped = replace(CASES["batchnorm"], forward_function=layers.layernorm_forward)
    assert not all(comparison.ok for comparison in check(swapped))


def test_the_seed_decides_the_inputs():
    assert check(CASES["affine"]) == check(CASES["affine"], seed=231)
    assert check(CASES["affine"]) != check(CASES["affine"], seed=1)
