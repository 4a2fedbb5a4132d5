"""What a Dataset makes of its images: floats and a fingerprint."""

from dataclasses import replace

import numpy as np
import pytest

from bnlab.data import Dataset, dataset


@pytest.fixture
def held() -> Dataset:
    random = np.random.RandomState(2)
    x, y = random.randint(0, 256, (30, 2, 3, 4), dtype=np.uint8), random.randint(0, 10, 30)
    return Dataset(x[:17], y[:17], x[17:25], y[17:25], x[25:], y[25:], x[:17].sum(axis=0) / 17)


@pytest.mark.parametrize("dtype", ["float32", "float64", np.float32])
@pytest.mark.parametrize("chunk_bytes", [1, 100, 10**6])
def test_arrays_are_pixels_minus_mean_rounded_once(held, dtype, chunk_bytes, monkeypatch):
    monkeypatch.setattr(dataset, "CHUNK_BYTES", chunk_bytes)
    arrays = held.arrays(dtype)
    assert list(arrays) == ["X_train", "y_train", "X_val", "y_val", "X_test", "y_test"]
    for part in ("train", "val", "test"):
        x, y = getattr(held, f"x_{part}"), getattr(held, f"y_{part}")
        assert (arrays[f"X_{part}"].dtype, arrays[f"y_{part}"].dtype) == (dtype, np.int64)
        np.testing.assert_array_equal(arrays[f"X_{part}"], (x - held.mean).astype(dtype))
        np.testing.assert_array_equal(arrays[f"y_{part}"], y)


@pytest.mark.parametrize("name", ["X_test", "y_test"])
def test_test_images_that_were_not_loaded_say_how_to_load_them(held, name):
    arrays = replace(held, x_test=held.x_test[:0], y_test=held.y_test[:0]).arrays()
    assert list(arrays) == ["X_train", "y_train", "X_val", "y_val"]
    with pytest.raises(KeyError, match=f"there is no {name}, because no test images were loaded: give num_test=N"):
        arrays[name]
    with pytest.raises(KeyError, match=r"^'X_tset'$"):
        arrays["X_tset"]


def test_rounding_the_mean_first_would_show(held):
    twice = held.x_train.astype(np.float32) - held.mean.astype(np.float32)
    assert not np.array_equal(held.arrays()["X_train"], twice)
    assert held.arrays()["X_train"].dtype == np.float32


def changed(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flat[-1] += 1
    return array


@pytest.mark.parametrize("field", ["x_train", "y_train", "x_val", "y_val", "mean"])
def test_the_fingerprint_tells_every_value(held, field):
    assert replace(held, **{field: changed(getattr(held, field))}).fingerprint != held.fingerprint


def test_the_fingerprint_tells_shapes_and_where_training_ends(held):
    def rows(array: np.ndarray) -> np.ndarray:
        return array.reshape(len(array), 2, 4, 3)

    turned = replace(held, x_train=rows(held.x_train), x_val=rows(held.x_val), mean=held.mean.reshape(2, 4, 3))
    assert turned.fingerprint != held.fingerprint
    assert replace(held, x_train=held.x_train[:16], y_train=held.y_train[:16]).fingerprint != held.fingerprint


def test_the_fingerprint_ignores_test_images_chunks_and_layout_in_memory(held, monkeypatch):
    other = replace(held, x_test=held.x_test[:0], x_train=np.asfortranarray(held.x_train), mean=held.mean.astype(">f8"))
    monkeypatch.setattr(dataset, "CHUNK_BYTES", 50)
    assert other.fingerprint == held.fingerprint
    assert len(held.fingerprint) == 16
    int(held.fingerprint, 16)
