"""Reading a file that may be missing, cut short or something else altogether: every fault becomes one DataError.

The line names the file, its size, what is wrong and what was expected.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from bnlab.errors import DataError


def damaged(path: Path, fault: str, expected: str) -> DataError:
    """The error for a file with a fault; `expected` says which size, and what else, it should have."""
    try:
        size = f"{path.stat().st_size:,} bytes"
    except OSError:
        size = "size unknown"
    return DataError(f"{path} ({size}) {fault}; expected {expected}; put an undamaged copy in its place")


def size_of(path: Path, expected: str) -> int:
    """The file's size in bytes; raises DataError if there is no such file."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise damaged(path, f"can't be read ({error.strerror})", expected) from error


@contextmanager
def opened(path: Path, expected: str) -> Iterator[BinaryIO]:
    """The file for reading, unpacked on the way if its name ends in .gz.

    What the disk or the unpacking has to object, here or in the body, is raised as DataError.
    """
    try:
        with cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as stream:
            yield stream
    except EOFError as error:
        raise damaged(path, "ends too early", expected) from error
    except zlib.error as error:
        raise damaged(path, "can't be unpacked", expected) from error
    except OSError as error:  # gzip's complaints have no strerror
        raise damaged(path, f"can't be read ({error.strerror or 'not a whole gzip file'})", expected) from error


def read_exactly(stream: BinaryIO, number: int, path: Path, expected: str) -> bytes:
    """The next `number` bytes; raises DataError if the file ends before."""
    data = stream.read(number)
    if len(data) < number:
        raise damaged(path, "ends too early", expected)
    return data


def check_labels(labels: bytes, path: Path, expected: str) -> None:
    """Raises DataError if one of the labels, a byte each, isn't 0 to 9."""
    worst = max(labels, default=0)
    if worst > 9:
        raise damaged(path, f"has an image with the label {worst}, and labels are 0 to 9", expected)
