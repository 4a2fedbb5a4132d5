"""Finds the images that the training logs were made with: CIFAR-10's first training images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnlab.data import Dataset, describe
from bnlab.errors import NoDataError
from bnlab.lab.images import read
from bnlab.layers.types import Array
from bnlab.published.facts import numbers
from bnlab.runs.spec import DataSpec

NAME = "cifar10"


@dataclass(frozen=True)
class Images:
    """The images as a Solver takes them, in float32, and how a RunSpec names them.

    mean_of: how many training images the mean image was taken over.
    """

    arrays: dict[str, Array]
    spec: DataSpec
    mean_of: int

    @property
    def shortfall(self) -> str:
        """How many training images there are, in words, if some are missing. Then the mean and validation images differ."""
        wanted = numbers()["training"]["mean_of"]
        return "" if self.mean_of == wanted else f"{self.mean_of:,} training images are here, not {wanted:,}"


def find_images(folders: Sequence[Path]) -> Images | str:
    """The images; or a line that says why there are none. Raises DataError if there are files and they are damaged."""
    facts = numbers()["training"]
    there, count = describe(NAME, folders).num_train, facts["num_train"]
    if 0 < there < count:
        return f"{there:,} training images of {NAME} are here, beside 1,000 for validation, and {count:,} are needed"
    try:
        dataset = read(NAME, count, None, folders)
    except NoDataError as error:
        return str(error)
    if _digest(dataset) != facts["first_images"]:
        return f"the first {count:,} images of {NAME} that were found are not CIFAR-10's own: name a folder that has those"
    return Images(dataset.arrays("float32"), DataSpec(NAME, count, dataset.fingerprint), there)


def _digest(dataset: Dataset) -> str:
    """The SHA-256 of the training images as records of CIFAR-10's binary files: the label, then the pixels."""
    pixels = dataset.x_train.reshape(len(dataset.x_train), -1)
    return hashlib.sha256(np.column_stack([dataset.y_train.astype(np.uint8), pixels]).tobytes()).hexdigest()
