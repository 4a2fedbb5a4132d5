"""IDX, the file format of MNIST and its successors: a header of big-endian numbers, then unsigned bytes.

The header: two zero bytes, the type (8: unsigned byte), the number of axes, and 4 bytes for the length of each axis.
Source: the description in THE MNIST DATABASE, LeCun, Cortes and Burges.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bnlab.data.files import damaged, opened, read_exactly, size_of

UNSIGNED_BYTE = 8
# Deflate packs a byte at best into a 1,032nd; a header that promises more is no header.
MOST_PACKED = 1032
CHUNK = 1 << 20


@dataclass(frozen=True)
class IdxFile:
    """An IDX file of unsigned bytes whose header was read: `shape` is (records, ...)."""

    path: Path
    shape: tuple[int, ...]

    @property
    def record(self) -> int:
        """Bytes a record."""
        return math.prod(self.shape[1:])

    @property
    def header(self) -> int:
        """Bytes before the first record."""
        return 4 + 4 * len(self.shape)

    @property
    def expected(self) -> str:
        """The size the file should have, for error messages."""
        total = f"{self.header + math.prod(self.shape):,} bytes"
        return f"{total} unpacked" if self.path.suffix == ".gz" else total

    def blocks(self, stop: int) -> Iterator[bytes]:
        """The first `stop` records, some at a time; reads no further, or to the end of the file if that's all of them.

        Raises DataError if what is read is cut short or damaged, or if more follows the last record.
        """
        step = max(1, CHUNK // self.record)
        with opened(self.path, self.expected) as stream:
            read_exactly(stream, self.header, self.path, self.expected)
            for start in range(0, stop, step):
                yield read_exactly(stream, min(step, stop - start) * self.record, self.path, self.expected)
            # Reading past the end also has gzip compare its checksum.
            if stop == self.shape[0] and stream.read(1):
                raise damaged(self.path, "goes on after its last record", self.expected)


def open_idx(path: Path, axes: int) -> IdxFile:
    """Reads the header; raises DataError if it isn't one of `axes` axes of unsigned bytes, or doesn't fit the size."""
    expected = f"an IDX file of unsigned bytes, at least {4 + 4 * axes} bytes"
    with opened(path, expected) as stream:
        head = read_exactly(stream, 4 + 4 * axes, path, expected)
    if head[:4] != bytes([0, 0, UNSIGNED_BYTE, axes]):
        raise damaged(path, f"begins with {head[:4].hex(' ')}", f"00 00 08 {axes:02x}: {expected}")
    file = IdxFile(path, struct.unpack(f">{axes}I", head[4:]))
    if file.record == 0:
        raise damaged(path, f"has images of {file.shape[1]} x {file.shape[2]} pixels", "at least 1 x 1")
    _check_size(file)
    return file


def _check_size(file: IdxFile) -> None:
    size, promised = size_of(file.path, file.expected), file.header + math.prod(file.shape)
    fits = promised <= MOST_PACKED * size if file.path.suffix == ".gz" else promised == size
    if not fits:
        raise damaged(file.path, f"doesn't fit its header, {' x '.join(map(str, file.shape))}", file.expected)
