"""Unpickling NumPy arrays without running anything that the pickle names.

A pickle may call whatever it names, so nothing it names is ever looked up: the few names that arrays need stand for
functions of `pickled_array.py`, which only note an array's shape, dtype and bytes. Every other name is a fault.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import IO, Any

from bnlab.data.pickled_array import PERMITTED, BadPickleError

SKIPPED = 1_000_000  # bytes; picklers frame small objects together, and those frames stay far below


def read_pickle(path: Path, skim: bool) -> Any:
    """What `path` holds, arrays as `PickledArray`. With `skim`, zeros stand in for long strings of bytes.

    Raises BadPickleError for one that is damaged or asks for anything but arrays, lists, dicts, strings and numbers.
    """
    with path.open("rb") as file:
        try:
            # encoding: what Python 2 pickled as strings are bytes.
            return _Unpickler(_Skimming(file) if skim else file, encoding="bytes").load()
        except (BadPickleError, OSError):
            raise
        except Exception as error:  # a damaged pickle can raise nearly anything
            reason = f"{type(error).__name__}: {error}"
            raise BadPickleError(f"it isn't a whole pickle ({_shown(reason)})") from error


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in PERMITTED:
            asked = _shown(f"{module}.{name}")
            raise BadPickleError(f"it is a pickle that asks for {asked}, which no image needs; nothing of it was run")
        return PERMITTED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise BadPickleError(f"it is a pickle that asks for an object kept elsewhere ({_shown(repr(pid))})")


class _Skimming:
    """A file whose long reads yield zeros, so that only the short ones cost anything."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def read(self, number: int) -> bytes:
        if number < SKIPPED:
            return self.file.read(number)
        self.file.seek(number, io.SEEK_CUR)
        return bytes(number)

    def readline(self) -> bytes:
        return self.file.readline()


def _shown(text: str) -> str:
    """What a pickle says of itself, fit for a line of an error: no line breaks, no escape codes, not too long."""
    return ascii(text)[1:-1][:120]
