"""Images of one's own: an `.npz` file, or a folder of pictures. Each is a data set, called by the name of its file or
folder.

They are found where `--data-dir` points, or in a folder that is searched. Which of them train is fixed: see `mixed.py`.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bnlab.data import decoded
from bnlab.data.dataset import Dataset, Size, chunks
from bnlab.data.description import Description
from bnlab.data.faults import reading, wanted
from bnlab.data.mixed import mixed_order
from bnlab.data.own_pictures import Pictures, holds_pictures
from bnlab.data.source import Images, Source, Training
from bnlab.data.split import NUM_VALIDATION
from bnlab.errors import DataError, NoDataError, plural

log = logging.getLogger("bnlab")

ARRAYS = ".npz"
LONGEST = 40
"""Characters of a name."""
NOT_THEIRS = "own"
"""What comes before a name that a data set of the registry has."""
SET_BOTH = "-s data.num_train={} -s data.num_val={}"
READ_AS = 1
"""Raise it when pictures come to be read otherwise: what was kept of them is then not taken."""
PATIENCE = 2.0
"""Seconds of silence."""


def own_name(path: Path, taken: Sequence[str]) -> str:
    """What the images in this file or folder are called in captions, folders and specs: its name in small letters, digits,
    dots and underscores. taken: names that belong to others."""
    absolute = Path(os.path.abspath(path))
    stem = absolute.stem if absolute.suffix.lower() == ARRAYS else absolute.name
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9.]+", "_", plain).strip("._")[:LONGEST].strip("._") or "images"
    return f"{NOT_THEIRS}_{name}" if name in taken else name


def is_own(path: Path) -> bool:
    """Whether the path is an `.npz` file, or a folder of pictures. Raises DataError if it can't be read."""
    if path.suffix.lower() == ARRAYS and path.is_file():
        return True
    return path.is_dir() and holds_pictures(path)


def found(folders: Sequence[Path], taken: Sequence[str], name: str | None = None) -> dict[str, list[Path]]:
    """All images of one's own, by name: the folders that are searched, and what lies in those that are none themselves, or
    are called otherwise than the name that is looked for."""
    by_name: dict[str, list[Path]] = {}
    for folder in folders:
        own = is_own(folder) and name in (None, own_name(folder, taken))
        for path in [folder] if own else _inside(folder):
            by_name.setdefault(own_name(path, taken), []).append(path)
    return by_name


def load(
    name: str, path: Path, num_train: int | None, num_test: int | None, num_val: int | None, size: Size | None
) -> Dataset:
    """The data set in this file or folder. See `bnlab.data.load`; num_val: of the training images, unless there are some
    for validation alone; `NUM_VALIDATION` where it isn't given."""
    source = _open(path)
    (x, y), val = _training(path, size, signature(source, size))
    order = mixed_order(y)
    if val is None:
        there = _num_training(name, len(y), num_train, num_val)
        order, picked, val = order[:there], order[there:], Images(x, y)
    else:
        picked = mixed_order(val.y)[: wanted("validation", name, num_val, len(val.y))]
    sums = np.zeros(x.shape[1:], np.int64)
    for rows in chunks(len(order), x[0].size):
        sums += x[order[rows]].sum(axis=0, dtype=np.int64)
    first = order[: wanted("training", name, num_train, len(order))]
    tested = Images(x[:0], y[:0]) if num_test == 0 else _test(name, source, x.shape[1:], size, num_test)
    return Dataset(
        x_train=x[first],
        y_train=y[first],
        x_val=val.x[picked],
        y_val=val.y[picked],
        x_test=tested.x,
        y_test=tested.y,
        mean=sums / len(order),
        classes=source.classes,
        num_classes=len(source.classes),
    )


def describe(name: str, path: Path) -> Description:
    """See `bnlab.data.describe`. Before validation images are held out, all of them are for training."""
    kind = "arrays" if path.suffix.lower() == ARRAYS else "pictures"
    told = Description(name, True, str(path), f"{kind} of your own")
    try:
        source = _open(path)
        facts = source.facts()
    except DataError as error:
        return replace(told, problem=str(error))
    held_out = f"of the training images data.num_val, {NUM_VALIDATION:,} unless it is set, are held out for validation"
    return replace(
        told,
        image_shape=facts.shape,
        num_train=facts.num_train,
        num_val=facts.num_val,
        num_test=facts.num_test,
        num_bytes=facts.num_bytes,
        classes=source.classes,
        notes=(*facts.notes, *(() if facts.num_val else (held_out,))),
    )


def signature(source: Source, size: Size | None) -> str:
    """What changes when the files do, or how they are read: 32 hex digits."""
    from PIL import __version__

    parts = (READ_AS, __version__, size, source.classes, *source.signature())
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _num_training(name: str, total: int, num_train: int | None, num_val: int | None) -> int:
    """How many images are for training if others are held out. Raises DataError, with numbers that would do."""
    held_out = NUM_VALIDATION if num_val is None else num_val
    if (num_train or 1) + held_out <= total:
        return total - held_out
    few = min(NUM_VALIDATION, max(1, total // 5))
    val = few if num_val is None or num_val >= total else num_val
    asked = "" if num_train is None else f"{num_train:,} of them for training and "
    remedy = f"set both to fewer, for instance {SET_BOTH.format(total - val, val)}" if total > 1 else "add some"
    raise NoDataError(
        f"{name} has {plural(total, 'image')}, and {asked}{held_out:,} for validation are asked for: {remedy}"
    )


def _test(name: str, source: Source, shape: Any, size: Size | None, number: int | None) -> Images:
    found = source.test(shape, size)
    if found is None:
        raise DataError(
            f"{name} has no test images: add X_test and y_test to a file of arrays; put pictures into the folders "
            "train and test, each with the classes' folders"
        )
    count = wanted("test", name, number, len(found.y))
    return Images(found.x[:count], found.y[:count])


def _open(path: Path) -> Source:
    if path.suffix.lower() == ARRAYS:
        from bnlab.data.own_arrays import Arrays

        return Arrays(path)
    return Pictures(path)


@lru_cache(maxsize=1)
def _training(path: Path, size: Size | None, signature: str) -> Training:
    """All images that train or validate. The last ones are kept: a sweep over their number asks for them again and
    again."""
    source = _open(path)
    if isinstance(source, Pictures):
        return decoded.kept(signature, lambda: source.training(size, Waiting(path).tell), source.labels)
    return source.training(size, lambda done, of: None)


class Waiting:
    """Says, once, that pictures take their time."""

    def __init__(self, path: Path) -> None:
        self.path, self.start, self.told = path, time.perf_counter(), False

    def tell(self, done: int, of: int) -> None:
        if not self.told and time.perf_counter() - self.start > PATIENCE:
            self.told = True
            log.warning("reading the pictures of %s, this once: %s of %s so far", self.path, f"{done:,}", f"{of:,}")


def _inside(folder: Path) -> Iterator[Path]:
    """The files of arrays and the folders of pictures in a folder, sorted by name; without those that can't be read."""
    if folder.is_dir():
        with reading(folder):
            names = sorted(os.listdir(folder))
        for name in names:
            with suppress(DataError):
                if not name.startswith(".") and is_own(folder / name):
                    yield folder / name
