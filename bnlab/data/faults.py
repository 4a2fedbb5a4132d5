"""Error messages for missing and damaged files and for too few images: the same words for all data sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bnlab.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bnlab.data.archive import Readable

NUM_CLASSES = 10
SETTINGS = {"training": "data.num_train", "validation": "data.num_val"}
"""The settings of studies that say how many images of a kind are used."""


def damaged(path: Readable, found: str, expected: str) -> DataError:
    """The error for a file with wrong contents: its size, what was found, and what was expected."""
    size = path.stat().st_size if path.is_file() else 0
    return DataError(f"{path} ({size:,} bytes): {found}; expected {expected}; fetch the file again")


@contextmanager
def reading(path: Readable) -> Iterator[None]:
    """Turns an error of the operating system about `path` into a DataError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"cannot read {path}: {reason}; check that it is what it should be and that you may read it"
        ) from error


def wanted(kind: str, name: str, number: int | None, there: int) -> int:
    """`number`, or all that there are if it is None. kind: 'training', 'validation' or 'test'; name: of the data set.

    Raises DataError if there are fewer.
    """
    if number is not None and number > there:
        remedy = f", in a study by -s {SETTINGS[kind]}={there}" if kind in SETTINGS else ""
        raise DataError(
            f"{number:,} {kind} images of {name} asked for, but there are {there:,}: ask for at most {there}{remedy}"
        )
    return there if number is None else number


def check_labels(path: Readable, labels: NDArray[np.integer], expected: str, first: int = 0) -> None:
    """Raises DataError if a label isn't a class; `first` is the index in the file of the first of these labels."""
    wrong = (labels < 0) | (labels >= NUM_CLASSES)
    if wrong.any():
        at = int(wrong.argmax())
        raise damaged(path, f"image {first + at} has the label {labels[at]}, not 0 to {NUM_CLASSES - 1}", expected)
