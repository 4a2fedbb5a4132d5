"""The affine layer and its sandwich with a relu, and the relu alone."""

import numpy as np
import pytest

from bnlab.layers import (
    affine_backward,
    affine_forward,
    affine_relu_backward,
    affine_relu_forward,
    relu_backward,
    relu_forward,
)
from bnlab.layers.affine import affine_parameter_gradients


@pytest.fixture
def arguments():
    rng = np.random.RandomState(231)
    return rng.randn(3, 2, 4, 5), rng.randn(40, 7), rng.randn(7)


def test_an_image_is_a_row(arguments):
    x, w, b = arguments
    out, _ = affine_forward(x, w, b)
    expected = [[sum(x[n].ravel() * w[:, m]) + b[m] for m in range(7)] for n in range(3)]
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def test_dx_has_the_shape_of_x_as_it_came_in(arguments):
    x, w, b = arguments
    out, cache = affine_forward(x, w, b)
    dx, dw, db = affine_backward(np.ones_like(out), cache)
    assert (dx.shape, dw.shape, db.shape) == (x.shape, w.shape, b.shape)
    np.testing.assert_allclose(dx[1].ravel(), w.sum(axis=1), rtol=1e-12)


def test_parameter_gradients_go_into_the_arrays_given(arguments):
    out, cache = affine_forward(*arguments)
    expected = affine_backward(out, cache)[1:]
    given = np.full((40, 7), np.nan), np.full(7, np.nan)
    written = affine_parameter_gradients(out, cache, *given)
    for i in range(2):
        assert written[i] is given[i]
        np.testing.assert_array_equal(given[i], expected[i])


def test_relu_passes_what_is_above_zero():
    out, _ = relu_forward(np.array([[-2.0, -0.0], [0.0, 3.0]]))
    assert out.tolist() == [[0, 0], [0, 3]]


def test_the_gradient_of_relu_is_zero_at_zero():
    _, cache = relu_forward(np.array([-1.0, -0.0, 0.0, 1e-300]))
    assert relu_backward(np.array([5.0, 6.0, 7.0, 8.0]), cache).tolist() == [0, 0, 0, 8]


def test_the_sandwich_is_its_parts_in_order(arguments):
    out, cache = affine_relu_forward(*arguments)
    inner, affine_cache = affine_forward(*arguments)
    expected, relu_cache = relu_forward(inner)
    np.testing.assert_array_equal(out, expected)
    parts = affine_backward(relu_backward(out, relu_cache), affine_cache)
    for gradient, part in zip(affine_relu_backward(out, cache), parts, strict=True):
        np.testing.assert_array_equal(gradient, part)
