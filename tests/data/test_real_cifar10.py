"""The official files, or the beginning of them, where BNLAB_DATA_DIR names a folder that holds them."""

import os

import pytest

from bnlab import data

FOLDERS = [os.environ["BNLAB_DATA_DIR"]] if os.environ.get("BNLAB_DATA_DIR") else []
pytestmark = pytest.mark.skipif(
    not data.describe("cifar10", FOLDERS).present, reason="BNLAB_DATA_DIR names no folder with CIFAR-10"
)


def test_the_first_record_is_a_frog():
    held = data.load("cifar10", FOLDERS, num_train=1000)
    assert held.y_train[0] == 6
    assert held.x_train[0, 0, 0, :4].tolist() == [59, 43, 50, 68]
    assert held.x_train.shape == (1000, 3, 32, 32)


def test_the_description_agrees():
    description = data.describe("cifar10", FOLDERS)
    held = data.load("cifar10", FOLDERS, num_test=description.num_test)
    assert description.problem is None
    assert (description.num_train, description.num_val) == (len(held.x_train), len(held.x_val))
    assert description.num_test == len(held.x_test)
