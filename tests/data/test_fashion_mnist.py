"""IDX files, plain and compressed, whole and damaged."""

import gzip
import struct

import numpy as np
import pytest

from bnlab import data
from bnlab.data.idx import open_idx

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
SIZE = 16 + 1007 * 5 * 4


@pytest.fixture(params=[False, True], ids=["plain", "gz"])
def packed(request) -> bool:
    return request.param


@pytest.fixture
def folder(tmp_path, write, gray, packed):
    x, y = gray
    write.idx(tmp_path, "train", x, y, packed)
    write.idx(tmp_path, "t10k", x[::-1][:20], y[::-1][:20], packed)
    return tmp_path


def load(folder, **numbers):
    return data.load("fashion-mnist", [folder], **numbers)


def rewrite(folder, name, packed, change):
    """Replaces a file's (unpacked) contents by what `change` makes of them, and gives its path."""
    path = folder / (name + ".gz" * packed)
    contents = change(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    path.write_bytes(gzip.compress(contents) if packed else contents)
    return path


def test_round_trip(folder, gray):
    x, y = gray
    held = load(folder, num_test=20)
    np.testing.assert_array_equal(held.x_train, x[:7])
    np.testing.assert_array_equal(np.concatenate([held.y_train, held.y_val]), y)
    np.testing.assert_array_equal(held.x_val, x[7:])
    np.testing.assert_array_equal(held.x_test, x[::-1][:20])
    np.testing.assert_array_equal(held.y_test, y[::-1][:20])
    np.testing.assert_array_equal(held.mean, x[:7].mean(axis=0))


def test_the_description(folder):
    description = data.describe("fashion-mnist", [folder])
    assert (description.present, description.problem, description.where) == (True, None, str(folder))
    assert description.image_shape == (1, 5, 4)
    assert (description.num_train, description.num_val, description.num_test) == (7, 1000, 20)
    assert description.num_bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_both_forms_give_the_same(tmp_path, write, gray):
    prints = set()
    for packed in (False, True):
        (tmp_path / str(packed)).mkdir()
        write.idx(tmp_path / str(packed), "train", *gray, packed)
        prints.add(load(tmp_path / str(packed)).fingerprint)
    assert len(prints) == 1


def test_test_files_may_be_missing_until_they_are_asked_for(folder, packed, fault):
    (folder / ("t10k-labels-idx1-ubyte" + ".gz" * packed)).unlink()
    load(folder)
    with fault("t10k-labels-idx1-ubyte", "missing", str(folder)):
        load(folder, num_test=1)
    assert "t10k-labels" in data.describe("fashion-mnist", [folder]).problem


def test_labels_must_be_there(folder, packed, fault):
    (folder / (LABELS + ".gz" * packed)).unlink()
    with fault(LABELS, "missing"):
        load(folder)


DAMAGE = {
    "empty": (IMAGES, lambda b: b"", "16 bytes"),
    "too short for a header": (IMAGES, lambda b: b[:15], "16 bytes"),
    "truncated": (IMAGES, lambda b: b[:-1], f"{SIZE:,} bytes"),
    "too long": (IMAGES, lambda b: b + b"\0", f"{SIZE:,} bytes"),
    "foreign": (IMAGES, lambda b: b"PNG" + b[3:], "00 00 08 03"),
    "floats": (IMAGES, lambda b: b"\0\0\x0d\x03" + b[4:], "00 00 08 03"),
    "images of no pixels": (IMAGES, lambda b: b[:8] + struct.pack(">II", 0, 4), "1 x 1"),
    "labels for images": (LABELS, lambda b: b"\0\0\x08\x03" + b[4:], "00 00 08 01"),
    "labels truncated": (LABELS, lambda b: b[:-1], "1,015 bytes"),
    "a label missing": (LABELS, lambda b: b[:4] + struct.pack(">I", 1006) + b[8:-1], "1,007 labels"),
    "a label of 10": (LABELS, lambda b: b[:108] + b"\x0a" + b[109:], "image 100 has the label 10"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_contents(folder, packed, damage, fault):
    name, change, expected = DAMAGE[damage]
    path = rewrite(folder, name, packed, change)
    with fault(str(path), f"({path.stat().st_size:,} bytes)", expected):
        load(folder)
    if damage != "a label of 10":
        description = data.describe("fashion-mnist", [folder])
        assert str(path) in description.problem
        assert description.present


def test_a_header_that_promises_too_much(folder, packed, fault):
    path = rewrite(folder, IMAGES, packed, lambda b: b[:4] + b"\xff\xff\xff\xff" + b[8:])
    with fault(str(path), f"{16 + (2**32 - 1) * 20:,} bytes"):
        load(folder)


@pytest.mark.parametrize("packed", [True], indirect=True)
def test_a_packed_size_that_is_right_modulo_two_to_the_32(folder, packed, fault):
    count = 1007 + 2**31  # a pixel of 2 bytes would wrap around exactly

    def change(contents: bytes) -> bytes:
        return contents[:4] + struct.pack(">III", count, 2, 1) + bytes(2 * 1007)

    path = rewrite(folder, IMAGES, packed, change)
    with fault(str(path), f"{16 + 2 * count:,} bytes"):
        load(folder)


@pytest.mark.parametrize("packed", [False], indirect=True)
def test_a_file_that_shrinks_between_looking_and_reading(folder, packed, fault):
    path = folder / IMAGES
    idx = open_idx(path, 3, "images")
    path.write_bytes(path.read_bytes()[:-1])
    with fault(str(path), "breaks off after 1,006 records", f"{SIZE:,} bytes"):
        list(idx.read(1007))


def test_a_folder_in_place_of_a_file(folder, packed, fault):
    path = folder / (IMAGES + ".gz" * packed)
    path.unlink()
    path.mkdir()
    with fault(f"cannot read {path}"):
        load(folder)


def test_test_images_of_another_size(folder, packed, write, gray, fault):
    x, y = gray
    write.idx(folder, "t10k", x[:9, :, :4], y[:9], packed)
    with fault("fashion-mnist", "1 x 4 x 4", "1 x 5 x 4"):
        load(folder, num_test=3)
    assert "1 x 4 x 4" in data.describe("fashion-mnist", [folder]).problem
