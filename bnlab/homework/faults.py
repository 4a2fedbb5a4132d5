"""What can be wrong with a user's code apart from its numbers, as one line."""

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
NOT_WRITTEN = "not written yet"


class Fault(Exception):
    """What a user's function does wrong."""


class Unwritten(Fault):
    """The function is still the course's placeholder."""

    def __init__(self) -> None:
        super().__init__(NOT_WRITTEN)


@contextmanager
def their_code(folder: Path) -> Iterator[None]:
    """Run a user's code. What it prints goes to standard error. Whatever it raises becomes a Fault, which names the last
    line in a file of the folder."""
    try:
        with redirect_stdout(sys.stderr), np.errstate():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Fault(f"raises {_described(error, folder)}") from error


def is_placeholder(error: BaseException | None) -> bool:
    """Whether the error is what a placeholder raises. The course's `dropout_forward` ends with `out.astype(...)`, where out
    is None until it is written."""
    of_none = isinstance(error, AttributeError) and error.obj is None and error.name == "astype"
    return of_none or isinstance(error, NotImplementedError)


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
    """The error's own text. It is a user's code that makes it, so this may fail too."""
    try:
        return str(error)
    except Exception:
        return ""


def _described(error: BaseException, folder: Path) -> str:
    """Type, message, and the last line in a file of the folder; a syntax error names its line itself."""
    text = " ".join(f"{type(error).__name__}: {_message(error)}".split()).removesuffix(":")
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == folder]
    if isinstance(error, SyntaxError) or not frames:
        return text
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"
