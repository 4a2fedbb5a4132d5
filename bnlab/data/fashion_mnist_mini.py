"""Fashion-MNIST's first 4,000 training images, the next 1,000 for validation, and its first 1,000 test images.

They are embedded in the package as an `.npz` file. Only as much of its arrays is decoded as is needed. The mean image is
that of the 4,000; the file holds their sum. `scripts/build_fashion_mnist_mini.py` makes the file.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnlab.data.dataset import Dataset
from bnlab.data.description import Description
from bnlab.data.fashion_mnist import SOURCE
from bnlab.data.faults import reading, wanted
from bnlab.errors import DataError

NAME = "fashion-mnist-mini"
EMBEDDED = Path(__file__).with_name("embedded") / f"{NAME}.npz"
NUM_BYTES = 2_614_290
NUM_TRAIN, NUM_VAL, NUM_TEST = 4_000, 1_000, 1_000
SHAPE = (1, 28, 28)


def load(_folders: Sequence[Path], num_train: int | None, num_test: int | None, _num_val: int | None = None) -> Dataset:
    """See `bnlab.data.load`; no folder is searched, and the validation images are always the same."""
    count = wanted("training", NAME, num_train, NUM_TRAIN)
    tested = wanted("test", NAME, num_test, NUM_TEST)
    with _opened() as archive:
        return Dataset(
            x_train=_first(archive, "x_train", count),
            y_train=_first(archive, "y_train", count).astype(np.int64),
            x_val=_first(archive, "x_val", NUM_VAL),
            y_val=_first(archive, "y_val", NUM_VAL).astype(np.int64),
            x_test=_first(archive, "x_test", tested),
            y_test=_first(archive, "y_test", tested).astype(np.int64),
            mean=_first(archive, "sum_train", 1)[0] / NUM_TRAIN,
        )


def describe(_folders: Sequence[Path]) -> Description:
    """See `bnlab.data.describe`."""
    try:
        with _opened():
            size = EMBEDDED.stat().st_size
    except DataError as error:
        return Description(NAME, EMBEDDED.exists(), "embedded", SOURCE, problem=str(error))
    return Description(NAME, True, "embedded", SOURCE, SHAPE, NUM_TRAIN, NUM_VAL, NUM_TEST, size)


@contextmanager
def _opened() -> Iterator[zipfile.ZipFile]:
    with reading(EMBEDDED):
        try:
            with zipfile.ZipFile(EMBEDDED) as archive:
                yield archive
        except OSError:
            raise
        except Exception as error:  # a damaged archive can raise nearly anything
            size = EMBEDDED.stat().st_size
            raise DataError(
                f"{EMBEDDED} ({size:,} bytes) is damaged ({error}): expected {NUM_BYTES:,} bytes; reinstall bnlab"
            ) from error


def _first(archive: zipfile.ZipFile, name: str, count: int) -> NDArray[Any]:
    """The first `count` rows of an array; what follows them isn't decoded."""
    with archive.open(f"{name}.npy") as member:
        np.lib.format.read_magic(member)
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        rows = (count, *shape[1:])
        data = member.read(int(np.prod(rows)) * dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(rows)
