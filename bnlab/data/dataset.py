"""A data set in memory: images as bytes, and the mean image that is subtracted from them.

Images stay bytes until a run asks for floats in its own dtype. That takes a quarter of the memory, and the mean is exact
for every dtype.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

    from bnlab.data.centred import CentredImages

NUM_CLASSES = 10
"""All data sets of the registry have ten, and labels from 0 to 9."""
Size: TypeAlias = tuple[int, int]
"""Height and width, in pixels."""
CHUNK_BYTES = 1_500_000  # small enough for a chunk and its float64 copy to stay in the processor's cache, or nearly


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images as they were read, and the mean image. Nets and the Solver take what `arrays()` gives, also for the test set.

    x_…: pixels, uint8 (N, C, H, W); y_…: labels, int64 (N,) from 0; for training, validation and test. There are no test
    images unless they were asked for. mean: float64 (C, H, W), the mean of all training images of the data set, even if
    fewer are held here. num_classes: labels lie below it; classes: their names, in the order of their labels, none where a
    label's number is its name. The arrays aren't meant to be changed.
    """

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    x_val: NDArray[np.uint8]
    y_val: NDArray[np.int64]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    mean: NDArray[np.float64]
    classes: tuple[str, ...] = ()
    num_classes: int = NUM_CLASSES

    def arrays(self, dtype: DTypeLike = "float32") -> dict[str, NDArray[Any]]:
        """`X_train, y_train, X_val, y_val` as a Solver takes them, and `X_test, y_test` if test images were loaded.

        X (N, C, H, W) is pixels minus mean, computed in float64 and rounded once to dtype. Asking for test images that
        weren't loaded is a KeyError that says how to load them.
        """
        arrays = self.lazy_arrays(dtype)
        for name, array in arrays.items():
            arrays[name] = _whole(array) if name.startswith("X") else array
        return arrays

    def lazy_arrays(self, dtype: DTypeLike = "float32") -> dict[str, Any]:
        """As `arrays`, but each X is a `CentredImages`, which stays bytes and gives floats for the rows asked for."""
        from bnlab.data.centred import CentredImages

        parts = {"train": (self.x_train, self.y_train), "val": (self.x_val, self.y_val), "test": (self.x_test, self.y_test)}
        arrays = _Arrays()
        for part, (images, labels) in parts.items():
            if len(images):
                arrays |= {f"X_{part}": CentredImages(images, self.mean, dtype), f"y_{part}": labels}
        return arrays

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that stand for the training and validation images held, their labels and the mean.

        They begin the SHA-256 of shapes and values, so it doesn't matter where the images were read from.
        """
        digest = hashlib.sha256()
        for images, labels in ((self.x_train, self.y_train), (self.x_val, self.y_val)):
            digest.update(repr(images.shape).encode())
            for rows in chunks(len(images), self.mean.size):
                digest.update(images[rows].tobytes())
            digest.update(labels.astype("<i8").tobytes())
        digest.update(self.mean.astype("<f8").tobytes())
        return digest.hexdigest()[:16]


def _whole(images: CentredImages) -> NDArray[Any]:
    """All of the images as one array."""
    import numpy as np

    out = np.empty(images.shape, images.dtype)
    for rows in chunks(len(images), images.mean.size):
        out[rows] = images[rows]
    return out


class _Arrays(dict[str, Any]):
    """Arrays by name. A name that isn't there says why."""

    def __missing__(self, name: str) -> Any:
        if name in ("X_test", "y_test"):
            raise KeyError(f"there is no {name}, because no test images were loaded: give num_test=N to bnlab.data.load")
        raise KeyError(name)


def chunks(count: int, image_bytes: int) -> Iterator[slice]:
    """Slices that cover `count` images of `image_bytes` bytes each, about a megabyte at a time."""
    step = max(1, CHUNK_BYTES // image_bytes)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
