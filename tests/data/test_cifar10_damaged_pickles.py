"""Harmless pickles that aren't whole, or hold something else than CIFAR-10's images."""

import pickle
import struct

import numpy as np
import pytest

from bnlab import data


def load(folder):
    return data.load("cifar10", [folder])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data_batch_1"


GOOD = np.zeros((1005, 3072), np.uint8)
LABELS = [1] * 1005

FOREIGN = {
    "a list": ([GOOD, LABELS], "holds a list"),
    "no data": ({b"labels": LABELS}, "b'data'"),
    "text keys": ({"data": GOOD, "labels": LABELS}, "b'data'"),
    "data of another type": ({b"data": b"abc", b"labels": LABELS}, "b'data'"),
    "floats": ({b"data": GOOD.astype(np.float32), b"labels": LABELS}, "f4"),
    "words": ({b"data": GOOD.astype(np.uint16), b"labels": LABELS}, "u2"),
    "another width": ({b"data": GOOD[:, :-1], b"labels": LABELS}, "(1005, 3071)"),
    "one axis": ({b"data": GOOD.ravel(), b"labels": LABELS}, f"({GOOD.size},)"),
    "three axes": ({b"data": GOOD[:, :, None], b"labels": LABELS}, "(1005, 3072, 1)"),
    "images in four axes": ({b"data": GOOD.reshape(-1, 3, 32, 32), b"labels": LABELS}, "(1005, 3, 32, 32)"),
    "no images": ({b"data": GOOD[:0], b"labels": []}, "(0, 3072)"),
    "no labels": ({b"data": GOOD}, "b'labels'"),
    "fine labels": ({b"data": GOOD, b"fine_labels": LABELS}, "b'labels'"),
    "labels of another type": ({b"data": GOOD, b"labels": ["cat"] * 1005}, "b'labels'"),
    "labels true and false": ({b"data": GOOD, b"labels": [True] * 1005}, "b'labels'"),
    "a label missing": ({b"data": GOOD, b"labels": LABELS[1:]}, "1,004 labels"),
    "a label of 10": ({b"data": GOOD, b"labels": [*LABELS[1:], 10]}, "image 1004 has the label 10"),
    "a label of -1": ({b"data": GOOD, b"labels": [-1, *LABELS[1:]]}, "image 0 has the label -1"),
    "a giant label": ({b"data": GOOD, b"labels": [2**70, *LABELS[1:]]}, "64 bits"),
    "objects": ({b"data": np.array([None, {}]), b"labels": LABELS}, "Python objects"),
}


@pytest.mark.parametrize(("case", "protocol"), [*((case, 5) for case in FOREIGN), ("floats", 2), ("objects", 2)])
def test_a_foreign_pickle(case, protocol, path, fault):
    contents, word = FOREIGN[case]
    path.write_bytes(pickle.dumps(contents, protocol))
    with fault(str(path), f"({path.stat().st_size:,} bytes)", word, "3,072 bytes per image"):
        load(path.parent)
    if "label of" not in case:
        assert data.describe("cifar10", [path.parent]).problem


@pytest.mark.parametrize("writer", ["python2", "5"])
@pytest.mark.parametrize("kept", [0, 1, 50, 5000, 2_000_000, -1])
def test_a_truncated_pickle(kept, writer, path, write, colour, fault):
    if writer == "python2":
        write.python2(path, *colour)
    else:
        write.pickled(path, *colour, int(writer))
    path.write_bytes(path.read_bytes()[:kept])
    with fault(str(path), f"({path.stat().st_size:,} bytes)", "isn't a whole pickle"):
        load(path.parent)
    assert str(path) in data.describe("cifar10", [path.parent]).problem


def test_no_pickle_at_all(path, fault):
    for contents in (b"hello", b"\x89PNG\r\n", bytes(5000), b"\xff" * 100):
        path.write_bytes(contents)
        with fault(str(path), f"({len(contents):,} bytes)", "3,072 bytes per image"):
            load(path.parent)


@pytest.mark.parametrize("count", [1004, 1006, 2**40])
def test_a_shape_that_doesnt_fit_the_bytes(count, path, write, colour, fault):
    """Announced in the pickle's header alone, beside as many labels, where they can be written."""
    x, y = colour
    write.python2(path, x, y)
    number = b"J" + struct.pack("<i", 1005)
    assert path.read_bytes().count(number + b"M\x00\x0c\x86") == 1
    announced = b"\x8a\x08" + struct.pack("<q", count)
    contents = path.read_bytes().replace(number + b"M\x00\x0c\x86", announced + b"M\x00\x0c\x86")
    if count == 1006:
        contents = contents.replace(b"](", b"](K\x01", 1)
    if count == 1004:
        contents = contents.replace(b"](K" + bytes([y[0]]), b"](", 1)
    path.write_bytes(contents)
    with fault(str(path), f"announces {count:,} images"):
        load(path.parent)
    if count > 1005:
        assert f"announces {count:,} images" in data.describe("cifar10", [path.parent]).problem


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"T" + struct.pack("<i", 1005 * 3072), b"X" + struct.pack("<i", 1005 * 3072)),
        (b"J" + struct.pack("<i", 1005), b"G" + struct.pack(">d", 1005)),
        (b"J" + struct.pack("<i", 1005), b"J" + struct.pack("<i", -1005)),
    ],
    ids=["text for bytes", "a fraction of images", "fewer than no images"],
)
def test_an_array_of_an_unknown_form(good, bad, path, write, colour, fault):
    x, y = colour
    write.python2(path, x % 128, y)
    path.write_bytes(path.read_bytes().replace(good, bad, 1))
    with fault(str(path), "an array of an unknown form"):
        load(path.parent)
