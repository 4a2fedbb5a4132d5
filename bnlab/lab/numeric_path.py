"""What the bits of a run depend on besides its spec: the code, NumPy, BLAS, and the instructions that both use here.

Two processes with the same facts give the same bytes. Versions alone don't say enough: BLAS and NumPy choose their kernels
by the processor, an environment may choose others, and the system's library of functions has a say. So the facts end with
the bits of a few sums, products and functions. Whether numba compiled the kernels of `bnlab.fast` isn't among them: they
give the same bits either way.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import bnlab
from bnlab.lab.machine import blas
from bnlab.layers.types import Array

UNKNOWN = "unknown"
SHAPES = ((50, 3072, 100), (200, 784, 100), (50, 100, 10), (7, 13, 5))
"""Products (n, k) x (k, m): those of trainings, among them one with enough terms for BLAS to sum in blocks."""
FUNCTIONS = (np.exp, np.log1p, np.sqrt, np.tanh, np.cos)


@lru_cache
def numeric_path() -> dict[str, str]:
    """The facts by name, for this process. Computed once."""
    library = blas()
    return {
        "bnlab": bnlab.__version__,
        "bnlab's code": CODE,
        "NumPy": np.__version__,
        "BLAS": library.name,
        "BLAS kernel": library.kernel or UNKNOWN,
        "machine": platform.machine(),
        "NumPy's instruction sets": " ".join(_instruction_sets()),
        "bits of a trial computation": _bits(),
    }


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """In words, which facts differ: 'NumPy 2.3.1 there, 2.4.6 here'. Sets of instructions are told by what one lacks."""
    return [_difference(name, there.get(name, UNKNOWN), fact) for name, fact in here.items() if there.get(name) != fact]


def _difference(name: str, there: str, here: str) -> str:
    if name != "NumPy's instruction sets":
        return f"{name} {there} there, {here} here"
    only = {"there": _less(there, here), "here": _less(here, there)}
    lacking = [f"{' '.join(more)} only {where}" for where, more in only.items() if more]
    return f"{name}: {', '.join(lacking)}"


def _less(words: str, others: str) -> list[str]:
    return [word for word in words.split() if word not in others.split()]


def _instruction_sets() -> Iterable[str]:
    """Those that NumPy chose its loops by, as far as this processor and the environment allow them."""
    found = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return sorted({*found.get("baseline", ()), *found.get("found", ())})


def _digest_of_code(package: Path) -> str:
    """8 hex digits that stand for the package's modules: a checkout's version number may stand for many."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:8]


CODE = _digest_of_code(Path(bnlab.__file__).parent)
"""Of the code as it was when this was imported: a worker may run for longer than its files stay the same."""


def _bits() -> str:
    """8 hex digits that stand for the results of the trial computation."""
    digest = hashlib.sha256()
    with threadpool_limits(limits=1, user_api="blas"):
        for dtype in (np.float32, np.float64):
            for result in _trial(dtype):
                digest.update(np.ascontiguousarray(result).tobytes())
    return digest.hexdigest()[:8]


def _trial(dtype: Any) -> Iterator[Array]:
    for n, k, m in SHAPES:
        left, right = _numbers((n, k), dtype), _numbers((k, m), dtype)
        product = left @ right
        yield product
        yield left.T @ product
        yield product @ right.T
        yield product.mean(axis=0)
        yield product.var(axis=0)
    x = np.abs(_numbers((999,), dtype))
    for function in FUNCTIONS:
        yield function(x)


def _numbers(shape: tuple[int, ...], dtype: Any) -> Array:
    """Numbers from -1 to 1 that are the same everywhere: whole numbers, divided by a power of two."""
    count = int(np.prod(shape))
    whole = (np.arange(count, dtype=np.int64) * 7919 + 104729) % 65_537 % 8192
    numbers: Array = (whole.astype(dtype) / dtype(4096) - dtype(1)).reshape(shape)
    return numbers
