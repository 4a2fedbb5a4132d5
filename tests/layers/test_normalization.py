"""Batch and layer normalization: the formulas, the running statistics, the two modes."""

import numpy as np
import pytest

from bnlab.layers import (
    affine_bn_relu_forward,
    affine_forward,
    affine_ln_relu_forward,
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    relu_forward,
)


def drawn(n=6, d=4, dtype=np.float64):
    """x, gamma, beta, dout."""
    rng = np.random.RandomState(231)
    return [array.astype(dtype) for array in (3 * rng.randn(n, d) + 2, rng.randn(d), rng.randn(d), rng.randn(n, d))]


def normalized(x, axis, eps=1e-5):
    return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(x.var(axis=axis, keepdims=True) + eps)


@pytest.mark.parametrize("param", [{}, {"eps": 0.3}], ids=str)
def test_batchnorm_normalizes_columns_in_training(param):
    x, gamma, beta, _ = drawn()
    out, _ = batchnorm_forward(x, gamma, beta, {"mode": "train", **param})
    np.testing.assert_allclose(out, gamma * normalized(x, 0, **param) + beta, rtol=1e-12)


@pytest.mark.parametrize("param", [{}, {"eps": 0.3}, {"mode": "train"}, {"mode": "test"}], ids=str)
def test_layernorm_normalizes_rows_in_any_mode(param):
    x, gamma, beta, _ = drawn()
    out, _ = layernorm_forward(x, gamma, beta, dict(param))
    np.testing.assert_allclose(out, gamma * normalized(x, 1, param.get("eps", 1e-5)) + beta, rtol=1e-12)


def test_layernorm_does_not_see_the_rest_of_the_batch():
    x, gamma, beta, _ = drawn()
    together, _ = layernorm_forward(x, gamma, beta, {})
    alone = [layernorm_forward(x[n : n + 1], gamma, beta, {})[0][0] for n in range(len(x))]
    np.testing.assert_allclose(together, alone, rtol=1e-13)


