"""Pickles: those of every Python and NumPy are read, anything else is refused, and nothing is run."""

import io
import os
import pickle
import struct

import numpy as np
import pytest

from bnlab import data


class Run:
    """Creates a file when unpickled by the ordinary means."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def load(folder):
    return data.load("cifar10", [folder])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data_batch_1"


@pytest.mark.parametrize("name", [b"numpy.core", b"numpy._core"])
def test_the_names_of_both_generations_of_numpy(name, path, write, colour):
    write.pickled(path, *colour, 2)
    contents = path.read_bytes()
    assert contents.count(b"numpy._core.multiarray") + contents.count(b"numpy.core.multiarray") == 1
    path.write_bytes(contents.replace(b"numpy._core.", b"numpy.core.").replace(b"numpy.core.", name + b"."))
    np.testing.assert_array_equal(load(path.parent).x_train, colour[0][:5])


def test_protocol_5_of_the_older_numpy(path, write, colour):
    write.pickled(path, *colour, 5)
    contents = path.read_bytes()
    new, old = b"\x8c\x13numpy._core.numeric", b"\x8c\x12numpy.core.numeric"
    if new in contents:  # the name is a byte shorter, and so is the frame that holds it
        frame = struct.unpack("<Q", contents[3:11])[0]
        contents = contents[:3] + struct.pack("<Q", frame - 1) + contents[11:].replace(new, old)
    assert old in contents
    path.write_bytes(contents)
    np.testing.assert_array_equal(load(path.parent).x_train, colour[0][:5])


@pytest.mark.parametrize("protocol", [2, 5])
def test_axes_in_fortrans_order(protocol, path, colour):
    x, y = colour
    contents = {b"data": np.asfortranarray(x.reshape(len(x), -1)), b"labels": y.tolist()}
    path.write_bytes(pickle.dumps(contents, protocol))
    np.testing.assert_array_equal(load(path.parent).x_train, x[:5])


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("wrap", [lambda evil: evil, lambda evil: {b"data": evil, b"labels": [1]}, lambda evil: [[evil]]])
def test_nothing_is_run(protocol, wrap, path, tmp_path, fault):
    evil = pickle.dumps(wrap(Run(tmp_path / "made")), protocol)
    path.write_bytes(evil)
    with fault(str(path), "posix.mkdir" if os.name == "posix" else "nt.mkdir", "nothing of it was run"):
        load(tmp_path)
    assert "mkdir" in data.describe("cifar10", [tmp_path]).problem
    assert not (tmp_path / "made").exists()
    pickle.loads(evil)  # so that the test can't pass for want of a working attack
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name",
    [
        "builtins eval",
        "os system",
        "numpy load",
        "numpy.core.multiarray scalar",
        "_codecs decode",
        "numpy dtype.__init__",
    ],
)
def test_any_other_name_is_refused(name, path, fault):
    module, function = name.split()
    path.write_bytes(b"\x80\x02c" + f"{module}\n{function}\n".encode() + b".")
    with fault(f"asks for {module}.{function}"):
        load(path.parent)


def test_names_reach_no_attributes(path, fault):
    """Protocol 4 may name a dotted path: an attribute of something permitted."""
    name = b"_reconstruct.__globals__"
    path.write_bytes(b"\x80\x04\x8c\x15numpy.core.multiarray\x8c" + bytes([len(name)]) + name + b"\x93.")
    with fault("asks for numpy.core.multiarray._reconstruct.__globals__"):
        load(path.parent)


def test_a_name_cant_break_the_line(path, fault):
    path.write_bytes(b"\x80\x04\x8c\x06o\ns\x1b[m\x8c\x01x\x93.")
    with fault(r"o\ns\x1b[m.x"):
        load(path.parent)


def test_persistent_ids_are_refused(path, fault):
    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return "elsewhere" if thing == "kept" else None

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump({b"data": "kept"})
    path.write_bytes(buffer.getvalue())
    with fault("kept elsewhere", "elsewhere"):
        load(path.parent)


@pytest.mark.parametrize("state", [b"}U\x01aK\x01s", b"N}U\x04callK\x01s\x86"])
def test_what_is_lent_cant_be_changed(state, path, fault):
    path.write_bytes(b"\x80\x02cnumpy\ndtype\n" + state + b"b.")
    with fault("changes what it was lent"):
        load(path.parent)


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


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_pickle(case, protocol, path, fault):
    contents, word = FOREIGN[case]
    path.write_bytes(pickle.dumps(contents, protocol))
    with fault(str(path), f"({path.stat().st_size:,} bytes)", word, "3,072 bytes an image"):
        load(path.parent)
    if "label of" not in case:
        assert data.describe("cifar10", [path.parent]).problem


@pytest.mark.parametrize("writer", ["python2", "2", "5"])
@pytest.mark.parametrize("kept", [0, 1, 2, 50, 200, 5000, 2_000_000, -1000, -1])
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
        with fault(str(path), f"({len(contents):,} bytes)", "3,072 bytes an image"):
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


def test_counting_reads_no_pixels(path, write, colour, monkeypatch):
    """A description comes from the headers: it must not decode the pixels of 170 MB of files."""
    from bnlab.data import safe_pickle

    write.python2(path, *colour)
    reads = []
    read = safe_pickle._Skimming.read

    def noted(self, number):
        if number < safe_pickle.SKIPPED:
            reads.append(number)
        return read(self, number)

    monkeypatch.setattr(safe_pickle._Skimming, "read", noted)
    assert data.describe("cifar10", [path.parent]).num_train == 5
    assert 0 < sum(reads) < 10_000


def test_a_pickle_that_cant_be_skimmed_is_read_in_full(path, colour):
    """One giant frame, as a foreign pickler might write it."""
    x, y = colour
    body = pickle.dumps({b"data": x.reshape(len(x), -1), b"labels": y.tolist()}, 2)[2:]
    path.write_bytes(b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body)
    np.testing.assert_array_equal(load(path.parent).x_train, x[:5])
