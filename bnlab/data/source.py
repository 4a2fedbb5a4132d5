"""What every form of one's own images offers, and what it hands out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bnlab.data.dataset import Size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Images(NamedTuple):
    """x: uint8 (N, C, H, W); y: int64 (N,), from 0."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]


class Training(NamedTuple):
    """The images that train, and those for validation, where they are given apart."""

    train: Images
    val: Images | None


class Facts(NamedTuple):
    """What headers say: the shape (channels, height, width), the numbers of images, the bytes on the disk, and what else
    somebody may want to know, a line for each."""

    shape: tuple[int, int, int]
    num_train: int
    num_val: int
    num_test: int
    num_bytes: int
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """One's own images as they lie on the disk.

    classes: their names, in the order of their labels. signature: what changes when the files change. training: reads the
    images for training and validation, and nothing of those for test; tell: called with how many are read, of how many.
    test: reads these, of the shape of the training images; None if there are none. facts: without reading any. size: what
    all are resized to. All raise DataError.
    """

    path: Path
    classes: tuple[str, ...]

    def signature(self) -> Iterable[object]: ...

    def training(self, size: Size | None, tell: Callable[[int, int], object]) -> Training: ...

    def test(self, shape: tuple[int, int, int], size: Size | None) -> Images | None: ...

    def facts(self, size: Size | None = None) -> Facts: ...
