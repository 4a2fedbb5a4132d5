"""The two losses against their definitions, and the softmax at the ends of the number range."""

import math

import numpy as np
import pytest

from bnlab.layers import softmax_loss, svm_loss

F32_MAX, F64_MAX = float(np.finfo(np.float32).max), float(np.finfo(np.float64).max)


@pytest.fixture
def scores():
    rng = np.random.RandomState(231)
    return 3 * rng.randn(9, 5), rng.randint(5, size=9)


def one_hot(y, num_classes):
    return np.eye(num_classes)[y]


def test_softmax_is_the_mean_negative_log_probability(scores):
    x, y = scores
    p = np.array([[math.exp(score) / sum(map(math.exp, row)) for score in row] for row in x])
    loss, dx = softmax_loss(x, y)
    assert loss == pytest.approx(-np.mean([math.log(p[n, y[n]]) for n in range(9)]), rel=1e-13)
    np.testing.assert_allclose(dx, (p - one_hot(y, 5)) / 9, rtol=1e-12, atol=1e-16)


def test_svm_is_the_mean_sum_of_margins(scores):
    x, y = scores
    margins = [[max(0, x[n, j] - x[n, y[n]] + 1) if j != y[n] else 0 for j in range(5)] for n in range(9)]
    loss, dx = svm_loss(x, y)
    assert loss == pytest.approx(np.sum(margins) / 9, rel=1e-13)
    violated = np.array(margins) > 0
    expected = (violated - one_hot(y, 5) * violated.sum(axis=1, keepdims=True)) / 9
    assert 0 < violated.sum() < violated.size - 9
    np.testing.assert_allclose(dx, expected, rtol=1e-14)


@pytest.mark.parametrize("loss", [softmax_loss, svm_loss])
def test_scores_and_labels_are_left_alone(loss, scores):
    x, y = scores
    before = x.copy(), y.copy()
    loss(x, y)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("loss", [softmax_loss, svm_loss])
def test_a_shift_of_a_row_changes_nothing(loss, scores):
    x, y = scores
    shifted = x + np.arange(9)[:, None]
    np.testing.assert_allclose(loss(shifted, y)[0], loss(x, y)[0], rtol=1e-13)


@pytest.mark.parametrize(
    ("dtype", "top"), [(np.float32, 1e30), (np.float32, F32_MAX), (np.float64, 1e30), (np.float64, F64_MAX)]
)
class TestSoftmaxOfHugeScores:
    """Largest score: certain of it, and the loss is the distance to it, inf where the dtype can't hold that distance."""

    def test_equal_ones_share(self, dtype, top):
        for score in (top, -top):
            loss, dx = softmax_loss(np.full((2, 4), score, dtype), np.array([0, 3]))
            assert loss == pytest.approx(math.log(4), rel=1e-6)
            np.testing.assert_allclose(dx, (0.25 - one_hot([0, 3], 4)) / 2, rtol=1e-6)

    def test_the_right_one_costs_nothing(self, dtype, top):
        loss, dx = softmax_loss(np.array([[top, -top, 0], [0, -top, top]], dtype), np.array([0, 2]))
        assert loss == 0
        assert not dx.any()

    def test_the_wrong_one_costs_its_distance(self, dtype, top):
        loss, dx = softmax_loss(np.array([[top, -top, 0]], dtype), np.array([1]))
        assert loss == (np.inf if 2 * top > float(np.finfo(dtype).max) else pytest.approx(2 * top, rel=1e-6))
        assert dx.tolist() == [[1, -1, 0]]

    def test_a_mean_of_two_costs_is_no_larger_than_they_are(self, dtype, top):
        loss, dx = softmax_loss(np.array([[top, 0], [top, 0]], dtype), np.array([1, 1]))
        assert loss == pytest.approx(top, rel=1e-6)
        assert dx.tolist() == [[0.5, -0.5], [0.5, -0.5]]


def test_a_certain_softmax_has_no_loss_and_an_uncertain_one_that_of_chance():
    assert softmax_loss(np.zeros((3, 10)), np.array([1, 2, 3]))[0] == pytest.approx(math.log(10), rel=1e-15)
    assert svm_loss(np.zeros((3, 10)), np.array([1, 2, 3]))[0] == 9
    assert svm_loss(np.array([[2.0, 1.0, -5.0]]), np.array([0]))[0] == 0
