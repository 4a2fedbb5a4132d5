"""The cores of this machine, and how many are free. Importing this needs no NumPy."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")
IDLE = slice(3, 5)
"""The columns of a processor's times that are spent idle, or waiting for a disk."""


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def idle_cores(seconds: float = 0.1, stat: Path = STAT) -> float | None:
    """How many cores nobody uses while this process sleeps so long; None if the system doesn't say.

    The load average would also count what ended half a minute ago.
    """
    before = _times(stat)
    time.sleep(seconds)
    after = _times(stat)
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return (os.cpu_count() or 1) * sum(spent[IDLE]) / sum(spent) if sum(spent) > 0 else None


def _times(stat: Path) -> list[int]:
    """What all cores together have spent on each kind of work."""
    try:
        with stat.open() as file:
            return [int(word) for word in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return []
