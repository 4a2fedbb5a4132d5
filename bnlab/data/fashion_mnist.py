"""Fashion-MNIST, or any grayscale images, from a folder with four IDX files under the official names, plain or `.gz`.

Images may have any height and width, and there may be any number of them. Users bring their own images this way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bnlab.data.faults import check_labels, damaged
from bnlab.data.fileset import Files, FileSet
from bnlab.data.idx import IdxFile, open_idx
from bnlab.data.split import Block, Part
from bnlab.errors import DataError

SOURCE = "Fashion-MNIST, Zalando SE 2017, MIT licence (github.com/zalandoresearch/fashion-mnist)"
TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def open_pair(folder: Path, names: tuple[str, str]) -> Part:
    """The images of one IDX file with the labels of another.

    Raises DataError if either is missing or damaged, or if they differ in their numbers of records.
    """
    images = open_idx(_existing(folder / names[0]), 3, "images")
    labels = open_idx(_existing(folder / names[1]), 1, "labels")
    count, height, width = images.dims
    if labels.dims[0] != count:
        partner = f"{count:,} labels, one for each image of {images.path.name}"
        raise damaged(labels.path, f"it holds {labels.dims[0]:,} labels", partner)
    return Part(count, (1, height, width), partial(_blocks, images, labels))


def _blocks(images: IdxFile, labels: IdxFile, limit: int) -> Iterator[Block]:
    y = np.frombuffer(b"".join(block.tobytes() for block in labels.read(limit)), np.uint8)
    check_labels(labels.path, y, f"one byte of 0 to 9 per image, {labels.expected}")
    start = 0
    for x in images.read(limit):
        yield x[:, None], y[start : start + len(x)]
        start += len(x)


def _existing(path: Path) -> Path:
    """The file itself or, if there is none, the compressed one."""
    for candidate in (path, path.with_name(path.name + ".gz")):
        if candidate.exists():
            return candidate
    raise DataError(f"{path.name} (or {path.name}.gz) is missing from {path.parent}: put it there")


def _present(folder: Path, names: Sequence[str]) -> list[Path]:
    """The files of these names that would be read, if they are there."""
    candidates = ((folder / name, folder / f"{name}.gz") for name in names)
    return [next(path for path in pair if path.exists()) for pair in candidates if any(path.exists() for path in pair)]


def _find(folder: Path) -> Files | None:
    train = _present(folder, TRAIN)
    if not train:
        return None
    return Files(train, _present(folder, TEST), lambda: [open_pair(folder, TRAIN)], lambda: open_pair(folder, TEST))


_SET = FileSet(
    name="fashion-mnist",
    source=SOURCE,
    subfolders=(),
    files=f"{', '.join(TRAIN)}, {' and '.join(TEST)} (each plain or .gz)",
    find=_find,
)
load = _SET.load
describe = _SET.describe
holds = _SET.holds
