"""Writes small data sets in every layout, and checks that an error is one line that says what it should."""

from __future__ import annotations

import gzip
import pickle
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bnlab.errors import DataError


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


class Writers:
    """Files of each layout; images are uint8 (N, C, H, W), labels integers (N,)."""

    @staticmethod
    def idx(folder: Path, kind: str, x: np.ndarray, y: np.ndarray, pack: bool = False) -> None:
        """kind: 'train' or 't10k'."""
        for name, array in ((f"{kind}-images-idx3-ubyte", x[:, 0]), (f"{kind}-labels-idx1-ubyte", y.astype(np.uint8))):
            data = idx_bytes(array)
            path = folder / (name + ".gz" * pack)
            path.write_bytes(gzip.compress(data) if pack else data)

    @staticmethod
    def binary(path: Path, x: np.ndarray, y: np.ndarray) -> None:
        path.write_bytes(np.hstack([y[:, None].astype(np.uint8), x.reshape(len(x), -1)]).tobytes())

    @staticmethod
    def pickled(path: Path, x: np.ndarray, y: np.ndarray, protocol: int) -> None:
        contents = {b"data": x.reshape(len(x), -1), b"labels": y.tolist()}
        path.write_bytes(pickle.dumps(contents, protocol))

    @staticmethod
    def python2(path: Path, x: np.ndarray, y: np.ndarray) -> None:
        """As Python 2's cPickle wrote the official files: protocol 2, with byte strings for text."""

        def short(text: bytes) -> bytes:
            return b"U" + bytes([len(text)]) + text

        data = x.tobytes()
        dtype = (
            b"cnumpy\ndtype\n" + short(b"u1") + b"K\x00K\x01\x87R(K\x03" + short(b"|") + b"NNN" + 2 * b"J\xff\xff\xff\xff"
        )
        array = (
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + short(b"b") + b"\x87R(K\x01"
            b"J" + struct.pack("<i", len(x)) + b"M\x00\x0c\x86" + dtype + b"K\x00tb\x89"
            b"T" + struct.pack("<i", len(data)) + data + b"tb"
        )
        labels = b"](" + b"".join(b"K" + bytes([label]) for label in y) + b"e"
        items = short(b"batch_label") + short(b"training batch 1 of 5") + short(b"labels") + labels + short(b"data") + array
        path.write_bytes(b"\x80\x02}(" + items + b"u.")


@pytest.fixture(scope="session")
def write() -> Writers:
    return Writers()


@pytest.fixture(scope="session")
def colour() -> tuple[np.ndarray, np.ndarray]:
    """1,005 images as CIFAR-10's: 5 for training, 1,000 for validation."""
    random = np.random.RandomState(0)
    return random.randint(0, 256, (1005, 3, 32, 32), dtype=np.uint8), random.randint(0, 10, 1005)


@pytest.fixture(scope="session")
def gray() -> tuple[np.ndarray, np.ndarray]:
    """1,007 images of 5 x 4 pixels: 7 for training, 1,000 for validation."""
    random = np.random.RandomState(1)
    return random.randint(0, 256, (1007, 1, 5, 4), dtype=np.uint8), random.randint(0, 10, 1007)


@pytest.fixture(scope="session")
def fault() -> Callable[..., object]:
    """`with fault(word, …)`: a DataError of one line that contains each of the words."""

    @contextmanager
    def raised(*words: str) -> Iterator[None]:
        with pytest.raises(DataError) as caught:
            yield
        line = str(caught.value)
        assert "\n" not in line
        for word in words:
            assert re.search(rf"(?<!\w){re.escape(word)}", line), f"{word!r} not in {line!r}"

    return raised
