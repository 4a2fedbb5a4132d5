"""Where and when a run was made: all timings, machine facts and versions, in one place."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import numpy as np

from bnlab import __version__, fast
from bnlab.lab.machine import blas, blas_threads, git_revision, processor


def provenance(seconds: float, framework: str | None = None) -> dict[str, Any]:
    """The facts to store beside what was computed. seconds: wall time of the training. framework: what computed it, with
    its version, if it wasn't NumPy."""
    now = {"seconds": round(seconds, 4), "finished_at": _now()}
    return {**now, **_machine(), "blas_threads": blas_threads(), "kernels": fast.description(), "framework": framework}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


@lru_cache
def _machine() -> dict[str, Any]:
    """Asked for once per process."""
    library = blas()
    return {
        "bnlab": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": processor(),
        "cpus": os.cpu_count(),
        "blas": library.name,
        "blas_kernel": library.kernel,
        "git_revision": git_revision(),
    }
