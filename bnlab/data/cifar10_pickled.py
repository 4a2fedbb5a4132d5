"""CIFAR-10's pickled layout: a dict with `b'data'`, an array uint8 (N, 3072), and `b'labels'`, a list of N numbers.

A file is read twice: first for its number of images, without the pixels; then in full, when its turn comes. So only one
file at a time is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnlab.data.archive import Readable
from bnlab.data.cifar10_binary import SHAPE
from bnlab.data.dataset import chunks
from bnlab.data.faults import check_labels, damaged, reading
from bnlab.data.pickled_array import BadPickleError, PickledArray
from bnlab.data.safe_pickle import read_pickle
from bnlab.data.split import Block, Part

PIXELS = 3 * 32 * 32
EXPECTED = (
    f"{PIXELS:,} bytes per image and a few more (about 31,035,000 for 10,000 images), a pickled dict with "
    f"b'data', uint8 (N, {PIXELS}), and b'labels', N numbers of 0 to 9"
)


def open_pickled(path: Readable) -> Part:
    """The images of one file. Raises DataError if it isn't such a pickle, or names functions that no image needs."""
    try:
        count = _contents(path, skim=True)[0].shape[0]
    except (
        BadPickleError
    ):  # a harmless pickle may still need to be read in full; that also shows what is wrong with the others
        count = _contents_or_fault(path)[0].shape[0]
    return Part(count, SHAPE, partial(_blocks, path))


def _blocks(path: Readable, limit: int) -> Iterator[Block]:
    array, labels = _contents_or_fault(path)
    check_labels(path, labels, EXPECTED)
    pixels = np.frombuffer(array.data, np.uint8)
    pixels = pixels.reshape(array.shape) if array.order == "C" else pixels.reshape(array.shape[::-1]).T
    for rows in chunks(limit, PIXELS):
        yield np.ascontiguousarray(pixels[rows]).reshape(-1, *SHAPE), labels[rows]


def _contents_or_fault(path: Readable) -> tuple[PickledArray, NDArray[np.integer]]:
    try:
        return _contents(path, skim=False)
    except BadPickleError as fault:
        raise damaged(path, str(fault), EXPECTED) from fault


def _contents(path: Readable, skim: bool) -> tuple[PickledArray, NDArray[np.integer]]:
    """The pixels as they were pickled, and the labels. Raises BadPickleError for anything else."""
    with reading(path):
        contents = read_pickle(path, skim)
        size = path.stat().st_size
    if not isinstance(contents, dict):
        raise BadPickleError(f"it holds a {type(contents).__name__}, not a dict")
    pixels = _pixels(contents.get(b"data"))
    # After skimming only the announced number of pixels is known. The file must be large enough for them.
    there = size if skim else len(pixels.data)
    if pixels.shape[0] * PIXELS > there or not (skim or pixels.shape[0] * PIXELS == there):
        raise BadPickleError(f"it announces {pixels.shape[0]:,} images and has {there:,} bytes for them")
    labels = _labels(contents.get(b"labels"))
    if len(labels) != pixels.shape[0]:
        raise BadPickleError(f"it has {pixels.shape[0]:,} images, but {len(labels):,} labels")
    return pixels, labels


def _pixels(data: Any) -> PickledArray:
    if not isinstance(data, PickledArray):
        raise BadPickleError("it has no array under b'data'")
    if data.dtype != "u1" or len(data.shape) != 2 or data.shape[1] != PIXELS or data.shape[0] < 1:
        raise BadPickleError(f"it has an array of {data.dtype} {data.shape} under b'data'")
    return data


def _labels(labels: Any) -> NDArray[np.int64]:
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise BadPickleError("it has no list of whole numbers under b'labels'")
    try:
        return np.array(labels, np.int64)
    except OverflowError as error:
        raise BadPickleError("it has labels beyond 64 bits") from error
