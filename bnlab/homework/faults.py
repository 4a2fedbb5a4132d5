"""What can be wrong with a user's code short of its numbers, as one line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from bnlab.layers.types import Array

LONGEST = 200


class Fault(Exception):
    """What a user's function does wrong."""


class Unwritten(Fault):
    """The function is a stub."""

    def __init__(self) -> None:
        super().__init__("not written yet")


@contextmanager
def their_code(folder: Path) -> Iterator[None]:
    """Run code of theirs: what it prints goes to standard error; whatever it raises becomes a Fault that says where in the
    files of the folder."""
    try:
        with redirect_stdout(sys.stderr), np.errstate():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Fault(f"raises {_described(error, folder)}") from error


def array_of(value: Any, shape: tuple[int, ...]) -> Array:
    """The value as a float64 array of that shape. Raises Fault if it is none."""
    array = np.asarray(value) if isinstance(value, np.ndarray | np.generic | float | int) else None
    if array is None or array.dtype.kind not in "fiub":
        raise Fault(f"is {named(value)}, and should be {_shaped(shape)}")
    if array.shape != shape:
        raise Fault(f"has shape {array.shape}, and should have {shape}")
    if array.dtype.kind == "f" and array.dtype.itemsize < 8:
        raise Fault(f"is {array.dtype} for float64 inputs; keep the dtype of x")
    return array.astype(np.float64)


def named(value: Any) -> str:
    """What kind of thing the value is."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _shaped(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a number"


def _message(error: BaseException) -> str:
    """What the error says of itself, which is code of theirs too."""
    try:
        return str(error)
    except Exception:
        return ""


def _described(error: BaseException, folder: Path) -> str:
    """Type and message, and where in a file of the folder it was last; a syntax error says that itself."""
    text = " ".join(f"{type(error).__name__}: {_message(error)}".split()).removesuffix(":")
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == folder]
    if isinstance(error, SyntaxError) or not frames:
        return text
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"
