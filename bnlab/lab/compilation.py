"""Compiling the kernels before they are needed: once for a processor, a Python and a numba.

numba keeps the result on disk. A file of our own says so, since asking numba takes longer than a short study.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from bnlab import fast
from bnlab.lab.machine import CPUINFO, processor

SOURCE = Path(fast.__file__).with_name("numba_kernels.py")


def prepared() -> bool:
    """Whether there is nothing to compile: all is on disk, or numba isn't used."""
    return fast.description() == "NumPy" or any(mark.is_file() for mark in _marks())


def prepare() -> None:
    """Compile all kernels, and leave a mark that says so. Does nothing where numba isn't used."""
    if not fast.compiled():
        return
    for dtype in fast.DTYPES:
        load(dtype)
    for mark in _marks():
        with contextlib.suppress(OSError):  # then the next command asks numba again
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
            return


def load(dtype: str) -> None:
    """Load the kernels of a dtype from disk, or compile them."""
    with _without("scipy"):
        if fast.compiled():
            for kernel, arguments in _examples(np.dtype(dtype)):
                getattr(fast.kernels(2), kernel)(*arguments)


@contextlib.contextmanager
def _without(package: str) -> Iterator[None]:
    """Nobody may import the package in the block for the first time. numba imports SciPy for linear algebra, which no
    kernel has, and that takes as long as a short run."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


def _examples(dtype: np.dtype[Any]) -> list[tuple[str, list[Any]]]:
    """Each kernel with arguments of the kinds that trainings give it."""

    def rows(n: int = 2) -> Any:
        return np.ones((n, 2), dtype)

    def features(n: int) -> list[Any]:
        return [np.ones(2, dtype) for _ in range(n)]

    def of_each_row() -> Any:
        return np.ones((2, 1), dtype)

    numbers = 0.9, 0.1
    return [
        ("relu_forward", [rows(), *features(1)]),
        ("relu_backward", [rows(), rows(), *features(1)]),
        ("batchnorm_relu_train", [rows(), *features(3), *numbers, *features(4), rows(), *features(1)]),
        ("batchnorm_relu_test", [rows(), *features(3), 0.1, *features(2)]),
        ("batchnorm_relu_backward", [rows(), rows(), rows(), *features(5)]),
        ("layernorm_relu_forward", [rows(), *features(3), 0.1, rows(), of_each_row()]),
        ("layernorm_relu_backward", [rows(), rows(), rows(), of_each_row(), *features(4)]),
        ("adam", [*features(5), *numbers, *numbers]),
    ]


def _marks() -> list[Path]:
    """The file that says that all is compiled, where it may lie: beside numba's own files, or in the user's cache folder.
    Its name changes with whatever makes numba compile anew."""
    source = SOURCE.stat()
    facts = (
        *(version("numba"), version("llvmlite"), np.__version__, sys.version, processor(), _instructions()),
        *(str(SOURCE), source.st_mtime_ns, source.st_size),
    )
    name = f"kernels-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"
    return [folder / name for folder in (SOURCE.with_name("__pycache__"), user_cache_path("bnlab"))]


def _instructions() -> str:
    """The processor's sets of instructions, where they can be read: one name may stand for several processors."""
    try:
        found = re.search(r"^(flags|Features)\s*:.*$", CPUINFO.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        found = None
    return found[0] if found else ""
