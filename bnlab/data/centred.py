"""Images that stay bytes until some of them are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class CentredImages:
    """Stands for the array of pixels minus mean image, of a floating dtype, and makes its rows when they are asked for.

    pixels: uint8 (N, C, H, W); mean: float64 (C, H, W). `images[rows]`, for a slice or an array of indices, is a new array
    with the bits that `Dataset.arrays` gives: subtracted in float64, rounded once to dtype. So a minibatch needs memory for
    itself alone, and the whole an eighth of what it takes in float64.
    """

    def __init__(self, pixels: NDArray[np.uint8], mean: NDArray[np.float64], dtype: DTypeLike) -> None:
        self.pixels, self.mean, self.dtype = pixels, mean, np.dtype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array it stands for: (N, C, H, W)."""
        return self.pixels.shape

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> NDArray[Any]:
        found = self.pixels[rows].astype(np.float64)
        found -= self.mean
        return found.astype(self.dtype, copy=False)
