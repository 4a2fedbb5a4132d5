"""Unpickling NumPy arrays without running anything that the pickle names.

A pickle can call any function that it names, so no name is ever looked up. The few names that arrays need stand for
functions of `pickled_array.py`, which only note an array's shape, dtype and bytes. Every other name is an error.
"""

from __future__ import annotations

import io
import pickle
from typing import IO, Any

from bnlab.data.archive import Readable
from bnlab.data.pickled_array import PERMITTED, BadPickleError

SKIPPED = 1_000_000  # bytes; picklers put small objects together into frames, which are far shorter


def read_pickle(path: Readable, skim: bool) -> Any:
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
    """A file whose long reads give zeros without reading, so that they cost nothing."""

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
    """A pickle's own words, made safe for an error of one line: no line breaks, no escape codes, not too long."""
    return ascii(text)[1:-1][:120]
