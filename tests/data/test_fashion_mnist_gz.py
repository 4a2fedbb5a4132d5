"""What can be wrong with a compressed file as such, and how much of it is read."""

import gzip

import numpy as np
import pytest

from bnlab import data

IMAGES = "train-images-idx3-ubyte.gz"


@pytest.fixture
def folder(tmp_path, write, gray):
    write.idx(tmp_path, "train", *gray, pack=True)
    return tmp_path


def load(folder, **numbers):
    return data.load("fashion-mnist", [folder], **numbers)


def damaged(folder, change):
    path = folder / IMAGES
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize("kept", [0, 2, 5, 12, 500, -1, -4])
def test_truncated(folder, kept, fault):
    path = damaged(folder, lambda b: b[:kept])
    found = {0: "too short", 500: "is cut off", -1: "is cut off", -4: "is cut off"}.get(kept, "can't be unpacked")
    with fault(str(path), f"({path.stat().st_size:,} bytes)", found, "expected"):
        load(folder)
    assert str(path) in data.describe("fashion-mnist", [folder]).problem


def test_truncated_in_the_middle_with_the_right_end(folder, fault):
    path = damaged(folder, lambda b: b[:5000] + b[-4:])
    with fault(str(path), "can't be unpacked"):
        load(folder)


def test_not_packed_at_all(folder, fault):
    path = damaged(folder, gzip.decompress)
    with fault(str(path), "can't be unpacked"):
        load(folder)


def test_a_wrong_checksum(folder, fault):
    path = damaged(folder, lambda b: b[:-8] + bytes(4) + b[-4:])
    with fault(str(path), "can't be unpacked"):
        load(folder)


def test_only_what_is_asked_for_is_read(folder, write, fault):
    """The file's second half is damaged, and isn't needed for the first test images."""
    random = np.random.RandomState(3)
    x, y = random.randint(0, 256, (60_000, 1, 5, 4), dtype=np.uint8), random.randint(0, 10, 60_000)
    write.idx(folder, "t10k", x, y, pack=True)
    path = folder / "t10k-images-idx3-ubyte.gz"
    contents = path.read_bytes()
    half = len(contents) // 2
    path.write_bytes(contents[:half] + bytes(half - 4) + contents[-4:])
    np.testing.assert_array_equal(load(folder, num_test=10).x_test, x[:10])
    with fault(str(path), "can't be unpacked"):
        load(folder, num_test=50_000)
