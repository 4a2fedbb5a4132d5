"""Which images of the files train, validate and test, and of which ones the mean is."""

import numpy as np
import pytest

from bnlab import data
from bnlab.data import dataset


@pytest.fixture(params=[1, 10_000, 1_500_000], ids=lambda size: f"chunks of {size}")
def folder(request, tmp_path, write, colour, monkeypatch):
    """Three batches of unequal lengths, so that neither a file nor a chunk ends where the training images do."""
    monkeypatch.setattr(dataset, "CHUNK_BYTES", request.param)
    x, y = colour
    for number, rows in enumerate((slice(0, 2), slice(2, 300), slice(300, None)), start=1):
        write.binary(tmp_path / f"data_batch_{number}.bin", x[rows], y[rows])
    write.binary(tmp_path / "test_batch.bin", x[::-1][:9], y[::-1][:9])
    return tmp_path


@pytest.mark.parametrize("num_train", [None, 1, 4, 5])
def test_the_last_1000_validate_and_all_before_make_the_mean(folder, colour, num_train):
    x, y = colour
    held = data.load("cifar10", [folder], num_train=num_train)
    count = num_train or 5
    np.testing.assert_array_equal(held.x_train, x[:count])
    np.testing.assert_array_equal(held.y_train, y[:count])
    np.testing.assert_array_equal(held.x_val, x[5:])
    np.testing.assert_array_equal(held.y_val, y[5:])
    np.testing.assert_array_equal(held.mean, x[:5].astype(np.int64).sum(axis=0) / 5)
    assert held.x_test.shape == (0, 3, 32, 32)
    assert [array.dtype for array in (held.x_train, held.y_train, held.x_test, held.y_test)] == 2 * [np.uint8, np.int64]
    assert held.mean.dtype == np.float64


def test_test_images_come_from_their_own_file(folder, colour):
    x, y = colour
    held = data.load("cifar10", [folder], num_train=1, num_test=7)
    np.testing.assert_array_equal(held.x_test, x[::-1][:7])
    np.testing.assert_array_equal(held.y_test, y[::-1][:7])


def test_more_images_than_there_are(folder, fault):
    with fault("6 training images of cifar10", "there are 5"):
        data.load("cifar10", [folder], num_train=6)
    with fault("10 test images of cifar10", "there are 9"):
        data.load("cifar10", [folder], num_test=10)


@pytest.mark.parametrize("count", [1, 999, 1000])
def test_too_few_to_leave_any_for_training(count, tmp_path, write, colour, fault):
    x, y = colour
    write.binary(tmp_path / "data_batch_1.bin", x[:count], y[:count])
    with fault(f"{count:,} training images", "cifar10", "1,001"):
        data.load("cifar10", [tmp_path])
    description = data.describe("cifar10", [tmp_path])
    assert description.present
    assert "1,001" in description.problem


@pytest.mark.parametrize(("num_val", "held_out"), [(1, 1000), (999, 1000), (1000, 1000), (1003, 1003)])
def test_more_validation_images_are_held_out_if_more_are_asked_for(num_val, held_out, folder, colour):
    x, y = colour
    held = data.load("cifar10", [folder], num_val=num_val)
    np.testing.assert_array_equal(held.x_train, x[: 1005 - held_out])
    np.testing.assert_array_equal(held.x_val, x[1005 - held_out :][:num_val])
    np.testing.assert_array_equal(held.y_val, y[1005 - held_out :][:num_val])
    np.testing.assert_array_equal(held.mean, held.x_train.astype(np.int64).sum(axis=0) / (1005 - held_out))


def test_validation_images_that_leave_none_for_training(folder, fault):
    with fault("1,005 training images", "the last 1,005 are for validation", "set data.num_val below 1,005"):
        data.load("cifar10", [folder], num_val=1005)


@pytest.mark.parametrize("name", ["cifar10", "fashion-mnist-mini", "synthetic"])
def test_all_test_images(name, folder):
    assert len(data.load(name, [folder], num_train=1, num_test=None).x_test) == (9 if name == "cifar10" else 1000)
