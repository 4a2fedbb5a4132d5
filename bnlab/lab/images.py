"""The images that runs train on, read once per process, or sent to a machine that doesn't have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from bnlab.data import Dataset, load
from bnlab.errors import DataError
from bnlab.lab.npz import pack, unpack
from bnlab.layers.types import Array
from bnlab.runs.spec import DataSpec, RunSpec
from bnlab.runs.streams import streams

_latest: dict[str, Dataset] = {}
"""The data set that was read last, by its fingerprint."""


def read(
    dataset: str,
    num_train: int | None,
    num_val: int | None,
    folders: Sequence[str | Path],
    size: tuple[int, ...] | None = None,
) -> Dataset:
    """Read the images. Raises DataError if they aren't there, are damaged, or are too few."""
    return _keep(load(dataset, folders, num_train, num_val=num_val, size=size))


def find(data: DataSpec, folders: Sequence[str | Path], sent: Path | None = None) -> Dataset | None:
    """The images with the fingerprint of the spec, from one of the folders or else from the file that was sent, ready for
    `arrays`; None if nobody has them. Other images of the same name are passed over."""
    if data.fingerprint in _latest:
        return _latest[data.fingerprint]
    for places in [[folder] for folder in folders] or [[]]:  # without folders there are still those that come with bnlab
        try:
            found = load(data.dataset, places, _count(data), num_val=data.num_val, size=data.size)
        except DataError:
            continue
        if found.fingerprint == data.fingerprint:
            return _keep(found)
    return _keep(from_bytes(sent.read_bytes())) if sent is not None and sent.is_file() else None


def to_bytes(dataset: Dataset) -> bytes:
    """The data set as bytes to send. Runs read no test images, so none are among them."""
    return pack({field.name: getattr(dataset, field.name) for field in fields(dataset)})


def from_bytes(content: bytes) -> Dataset:
    """The inverse of `to_bytes`. Raises ValueError for anything that isn't whole."""
    return Dataset(**unpack(content))


def _keep(dataset: Dataset) -> Dataset:
    _latest.clear()
    _latest[dataset.fingerprint] = dataset
    return dataset


def _count(data: DataSpec) -> int | None:
    """How many training images are read: all, if each replicate draws its own."""
    return None if data.images == "drawn" else data.num_train


def arrays(spec: RunSpec, folders: tuple[str, ...]) -> dict[str, Array]:
    """The arrays that a run trains on: X_train, y_train, X_val, y_val. Runs that follow each other share them if they can.

    Raises DataError if the images aren't those that the spec was made with.
    """
    drawn_by = (spec.seed, spec.replicate) if spec.data.images == "drawn" else None
    return _arrays(spec.data, folders, spec.dtype, drawn_by)


@lru_cache(maxsize=1)
def _arrays(data: DataSpec, folders: tuple[str, ...], dtype: str, drawn_by: tuple[int, int] | None) -> dict[str, Array]:
    """drawn_by: the seed and replicate whose stream draws the training images; None for the first ones."""
    dataset = _latest.get(data.fingerprint) or read(data.dataset, _count(data), data.num_val, folders, data.size)
    if dataset.fingerprint != data.fingerprint:
        raise DataError(
            f"{data.dataset}: its files now hold other images (fingerprint {dataset.fingerprint}) than when the runs were "
            f"planned ({data.fingerprint}): leave the files alone while bnlab runs, and start it again"
        )
    if drawn_by is not None:
        picked = streams(*drawn_by).images.permutation(len(dataset.x_train))[: data.num_train]
        dataset = replace(dataset, x_train=dataset.x_train[picked], y_train=dataset.y_train[picked])
    found = dataset.arrays(np.dtype(dtype))
    for array in found.values():
        array.setflags(write=False)  # an engine that wrote into them would change later runs
    return found
