"""The images that runs train on, read once per process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from bnlab.data import Dataset, load
from bnlab.errors import DataError
from bnlab.layers.types import Array
from bnlab.runs.spec import DataSpec

_latest: dict[str, Dataset] = {}
"""The data set that was read last, by its fingerprint."""


def read(dataset: str, num_train: int, num_val: int | None, folders: Sequence[str | Path]) -> Dataset:
    """Read the images. Raises DataError if they aren't there, are damaged, or are too few."""
    found = load(dataset, folders, num_train, num_val=num_val)
    _latest.clear()
    _latest[found.fingerprint] = found
    return found


@lru_cache(maxsize=1)
def arrays(data: DataSpec, folders: tuple[str, ...], dtype: str) -> dict[str, Array]:
    """The arrays that runs of one study share: X_train, y_train, X_val, y_val.

    Raises DataError if the images aren't those that the spec was made with.
    """
    dataset = _latest.get(data.fingerprint) or read(data.dataset, data.num_train, data.num_val, folders)
    if dataset.fingerprint != data.fingerprint:
        raise DataError(
            f"{data.dataset}: its files now hold other images (fingerprint {dataset.fingerprint}) than when the runs were "
            f"planned ({data.fingerprint}): leave the files alone while bnlab runs, and start it again"
        )
    found = dataset.arrays(np.dtype(dtype))
    for array in found.values():
        array.setflags(write=False)  # an engine that wrote into them would change later runs
    return found
