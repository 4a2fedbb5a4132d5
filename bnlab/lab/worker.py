"""What a worker process needs, imported before it is forked: in the server of `executor.py`, which has nothing else to
do."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from bnlab.lab.executor import ONE_THREAD

os.environ.update(ONE_THREAD)  # BLAS looks when it is loaded, which comes next

from bnlab.lab import compilation, pool, train

__all__ = ["pool", "train"]


def _quiet_about_the_driver(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A driver that can't start a worker, for want of open files, breaks off what it asked of the server. It says so
    itself."""
    if kind is not EOFError:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _quiet_about_the_driver
if compilation.prepared():
    compilation.load("float32")
