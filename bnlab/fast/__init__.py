"""What trainings spend their time in, twice: in NumPy, and compiled by numba where the extra `fast` is installed.

Both give the same bits, those of `bnlab.layers` and of the formulas in `bnlab.optim`: which one is used changes the time,
and nothing else. `BNLAB_FAST=0` in the environment keeps to NumPy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

VARIABLE = "BNLAB_FAST"
DTYPES = ("float32", "float64")
"""What the kernels compute in."""


class _Choice:
    """Whether numba's kernels may be used."""

    compiled = os.environ.get(VARIABLE) != "0" and find_spec("numba") is not None


def compiled() -> bool:
    """Whether numba's kernels are used."""
    return _Choice.compiled and _compiled_kernels() is not None


def description() -> str:
    """What the kernels are made with: 'numba 0.61.0' or 'NumPy'. Imports nothing."""
    return f"numba {version('numba')}" if _Choice.compiled else "NumPy"


@contextlib.contextmanager
def only_numpy() -> Iterator[None]:
    """Keep to NumPy's kernels within the block."""
    before, _Choice.compiled = _Choice.compiled, False
    try:
        yield
    finally:
        _Choice.compiled = before


def kernels(width: int) -> Any:
    """The module of kernels for rows of so many features. A single column is left to NumPy, which adds it up in another
    order than several."""
    return _compiled_kernels() if width > 1 and compiled() else _numpy_kernels()


def computes_in(dtype: np.dtype[Any]) -> bool:
    """Whether there are kernels for this dtype."""
    return dtype.name in DTYPES


@lru_cache
def _numpy_kernels() -> Any:
    return import_module("bnlab.fast.numpy_kernels")


@lru_cache
def _compiled_kernels() -> Any:
    """None if numba is broken, or finds no folder to keep what it compiles in (a RuntimeError)."""
    try:
        return import_module("bnlab.fast.numba_kernels")
    except (ImportError, RuntimeError):
        return None
