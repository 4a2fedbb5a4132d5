"""The layers against the notebooks' printed numbers: float64, one RandomState(231) a test, draws in the order given.

Statistics were printed to eight decimals. The speed of the closed form was printed too, but says nothing about ours.
"""

import numpy as np
import pytest

from bnlab.gradcheck import eval_numerical_gradient_array, rel_error
from bnlab.layers import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)


@pytest.fixture
def rng():
    return np.random.RandomState(231)


def assert_printed(values, printed):
    np.testing.assert_allclose(values, printed, rtol=0, atol=0.5e-8)


def two_layers(X, W1, W2):
    return np.maximum(X @ W1, 0) @ W2


def forward(norm, x, gamma, beta, param, axis):
    """Means and standard deviations along the axis."""
    out, _ = norm(x, gamma, beta, param)
    return out.mean(axis=axis), out.std(axis=axis)


def test_batchnorm_forward_in_training(rng):
    a = two_layers(rng.randn(200, 50), rng.randn(50, 60), rng.randn(60, 3))
    assert_printed(a.mean(axis=0), [-2.3814598, -13.18038246, 1.91780462])
    assert_printed(a.std(axis=0), [27.18502186, 34.21455511, 37.68611762])

    means, stds = forward(batchnorm_forward, a, np.ones(3), np.zeros(3), {"mode": "train"}, axis=0)
    assert np.abs(means).max() < 1e-15
    assert_printed(stds, [0.99999999, 1.0, 1.0])

    means, stds = forward(batchnorm_forward, a, np.array([1.0, 2, 3]), np.array([11.0, 12, 13]), {"mode": "train"}, axis=0)
    assert_printed(means, [11, 12, 13])
    assert_printed(stds, [0.99999999, 1.99999999, 2.99999999])


def test_batchnorm_forward_at_test_time(rng):
    W1, W2 = rng.randn(50, 60), rng.randn(60, 3)
    param, gamma, beta = {"mode": "train"}, np.ones(3), np.zeros(3)
    for _ in range(50):
        batchnorm_forward(two_layers(rng.randn(200, 50), W1, W2), gamma, beta, param)
    param["mode"] = "test"
    means, stds = forward(batchnorm_forward, two_layers(rng.randn(200, 50), W1, W2), gamma, beta, param, axis=0)
    assert_printed(means, [-0.03927354, -0.04349152, -0.10452688])
    assert_printed(stds, [1.01531428, 1.01238373, 0.97819988])


def test_layernorm_forward(rng):
    a = two_layers(rng.randn(4, 50), rng.randn(50, 60), rng.randn(60, 3))
    assert_printed(a.mean(axis=1), [-59.06673243, -47.60782686, -43.31137368, -26.40991744])
    assert_printed(a.std(axis=1), [10.07429373, 28.39478981, 35.28360729, 4.01831507])

    means, stds = forward(layernorm_forward, a, np.ones(3), np.zeros(3), {"mode": "train"}, axis=1)
    assert np.abs(means).max() < 1e-14
    assert_printed(stds, [0.99999995, 0.99999999, 1.0, 0.99999969])

    means, stds = forward(layernorm_forward, a, np.full(3, 3.0), np.full(3, 5.0), {"mode": "train"}, axis=1)
    assert_printed(means, [5, 5, 5, 5])
    assert_printed(stds, [2.99999985, 2.99999998, 2.99999999, 2.99999907])


@pytest.mark.parametrize(
    ("norm", "backward"), [(batchnorm_forward, batchnorm_backward), (layernorm_forward, layernorm_backward)]
)
def test_numeric_gradients(norm, backward, rng):
    inputs = 5 * rng.randn(4, 5) + 12, rng.randn(5), rng.randn(5)
    dout = rng.randn(4, 5)
    analytic = backward(dout, norm(*inputs, {"mode": "train"})[1])
    for given, gradient in zip(inputs, analytic, strict=True):
        numeric = eval_numerical_gradient_array(lambda _: norm(*inputs, {"mode": "train"})[0], given, dout)
        assert rel_error(gradient, numeric) <= 1e-8


def test_the_closed_form_of_batchnorm(rng):
    inputs = 5 * rng.randn(100, 500) + 12, rng.randn(500), rng.randn(500)
    dout = rng.randn(100, 500)
    _, cache = batchnorm_forward(*inputs, {"mode": "train"})
    for graph, closed in zip(batchnorm_backward(dout, cache), batchnorm_backward_alt(dout, cache), strict=True):
        assert rel_error(graph, closed) <= 1e-11
