"""From files to a data set, in one pass: which images train, which validate, and the mean image.

The last 1,000 training images are the validation set, or more of them if more are asked for. All before them are for
training, and their mean is the mean image, even if fewer of them are asked for. Sums are integers, so the mean doesn't
depend on the order of summation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bnlab.data.dataset import Dataset
from bnlab.data.faults import wanted
from bnlab.errors import NoDataError

NUM_VALIDATION = 1_000
"""The images for validation, unless more are asked for."""

Shape: TypeAlias = tuple[int, int, int]
Block: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.integer]]
"""Some successive images (n, C, H, W) and their labels (n,), already checked."""


@dataclass(frozen=True)
class Part:
    """One file's images. `blocks(limit)` yields its first `limit` images in file order, about a megabyte at a time."""

    count: int
    shape: Shape
    blocks: Callable[[int], Iterable[Block]]


def split(
    name: str,
    parts: Sequence[Part],
    test: Part | None,
    num_train: int | None,
    num_test: int | None,
    num_val: int = NUM_VALIDATION,
) -> Dataset:
    """The data set that these files hold; the last `num_val` training images are for validation. None means all.

    Raises DataError if they hold fewer images than asked for.
    """
    there = num_training(name, parts, num_val)
    count = wanted("training", name, num_train, there)
    shape = parts[0].shape
    train, validation = _Images(0, count, shape), _Images(there, num_val, shape)
    sums = np.zeros(shape, np.int64)
    for start, (pixels, labels) in _numbered(parts):
        train.take(start, pixels, labels)
        validation.take(start, pixels, labels)
        sums += pixels[: max(0, there - start)].sum(axis=0, dtype=np.int64)
    tested = _first(name, test, shape, num_test)
    return Dataset(train.x, train.y, validation.x, validation.y, tested.x, tested.y, sums / there)


def num_training(name: str, parts: Sequence[Part], num_val: int = NUM_VALIDATION) -> int:
    """How many of the images are for training: all but the last `num_val`. Raises NoDataError if none are left."""
    total = sum(part.count for part in parts)
    if total <= num_val:
        fewer = f", or set data.num_val below {total:,}" if num_val > NUM_VALIDATION else ""
        raise NoDataError(
            f"the files of {name} hold {total:,} training images, and the last {num_val:,} are for validation: "
            f"put files there that hold at least {num_val + 1:,}{fewer}"
        )
    return total - num_val


class _Images:
    """The images `first` to `first + count - 1` of a stream of blocks, gathered in one array."""

    def __init__(self, first: int, count: int, shape: Shape) -> None:
        self.first = first
        self.x = np.empty((count, *shape), np.uint8)
        self.y = np.empty(count, np.int64)

    def take(self, start: int, pixels: NDArray[np.uint8], labels: NDArray[np.integer]) -> None:
        """Keeps the images of a block that belong here; the first of the block is number `start` of the stream."""
        low = max(start, self.first)
        high = min(start + len(pixels), self.first + len(self.x))
        if low < high:
            self.x[low - self.first : high - self.first] = pixels[low - start : high - start]
            self.y[low - self.first : high - self.first] = labels[low - start : high - start]


def _numbered(parts: Sequence[Part]) -> Iterator[tuple[int, Block]]:
    """All blocks of all parts, each with the number of its first image."""
    start = 0
    for part in parts:
        for block in part.blocks(part.count):
            yield start, block
            start += len(block[0])


def _first(name: str, test: Part | None, shape: Shape, number: int | None) -> _Images:
    if test is None:
        return _Images(0, 0, shape)
    count = wanted("test", name, number, test.count)
    images, start = _Images(0, count, shape), 0
    for pixels, labels in test.blocks(count):
        images.take(start, pixels, labels)
        start += len(pixels)
    return images
