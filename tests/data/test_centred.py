"""Images that stay bytes give the very bits of those that don't."""

import tracemalloc

import numpy as np
import pytest

from bnlab.data import load
from bnlab.data.dataset import Dataset


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [slice(3, 9), np.array([7, 0, 7, 59])], ids=["slice", "indices"])
def test_rows_have_the_bits_of_the_whole(rows, dtype):
    held = load("fashion-mnist-mini", num_train=60, num_test=60)
    whole, lazy = held.arrays(dtype), held.lazy_arrays(dtype)
    assert lazy.keys() == whole.keys()
    for part in ("X_train", "X_val", "X_test"):
        found = lazy[part][rows]
        assert (found.dtype, lazy[part].dtype, lazy[part].shape) == (np.dtype(dtype), whole[part].dtype, whole[part].shape)
        np.testing.assert_array_equal(found, whole[part][rows])
        assert len(lazy[part]) == len(whole[part])


def test_rows_are_the_callers_own():
    images = load("fashion-mnist-mini", num_train=4).lazy_arrays("float64")["X_train"]
    images[:4][...] = 0
    assert images[:4].any()


def test_asking_for_rows_takes_no_memory_but_theirs():
    pixels, labels = np.zeros((20_000, 1, 28, 28), np.uint8), np.zeros(20_000, np.int64)
    none = pixels[:0], labels[:0]
    images = Dataset(pixels, labels, *none, *none, np.zeros((1, 28, 28))).lazy_arrays("float64")["X_train"]
    tracemalloc.start()
    images[np.arange(100)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * 100 * 784 * 8
