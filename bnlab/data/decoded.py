"""Pictures that took long to decode are kept as arrays in the user's cache folder, for workers and for the next command.

They are found by a name that changes when any of the pictures does: see `signature` in `own.py`. Whatever is wrong with the
cache, a full disk or a damaged file, the pictures themselves are read instead.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnlab.data.source import Images, Training

SLOW = 2.0
"""Seconds from which on it is worth a file."""
KEPT = 4
"""Files; the oldest goes first."""
Labels = tuple[NDArray[np.int64], NDArray[np.int64] | None]


def kept(name: str, decode: Callable[[], Training], labels: Labels) -> Training:
    """The images kept under this name; else what `decode` gives, and then they are kept if it took long. labels: of the
    images for training, and of those for validation."""
    found = _read(name, labels)
    if found is None:
        start = time.perf_counter()
        found = decode()
        if time.perf_counter() - start >= SLOW:
            with suppress(OSError):
                _write(name, found)
    return found


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("bnlab") / "decoded"


def _read(name: str, labels: Labels) -> Training | None:
    try:
        with (_folder() / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
            x, x_val = archive["train"], archive["val"]
    except Exception:  # it isn't there, or damaged
        return None
    y, y_val = labels
    val = None if y_val is None else Images(x_val, y_val)
    whole = _fits(x, len(y)) and _fits(x_val, 0 if y_val is None else len(y_val))
    return Training(Images(x, y), val) if whole else None


def _fits(x: NDArray[Any], count: int) -> bool:
    return x.dtype == np.uint8 and x.ndim == 4 and len(x) == count


def _write(name: str, found: Training) -> None:
    """Write the file, whole or not at all, and remove the oldest beyond `KEPT`."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    x = found.train.x
    handle, temporary = tempfile.mkstemp(suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, train=x, val=x[:0] if found.val is None else found.val.x)
        os.replace(temporary, folder / f"{name}.npz")
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    oldest_first = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
    for path in oldest_first[:-KEPT]:
        path.unlink(missing_ok=True)
