"""Whether images fit into memory: asked before any is read, so that a small file can't announce more than there is."""

from __future__ import annotations

import os
from pathlib import Path

from bnlab.errors import DataError

SHARE = 0.5
"""Of the machine's memory, for one data set as bytes. What is trained on comes besides, as floats."""
USUAL_MEMORY = 8 * 2**30
"""Where the system doesn't say how much it has."""


def check_room(path: Path, needed: int, remedy: str) -> None:
    """Raises DataError for images that need more bytes than they may have. path: where they lie."""
    most = int(SHARE * _memory())
    if needed > most:
        raise DataError(
            f"{path}: its images take {needed / 1e9:,.1f} GB in memory, and may take {most / 1e9:,.1f} GB, half of what "
            f"there is here: {remedy}"
        )


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on this system
        return USUAL_MEMORY
