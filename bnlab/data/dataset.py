"""A data set in memory: images as bytes, and the mean image that is subtracted from them.

Bytes are kept until a run asks for floats, in the dtype it computes in: a quarter of the memory, and one exact mean for
every dtype.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

CHUNK_BYTES = 1_500_000  # so that a chunk and its float64 copy stay in the processor's cache, or near it


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images, uint8 (N, C, H, W), and labels, int64 (N,) of 0 to 9, for training, validation and test.

    mean: float64 (C, H, W), the mean of all images the data set has for training, however many are held here.
    There may be no test images. The arrays aren't meant to be changed.
    """

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    x_val: NDArray[np.uint8]
    y_val: NDArray[np.int64]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    mean: NDArray[np.float64]

    def arrays(self, dtype: DTypeLike = "float32") -> dict[str, NDArray[Any]]:
        """`X_train, y_train, X_val, y_val` as a Solver takes them.

        X (N, C, H, W) is pixels minus mean, computed in float64 and rounded once to dtype.
        """
        return {
            "X_train": self._centred(self.x_train, dtype),
            "y_train": self.y_train,
            "X_val": self._centred(self.x_val, dtype),
            "y_val": self.y_val,
        }

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that stand for the training and validation images held, their labels and the mean.

        They are the first of the SHA-256 of shapes and values, so it doesn't matter where these were read from.
        """
        digest = hashlib.sha256()
        for images, labels in ((self.x_train, self.y_train), (self.x_val, self.y_val)):
            digest.update(repr(images.shape).encode())
            for rows in chunks(len(images), self.mean.size):
                digest.update(images[rows].tobytes())
            digest.update(labels.astype("<i8").tobytes())
        digest.update(self.mean.astype("<f8").tobytes())
        return digest.hexdigest()[:16]

    def _centred(self, images: NDArray[np.uint8], dtype: DTypeLike) -> NDArray[Any]:
        import numpy as np

        out = np.empty(images.shape, dtype)
        for rows in chunks(len(images), self.mean.size):
            out[rows] = images[rows] - self.mean
        return out


def chunks(count: int, image_bytes: int) -> Iterator[slice]:
    """Slices that cover `count` images of `image_bytes` bytes each, a megabyte or so at a time."""
    step = max(1, CHUNK_BYTES // image_bytes)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
