"""Archives (.tar.gz) read without trusting them: nothing of one is written under a name that the archive chose.

1. Members are asked for by name, and come as bytes. Where they go, the caller decides.
2. A path that leads out of the folder, a link or a device makes the whole archive suspect, so it is refused.
3. The archive is read as a stream, and its bytes are counted as they are unpacked: one that unpacks to more than `limit`
   is refused there, however small it is and whatever its headers say.
4. It is read to its end, because gzip's checksum stands there.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, TypeAlias, cast

from bnlab.data.faults import damaged, reading
from bnlab.errors import DataError

LIMIT = 500_000_000
"""Bytes that an archive may unpack to; CIFAR-10's take 184 million."""
MOST_MEMBERS = 1_000
BLOCK = 1_000_000


class Size(NamedTuple):
    """What is known of a member besides its bytes."""

    st_size: int


class Member(NamedTuple):
    """A file in an archive. It offers what readers of data sets use of a Path."""

    archive: Path
    name: str
    content: bytes

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Its bytes as a file."""
        return io.BytesIO(self.content)

    def is_file(self) -> bool:
        """Always, as no other member is handed out."""
        return True

    def stat(self) -> Size:
        """Its size, in bytes."""
        return Size(len(self.content))

    def __str__(self) -> str:
        return f"{self.archive}: {self.name}"


Readable: TypeAlias = "Path | Member"
"""A file in a folder, or in an archive."""


def members(path: Path, wanted: Collection[str], folder: str = "", limit: int = LIMIT) -> Iterator[Member]:
    """The files of these names in the archive, in its own order, one at a time in memory.

    folder: the folder within the archive that they may lie in, besides none. Raises DataError for an archive that is
    damaged, that unpacks to more than `limit` bytes, that has a wanted file twice, or that has paths or kinds of members
    that no archive of images has.
    """
    found = set()
    with _unpacked(path, limit) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, entry in enumerate(archive, 1):
            _check(path, entry)
            if count > MOST_MEMBERS:  # Python keeps the headers of all
                raise _refused(path, f"it has more than {MOST_MEMBERS:,} members")
            name = _own_name(entry.name, folder)
            if not entry.isreg() or name not in wanted:
                continue
            if name in found:
                raise _refused(path, f"it holds {name} twice")
            found.add(name)
            file = archive.extractfile(entry)
            yield Member(path, name, b"" if file is None else file.read())
        while stream.read(BLOCK):
            pass


def _own_name(name: str, folder: str) -> str:
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    return "/".join(parts[1:] if parts[:1] == [folder] else parts)


def _check(path: Path, entry: tarfile.TarInfo) -> None:
    """Raises DataError for a member that could do harm if somebody unpacked it."""
    name = ascii(entry.name[:120])
    pure = PurePosixPath(entry.name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or ":" in entry.name[:2]:
        raise _refused(path, f"it holds {name}, which leads out of the folder")
    if entry.issym() or entry.islnk():
        raise _refused(path, f"its {name} is a link")
    # A sparse file can have few bytes in the archive and any size outside.
    if not (entry.isdir() or entry.isreg()) or entry.issparse():
        raise _refused(path, f"its {name} is no plain file")


def _refused(path: Path, found: str) -> DataError:
    return damaged(path, found, "an archive of plain files; nothing of it was used")


@contextmanager
def _unpacked(path: Path, limit: int) -> Iterator[IO[bytes]]:
    """The bytes that the archive unpacks to. What a damaged one raises, here or in the body, becomes a DataError."""
    with reading(path):
        try:
            with gzip.open(path) as file:
                yield cast(IO[bytes], _Counted(path, cast(IO[bytes], file), limit))
        except (DataError, MemoryError):
            raise
        except OSError as error:
            if isinstance(error, gzip.BadGzipFile) or error.errno is None:
                raise _broken(path, error) from error
            raise
        except Exception as error:  # a damaged archive can raise nearly anything
            raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> DataError:
    return damaged(path, f"it can't be unpacked ({ascii(str(error))[1:-1][:120]})", "a whole .tar.gz archive")


class _Counted:
    """A stream that ends in an error after `limit` bytes."""

    def __init__(self, path: Path, file: IO[bytes], limit: int) -> None:
        self.path, self.file, self.limit, self.left = path, file, limit, limit

    def read(self, number: int) -> bytes:
        data = self.file.read(min(number, self.left + 1))
        self.left -= len(data)
        if self.left < 0:
            raise _refused(self.path, f"it unpacks to more than {self.limit:,} bytes")
        return data
