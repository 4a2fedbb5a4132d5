"""CIFAR-10's binary layout: records of 3,073 bytes, the label and then 1,024 red, green and blue bytes in row order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bnlab.data.archive import Readable
from bnlab.data.dataset import chunks
from bnlab.data.faults import check_labels, damaged, reading
from bnlab.data.split import Block, Part, Shape

SHAPE: Shape = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
EXPECTED = f"a multiple of {RECORD:,} bytes, a label of 0 to 9 at the beginning of each {RECORD:,}"


def open_binary(path: Readable) -> Part:
    """The images of one file. Raises DataError unless its size is that of one record or more."""
    with reading(path), path.open("rb") as file:  # a folder has a size too, but can't be opened
        size = file.seek(0, 2)
    if size == 0 or size % RECORD:
        found = "it is empty" if size == 0 else f"its size leaves {size % RECORD:,} bytes over"
        raise damaged(path, found, EXPECTED)
    return Part(size // RECORD, SHAPE, partial(_blocks, path))


def _blocks(path: Readable, limit: int) -> Iterator[Block]:
    with reading(path), path.open("rb") as file:
        for rows in chunks(limit, RECORD):
            records = np.frombuffer(file.read((rows.stop - rows.start) * RECORD), np.uint8)
            if len(records) < (rows.stop - rows.start) * RECORD:
                raise damaged(path, "it shrank while it was read", EXPECTED)
            records = records.reshape(-1, RECORD)
            labels = records[:, 0]
            check_labels(path, labels, EXPECTED, rows.start)
            yield records[:, 1:].reshape(-1, *SHAPE), labels
