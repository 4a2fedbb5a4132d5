"""Files written whole or not at all, and strict JSON."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import re
import shutil
import socket
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bnlab.errors import StoreError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

WIDTH = 120
"""Characters per line of an array in a JSON file, so that a pager shows it well."""
PART = re.compile(r"\..+\.(?P<host>[^.]+)\.(?P<process>\d+)\.part")


def write(path: Path, content: bytes) -> None:
    """Put a file there whole or not at all: written beside its place under another name, then moved there.

    Raises StoreError if the folder can't be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{_host()}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise store_error("write", path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep the folder, made if need be, to this process until the end of the block. The system ends the lock with the
    process, however that ends, and it leaves no file.

    Raises StoreError if another process has it, or if the folder can't be made. Where the system or the file system has no
    such locks there is none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error("write", folder, error) from error
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"another bnlab is at work in {folder}: wait until it has ended, or name another folder by --out"
            ) from None
        except OSError:  # some network file systems
            pass
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def whole_folder(folder: Path, mark: str) -> Iterator[Path]:
    """Make a folder whole or not at all. The block fills the one that it is given, which then takes the place of `folder`.

    mark: the file by which a folder is known that was made like this. Raises StoreError for one that has no such file and
    isn't empty, and for one that can't be written.
    """
    if folder.exists() and not (folder.is_dir() and ((folder / mark).is_file() or not any(folder.iterdir()))):
        raise StoreError(f"{folder} holds other things: name a folder that isn't there yet, or an empty one")
    new, old = (folder.with_name(f".{folder.name}-{which}.{_host()}.{os.getpid()}.part") for which in ("new", "old"))
    try:
        new.mkdir(parents=True)
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        raise store_error("write", folder, error) from error
    finally:
        for each in (new, old):
            shutil.rmtree(each, ignore_errors=True)


def clear_parts(folder: Path) -> None:
    """Remove what processes of this host left half-written in the results folder when they were killed.

    Those of other hosts may be at work: a results folder can lie on a network file system.
    """
    for path in _parts(folder):
        match = PART.fullmatch(path.name)
        if match and match["host"] == _host() and not _is_alive(int(match["process"])):
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def json_bytes(document: Any) -> bytes:
    """Strict JSON, indented, a list of plain values on as few lines as it takes; ends in a newline."""
    return ("".join(_json(document, "")) + "\n").encode()


def finite_or_none(value: Any) -> Any:
    """The value; or None, JSON's null, for a float that strict JSON has no word for: NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def store_error(verb: str, path: Path, error: OSError) -> StoreError:
    """The error for a file or folder that can't be used as the verb says: 'write', 'read'."""
    # Making a folder in a file's place is refused as "exists", which says little.
    reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror or error
    remedy = "choose a results folder by --out in which you may read and write, with room"
    if isinstance(error, IsADirectoryError):
        remedy = "remove the folder that stands in its place"
    return StoreError(f"can't {verb} {path}: {reason}; {remedy}")


def _json(value: Any, indent: str) -> Iterator[str]:
    inner = indent + " "
    if isinstance(value, dict) and value:
        yield "{\n"
        for i, (key, item) in enumerate(value.items()):
            yield (",\n" if i else "") + f"{inner}{json.dumps(key)}: "
            yield from _json(item, inner)
        yield f"\n{indent}}}"
    elif isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple) for item in value):
        yield "[\n"
        for i, item in enumerate(value):
            yield (",\n" if i else "") + inner
            yield from _json(item, inner)
        yield f"\n{indent}]"
    else:
        text = json.dumps(value, allow_nan=False)
        if isinstance(value, list | tuple) and len(text) > WIDTH and not any(isinstance(item, str) for item in value):
            text = "\n".join(textwrap.wrap(text, WIDTH, initial_indent=inner, subsequent_indent=inner)).lstrip()
        yield text


def _parts(folder: Path) -> Iterator[Path]:
    for pattern in (".*.part", "*/.*.part", "runs/*/.*.part", "train/*/.*.part"):
        yield from folder.glob(pattern)


def _host() -> str:
    """This machine's name, in letters that any file system takes."""
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname()) or "-"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
