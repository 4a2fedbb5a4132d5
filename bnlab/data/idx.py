"""IDX, the file format of MNIST and Fashion-MNIST, plain or compressed with gzip.

A file begins with a magic number (two zero bytes, 8 for unsigned bytes, the number of dimensions) and each dimension as
four bytes, big-endian; then come the bytes themselves, row by row.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from bnlab.data.dataset import chunks
from bnlab.data.faults import damaged, reading

GZIP_RATIO = 1_032  # deflate can't shrink anything further than this


@dataclass(frozen=True)
class IdxFile:
    """An IDX file of unsigned bytes whose header and size have been checked."""

    path: Path
    dims: tuple[int, ...]

    @property
    def num_bytes(self) -> int:
        """The size that the header announces, unpacked."""
        return 4 + 4 * len(self.dims) + math.prod(self.dims)

    @property
    def expected(self) -> str:
        """That size in words, for errors."""
        unpacked = " when unpacked" if _packed(self.path) else ""
        return f"{self.num_bytes:,} bytes{unpacked}, as its header says ({' x '.join(map(str, self.dims))})"

    def read(self, limit: int) -> Iterator[NDArray[np.uint8]]:
        """The first `limit` records, shaped (n, *dims[1:]), about a megabyte at a time. Nothing behind them is read.

        Raises DataError where the file breaks off.
        """
        record = math.prod(self.dims[1:])
        with _opened(self.path, self.expected) as file:
            file.read(4 + 4 * len(self.dims))
            for rows in chunks(limit, record):
                data = file.read((rows.stop - rows.start) * record)
                if len(data) < (rows.stop - rows.start) * record:
                    whole = rows.start + len(data) // record
                    raise damaged(self.path, f"it breaks off after {whole:,} records", self.expected)
                yield np.frombuffer(data, np.uint8).reshape(-1, *self.dims[1:])
            # A compressed file's checksum is verified only where its end is read.
            if limit == self.dims[0] and file.read(1):
                raise damaged(self.path, "it goes on after the last record", self.expected)


def open_idx(path: Path, num_dims: int, what: str) -> IdxFile:
    """Reads the header of a file of `what` and compares it with its size. Raises DataError if it is another file."""
    size, magic = 4 + 4 * num_dims, bytes((0, 0, 8, num_dims))
    expected = f"an IDX file of {what}: at least {size} bytes, beginning with {magic.hex(' ')}"
    with _opened(path, expected) as file:
        header = file.read(size)
    if len(header) < size or header[:4] != magic:
        found = f"it begins with {header[:4].hex(' ')}" if len(header) >= size else "it is too short for a header"
        raise damaged(path, found, expected)
    idx = IdxFile(path, struct.unpack(f">{num_dims}I", header[4:]))
    if not math.prod(idx.dims[1:]):
        raise damaged(path, f"its header announces {what} of {' x '.join(map(str, idx.dims[1:]))}", "at least 1 x 1")
    _check_size(idx)
    return idx


def _check_size(idx: IdxFile) -> None:
    size = idx.path.stat().st_size
    if _packed(idx.path):
        fits = _unpacked_size(idx.path) == idx.num_bytes % 2**32 and idx.num_bytes <= GZIP_RATIO * size
    else:
        fits = size == idx.num_bytes
    if not fits:
        raise damaged(idx.path, "it is cut off, or holds more or fewer bytes", idx.expected)


def _unpacked_size(path: Path) -> int:
    """The last four bytes of a gzip file: the size of its contents modulo 2³²."""
    with path.open("rb") as file:
        file.seek(-4, 2)
        return cast(int, struct.unpack("<I", file.read())[0])


def _packed(path: Path) -> bool:
    return path.suffix == ".gz"


@contextmanager
def _opened(path: Path, expected: str) -> Iterator[IO[bytes]]:
    """The file's unpacked bytes. Errors of the system or of gzip, here or in the body, become DataErrors."""
    with reading(path):
        # Within `reading`, because BadGzipFile is an OSError too, though not one of the system.
        try:
            with gzip.open(path) if _packed(path) else path.open("rb") as file:
                yield cast(IO[bytes], file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise damaged(path, f"it can't be unpacked ({error})", f"a whole gzip file, {expected}") from error