def test_running_statistics_start_at_zeros_and_move_with_the_uncorrected_variance():
    x, gamma, beta, _ = drawn()
    param = {"mode": "train"}
    batchnorm_forward(x, gamma, beta, param)
    np.testing.assert_allclose(param["running_mean"], 0.1 * x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(param["running_var"], 0.1 * x.var(axis=0), rtol=1e-12)
    batchnorm_forward(x**2, gamma, beta, param)
    np.testing.assert_allclose(param["running_mean"], 0.09 * x.mean(axis=0) + 0.1 * (x**2).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(param["running_var"], 0.09 * x.var(axis=0) + 0.1 * (x**2).var(axis=0), rtol=1e-12)


def test_momentum_is_the_share_of_the_old_value():
    x, gamma, beta, _ = drawn()
    mean, var = np.arange(4.0), np.arange(4.0, 8)
    given = {"running_mean": mean.copy(), "running_var": var.copy()}
    param = {"mode": "train", "momentum": 0.75, **given}
    batchnorm_forward(x, gamma, beta, param)
    np.testing.assert_allclose(param["running_mean"], 0.75 * mean + 0.25 * x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(param["running_var"], 0.75 * var + 0.25 * x.var(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(given["running_mean"], mean)
    np.testing.assert_array_equal(given["running_var"], var)


@pytest.mark.parametrize("mode", ["train", "test"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_statistics_have_the_dtype_of_x(mode, dtype):
    x, gamma, beta, _ = drawn(dtype=dtype)
    param = {"mode": mode}
    batchnorm_forward(x, gamma, beta, param)
    assert (param["running_mean"].dtype, param["running_var"].dtype) == (dtype, dtype)
    assert mode == "train" or not np.any([param["running_mean"], param["running_var"]])


@pytest.mark.parametrize("param", [{"eps": np.float64(1e-5)}, {"momentum": np.float64(0.9)}], ids=str)
def test_a_setting_that_is_a_numpy_number_does_not_decide_the_dtype(param):
    x, gamma, beta, _ = drawn(dtype=np.float32)
    param = {"mode": "train", **param}
    out, _ = batchnorm_forward(x, gamma, beta, param)
    assert out.dtype == param["running_mean"].dtype == param["running_var"].dtype == np.float32


@pytest.mark.parametrize("backward", [batchnorm_backward, batchnorm_backward_alt])
def test_test_mode_normalizes_with_the_running_statistics_and_keeps_them(backward):
    x, gamma, beta, dout = drawn()
    mean, var = np.arange(4.0), np.arange(1.0, 5)
    param = {"mode": "test", "running_mean": mean.copy(), "running_var": var.copy(), "eps": 0.2}
    out, cache = batchnorm_forward(x, gamma, beta, param)
    xhat = (x - mean) / np.sqrt(var + 0.2)
    np.testing.assert_allclose(out, gamma * xhat + beta, rtol=1e-12)
    np.testing.assert_array_equal(param["running_mean"], mean)
    np.testing.assert_array_equal(param["running_var"], var)
    dx, dgamma, dbeta = backward(dout, cache)
    np.testing.assert_allclose(dx, dout * gamma / np.sqrt(var + 0.2), rtol=1e-12)
    np.testing.assert_allclose(dgamma, (dout * xhat).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(dbeta, dout.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("param", [{}, {"mode": "eval"}, {"mode": None}], ids=str)
def test_another_mode_is_an_error(param):
    with pytest.raises(ValueError, match=r"bn_param\['mode'\] is .*: it must be 'train' or 'test'$"):
        batchnorm_forward(*drawn()[:3], param)


@pytest.mark.parametrize(("n", "d"), [(1, 3), (2, 1), (7, 5), (100, 50)])
def test_the_closed_form_agrees_with_the_graph(n, d):
    x, gamma, beta, dout = drawn(n, d)
    _, cache = batchnorm_forward(x, gamma, beta, {"mode": "train"})
    for ours, theirs in zip(batchnorm_backward_alt(dout, cache), batchnorm_backward(dout, cache), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_batchnorm_follows_the_formula_of_its_gradient():
    x, gamma, beta, dout = drawn()
    _, cache = batchnorm_forward(x, gamma, beta, {"mode": "train"})
    xhat, g = normalized(x, 0), dout * gamma
    dx, dgamma, dbeta = batchnorm_backward(dout, cache)
    expected = (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    np.testing.assert_allclose(dx, expected, rtol=1e-11)
    np.testing.assert_allclose(dgamma, (dout * xhat).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(dbeta, dout.sum(axis=0), rtol=1e-12)


def test_layernorm_takes_means_along_rows_and_parameter_gradients_along_columns():
    x, gamma, beta, dout = drawn()
    _, cache = layernorm_forward(x, gamma, beta, {})
    xhat, g = normalized(x, 1), dout * gamma
    dx, dgamma, dbeta = layernorm_backward(dout, cache)
    spread = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    means = g.mean(axis=1, keepdims=True) + xhat * (g * xhat).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(dx, (g - means) / spread, rtol=1e-11)
    np.testing.assert_allclose(dgamma, (dout * xhat).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(dbeta, dout.sum(axis=0), rtol=1e-12)


def test_a_constant_column_gives_beta_and_no_warning():
    out, cache = batchnorm_forward(np.full((5, 2), 7.0), np.ones(2), np.array([1.0, -1.0]), {"mode": "train"})
    np.testing.assert_array_equal(out, np.tile([1, -1], (5, 1)))
    assert not batchnorm_backward(np.ones((5, 2)), cache)[0].any()


@pytest.mark.parametrize(
    ("sandwich", "norm"), [(affine_bn_relu_forward, batchnorm_forward), (affine_ln_relu_forward, layernorm_forward)]
)
def test_a_sandwich_is_affine_then_normalization_then_relu(sandwich, norm):
    x, gamma, beta, w = drawn(4, 4)
    out, _ = sandwich(x, w, beta, gamma, beta, {"mode": "train"})
    expected, _ = relu_forward(norm(affine_forward(x, w, beta)[0], gamma, beta, {"mode": "train"})[0])
    np.testing.assert_array_equal(out, expected)


def test_the_batchnorm_sandwich_keeps_its_state_in_the_param_it_was_given():
    x, gamma, beta, w = drawn(4, 4)
    param = {"mode": "train"}
    affine_bn_relu_forward(x, w, beta, gamma, beta, param)
    np.testing.assert_allclose(param["running_mean"], 0.1 * (x @ w + beta).mean(axis=0), rtol=1e-12)


def test_running_statistics_in_another_dtype_do_not_decide_that_of_the_output():
    x = np.random.RandomState(0).standard_normal((4, 3)).astype(np.float32)
    param = {"mode": "test", "running_mean": np.zeros(3), "running_var": np.ones(3)}
    out, _ = batchnorm_forward(x, np.ones(3, np.float32), np.zeros(3, np.float32), param)
    assert out.dtype == np.float32
