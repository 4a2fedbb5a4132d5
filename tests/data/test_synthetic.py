"""The images made on the spot: the same for everyone, learnable, and not too easily."""

import numpy as np
import pytest

from bnlab import data


@pytest.fixture(scope="module")
def whole():
    return data.load("synthetic", num_test=1000)


def test_shapes(whole):
    assert whole.x_train.shape == (4000, 1, 8, 8)
    assert whole.x_val.shape == whole.x_test.shape == (1000, 1, 8, 8)
    assert whole.x_train.dtype == np.uint8
    assert whole.y_train.dtype == whole.y_val.dtype == np.int64
    assert np.unique(whole.y_train).tolist() == list(range(10))


def test_the_first_images_and_the_mean_dont_depend_on_how_many(whole):
    few = data.load("synthetic", num_train=7, num_test=3)
    np.testing.assert_array_equal(few.x_train, whole.x_train[:7])
    np.testing.assert_array_equal(few.y_train, whole.y_train[:7])
    np.testing.assert_array_equal(few.x_val, whole.x_val)
    np.testing.assert_array_equal(few.x_test, whole.x_test[:3])
    np.testing.assert_array_equal(few.mean, whole.x_train.sum(axis=0, dtype=np.int64) / 4000)


def test_the_images_are_the_same_for_good(whole):
    assert whole.fingerprint == "10b24a83b4ca69e2"


def test_numpys_global_generator_is_left_alone():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    data.load("synthetic")
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_classes_can_be_told_apart_but_not_always(whole):
    arrays = whole.arrays()
    x, y = arrays["X_train"].reshape(4000, -1), arrays["y_train"]
    centres = np.stack([x[y == label].mean(axis=0) for label in range(10)])
    distances = ((arrays["X_val"].reshape(1000, 1, -1) - centres) ** 2).sum(axis=2)
    assert 0.7 < (distances.argmin(axis=1) == arrays["y_val"]).mean() < 0.9


def test_the_description():
    description = data.describe("synthetic")
    assert (description.present, description.where, description.problem) == (True, "made on the spot", None)
    assert (description.num_train, description.num_val, description.num_test) == (4000, 1000, 1000)
    assert description.image_shape == (1, 8, 8)
