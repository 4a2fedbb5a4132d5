"""Files written whole or not at all, and strict JSON."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from pathlib import Path
from typing import Any

from bnlab.errors import StoreError


def write(path: Path, content: bytes) -> None:
    """Put a file there whole or not at all: written beside its place under another name, then moved there.

    Raises StoreError if the folder can't be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise store_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def json_bytes(document: Any) -> bytes:
    """Strict JSON, indented; ends in a newline."""
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()


def finite_or_none(value: Any) -> Any:
    """The value; or None, JSON's null, for a float that strict JSON has no word for: NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def store_error(path: Path, error: OSError) -> StoreError:
    # Making a folder in a file's place is refused as "exists", which says little.
    reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror or error
    return StoreError(f"can't write {path}: {reason}; choose a folder that can be written, with room, by --out")
