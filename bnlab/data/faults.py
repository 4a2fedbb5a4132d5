"""The lines that tell of missing and damaged files and of too few images, so that all data sets word them alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnlab.errors import DataError

NUM_CLASSES = 10


def damaged(path: Path, found: str, expected: str) -> DataError:
    """The error for a file whose contents can't be right: what was found, beside its size, and the size expected."""
    size = path.stat().st_size if path.is_file() else 0
    return DataError(f"{path} ({size:,} bytes): {found}; expected {expected}; fetch the file again")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what the operating system says against reading `path` into a DataError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"cannot read {path}: {reason}; check that it is what it should be and that you may read it"
        ) from error


def wanted(what: str, number: int | None, there: int) -> int:
    """`number`, or all that there are if it is None. Raises DataError if there are fewer."""
    if number is not None and number > there:
        raise DataError(
            f"{number:,} {what} asked for, but there are {there:,}: "
            f"ask for at most {there}, in a study by -s data.num_train={there}"
        )
    return there if number is None else number


def check_labels(path: Path, labels: NDArray[np.integer], expected: str, first: int = 0) -> None:
    """Raises DataError if a label isn't a class; `first` is the index in the file of the first of these labels."""
    wrong = (labels < 0) | (labels >= NUM_CLASSES)
    if wrong.any():
        at = int(wrong.argmax())
        raise damaged(path, f"image {first + at} has the label {labels[at]}, not 0 to {NUM_CLASSES - 1}", expected)
