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
ANOTHER_RESULTS_FOLDER = "choose a results folder by --out in which you may read and write, with room"
PART = re.compile(r"\..+\.(?P<host>[^.]+)\.(?P<process>\d+)\.part")


def write(path: Path, content: bytes) -> os.stat_result:
    """Put a file there whole or not at all: written beside its place under another name, then moved there. Gives the facts
    of the file that was written, which is no longer the one there if another process has written it since.

    Raises StoreError if the folder can't be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{_host()}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            facts = os.fstat(file.fileno())
        os.replace(temporary, path)
        return facts
    except OSError as error:
        raise store_error("write", path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep the folder, made if need be, to this process until the end of the block.

    Raises StoreError if another process has it, or if the folder can't be made. Where there are no locks it isn't kept.
    """
    with first_in(folder) as first:
        if not first:
            raise StoreError(
                f"another bnlab is at work in {folder}: wait until it has ended, or name another folder by --out"
            )
        yield


@contextlib.contextmanager
def first_in(folder: Path) -> Iterator[bool]:
    """Lock the folder, made if need be, until the end of the block; False if another process has it locked.

    The system ends the lock with the process, however that ends, and it leaves no file. Where the system or the file
    system has no such locks, everybody is the first. Over a network file system processes of other hosts may not count:
    Linux keeps locks of folders to the host. Raises StoreError if the folder can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error("write", folder, error) from error
    if fcntl is None:
        yield True
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems
        pass
    return True


@contextlib.contextmanager
def whole_folder(folder: Path, mark: str, remedy: str) -> Iterator[Path]:
    """Make a folder whole or not at all. The block fills the one that it is given, which then takes the place of `folder`.

    mark: the file by which a folder is known that was made like this. remedy: what the user may do where it can't be
    written. Raises StoreError for a folder that has no such file and isn't empty, and for one that can't be written.
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
        raise store_error("write", folder, error, remedy) from error
    finally:
        for each in (new, old):
            shutil.rmtree(each, ignore_errors=True)


def clear_parts(folder: Path) -> None:
    """Remove what processes of this host left half-written in the results folder when they were killed.

    Those of other hosts may be at work: a results folder can lie on a network file system.
    """
    for path in half_written(folder):
        with contextlib.suppress(OSError):
            remove(path)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it. Raises OSError if that isn't possible; nothing, if it is gone."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def half_written(folder: Path, others: bool = False) -> Iterator[Path]:
    """Half-written files in the results folder whose writers are gone. others: also those of other hosts, of which nobody
    here knows."""
    for pattern in (".*.part", "*/.*.part", "runs/*/.*.part", "train/*/.*.part"):
        for path in sorted(folder.glob(pattern)):
            match = PART.fullmatch(path.name)
            if match and (others if match["host"] != _host() else not _is_alive(int(match["process"]))):
                yield path


def json_bytes(document: Any) -> bytes:
    """Strict JSON, indented, a list of plain values on as few lines as it takes; ends in a newline."""
    return ("".join(_json(document, "")) + "\n").encode()


def finite_or_none(value: Any) -> Any:
    """The value; or None, JSON's null, for a float that strict JSON has no word for: NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def store_error(verb: str, path: Path, error: OSError, remedy: str = ANOTHER_RESULTS_FOLDER) -> StoreError:
    """The error for a file or folder that can't be used as the verb says: 'write', 'read'. remedy: what the user may do."""
    # Making a folder in a file's place is refused as "exists", which says little.
    reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror or error
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
            text = _in_lines(text, inner)
        yield text


def _in_lines(text: str, indent: str) -> str:
    """The words on as few lines as they fit on, all lines but the first indented. textwrap takes 30 times as long."""
    room = WIDTH - len(indent)
    lines, length = [], room
    for word in text.split(" "):
        if length + 1 + len(word) > room:
            lines.append(word)
            length = len(word)
        else:
            lines[-1] += " " + word
            length += 1 + len(word)
    return f"\n{indent}".join(lines)


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
