"""Pickles of every Python and NumPy are read, and counted without their pixels."""

import pickle
import struct

import numpy as np
import pytest

from bnlab import data
from bnlab.data import cifar10_pickled, safe_pickle


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


@pytest.mark.parametrize("protocol", [None, 2, 4, 5])
def test_counting_reads_no_pixels(protocol, path, write, colour, monkeypatch):
    """A description comes from the headers: it must not decode the pixels of 170 MB of files."""
    x, y = colour[0] % 128, colour[1]  # so that protocol 2, which pickles bytes as text, makes them no more than they are
    if protocol is None:
        write.python2(path, x, y)
    else:
        write.pickled(path, x, y, protocol)
    modes, reads = [], []
    in_full, read = cifar10_pickled.read_pickle, safe_pickle._Skimming.read

    def noted_mode(path, skim):
        modes.append(skim)
        return in_full(path, skim)

    def noted_read(self, number):
        if number < safe_pickle.SKIPPED:
            reads.append(number)
        return read(self, number)

    monkeypatch.setattr(cifar10_pickled, "read_pickle", noted_mode)
    monkeypatch.setattr(safe_pickle._Skimming, "read", noted_read)
    assert data.describe("cifar10", [path.parent]).num_train == 5
    assert modes == [True]
    assert 0 < sum(reads) < 10_000


def test_a_pickle_that_cant_be_skimmed_is_read_in_full(path, colour):
    """One giant frame, as a foreign pickler might write it."""
    x, y = colour
    body = pickle.dumps({b"data": x.reshape(len(x), -1), b"labels": y.tolist()}, 2)[2:]
    path.write_bytes(b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body)
    np.testing.assert_array_equal(load(path.parent).x_train, x[:5])
