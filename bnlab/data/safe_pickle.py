"""Unpickling NumPy arrays without running anything that the pickle names.

A pickle may call whatever it names, so nothing it names is ever looked up: the few names that arrays need stand for functions
of this module, which only note an array's shape, dtype and bytes. Every other name is a fault.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

SKIPPED = 1_000_000  # bytes; frames of small objects, which must be read, stay far below


class PickleFault(Exception):
    """What is wrong with a pickle, in words that follow the file's name."""


def read_pickle(path: Path, skim: bool) -> Any:
    """What `path` holds, arrays as `PickledArray`; skim leaves out long strings of bytes, for the shapes' sake alone.

    Raises PickleFault for a pickle that is damaged or asks for anything but arrays, lists, dicts, strings and numbers.
    """
    with path.open("rb") as file:
        source = _Skimming(file, path.stat().st_size) if skim else file
        try:
            # encoding: what Python 2 pickled as strings are bytes.
            return _Unpickler(source, encoding="bytes").load()
        except (PickleFault, OSError):
            raise
        except Exception as error:  # a damaged pickle can raise nearly anything
            raise PickleFault(f"isn't a whole pickle ({type(error).__name__}: {error})".replace("\n", " ")) from error


class PickledArray:
    """An array as it was pickled: shape, dtype without byte order (`u1`), order of the axes, and the bytes."""

    __slots__ = ("data", "dtype", "order", "shape")

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self.dtype = ""
        self.order: Literal["C", "F"] = "C"
        self.data: bytes | bytearray = b""

    def __setstate__(self, state: Any) -> None:
        """The state that NumPy gives an array since protocol 0: version, shape, dtype, whether Fortran's order, bytes."""
        _, shape, dtype, fortran, data = state
        _fill(self, shape, dtype, "F" if fortran else "C", data)


class _Dtype:
    """A dtype's name. Its state (byte order, fields, alignment) matters to none of the dtypes let through."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __setstate__(self, state: Any) -> None:
        pass


@dataclass(frozen=True)
class _Function:
    """What a permitted name stands for: it can be called, but no pickle can change it."""

    call: Callable[..., Any]

    def __call__(self, *args: Any) -> Any:
        return self.call(*args)

    def __setstate__(self, state: Any) -> None:
        raise PickleFault("changes a function")
