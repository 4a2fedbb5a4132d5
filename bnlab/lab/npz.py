"""Trees of plain values and arrays as bytes: an npz file of arrays, with one more entry that holds the tree as JSON. No
pickles, so that opening a file of somebody else's can run nothing.

Dicts with texts as keys, lists, tuples, arrays, numbers, texts, truth values and None come back as they were. The same tree
gives the same bytes: zip files of NumPy have no dates.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from bnlab.layers.types import Array

TREE = "tree"
"""The entry that holds the tree: bytes of JSON."""
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, AttributeError, EOFError, NotImplementedError),
    *(OSError, OverflowError, RecursionError, MemoryError),
)
"""What reading a damaged file may raise."""


def pack(tree: Any) -> bytes:
    """The tree as a file's content. Raises TypeError for values of other kinds."""
    arrays: dict[str, Array] = {}
    text = json.dumps(_folded(tree, "", arrays), allow_nan=False)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{TREE: np.frombuffer(text.encode(), np.uint8), **arrays})
    return file.getvalue()


def unpack(content: bytes) -> Any:
    """The inverse of `pack`. Raises ValueError for anything that isn't whole."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _unfolded(json.loads(arrays[TREE].tobytes()), arrays)
    except DAMAGE as error:
        raise ValueError("it is no file of arrays, or not all of one") from error


def _folded(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """The value in JSON. Arrays, and lists of floats, which may not be finite, are put into `arrays`."""
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if isinstance(value, list) and value and all(type(each) is float for each in value):
        arrays[name] = np.array(value)
        return {"floats": name}
    if isinstance(value, dict):
        return {"dict": {key: _folded(each, f"{name}/{key}" if name else key, arrays) for key, each in value.items()}}
    if isinstance(value, list | tuple):
        items = [_folded(each, f"{name}/{i}", arrays) for i, each in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{name} is a {type(value).__name__}, which can't be stored")


def _unfolded(value: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(value, list):
        return [_unfolded(each, arrays) for each in value]
    if not isinstance(value, dict):
        return value
    [(kind, inner)] = value.items()
    return UNFOLD[kind](inner, arrays)


UNFOLD: dict[str, Callable[[Any, dict[str, Array]], Any]] = {
    "array": lambda name, arrays: arrays[name],
    "floats": lambda name, arrays: arrays[name].tolist(),
    "dict": lambda items, arrays: {key: _unfolded(each, arrays) for key, each in items.items()},
    "tuple": lambda items, arrays: tuple(_unfolded(each, arrays) for each in items),
}
"""What JSON has no word for, by the key of the object that stands for it."""
