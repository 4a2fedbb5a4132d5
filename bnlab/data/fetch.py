"""Data sets fetched from the network, checked by their published hashes before anything of them is used.

1. What is fetched lies in a hidden folder of its own until all of it is there and right: nothing reads it there.
2. Each file comes from the first source that gives it. Another source goes on where one broke off, since it is the same
   file; if the hash then disagrees, the source is asked for all of it.
3. pooch compares the hash, and keeps files that were right when an earlier command fetched them.
4. Then everything goes to its place at once, by renaming a folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bnlab.data.archive import members
from bnlab.data.description import Description
from bnlab.data.download import Limits, SlowError, SourceError, download, naming
from bnlab.data.folders import places
from bnlab.data.registry import describe
from bnlab.data.sources import Remote, RemoteFile, addresses, check_source, remote
from bnlab.errors import DataError, RunError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Advance = Callable[[str, int, int], None]
"""Called as bytes come: the file's name, how many of its bytes are there, and how many it has."""


class Fetched(NamedTuple):
    """What there is now. sources: the addresses or files that it came from; none if it was there before."""

    description: Description
    sources: tuple[str, ...]


def fetch(
    name: str,
    folders: Sequence[Path],
    sources: Sequence[str] = (),
    limits: Limits = Limits(),  # noqa: B008  (it is frozen)
    tell: Callable[[str], None] = lambda line: None,
    advance: Advance = lambda name, there, size: None,
) -> Fetched:
    """Fetch the data set into the first of the folders, unless it is whole in one of them.

    An official archive that lies in the first folder is unpacked, without the network. sources: addresses, in place of
    those in `bnlab/data/sources.py`. tell: is given a line for each source that fails. Raises DataError if the request
    can't be carried out, RunError if no source has the files.
    """
    wanted, folder = remote(name), folders[0]
    for source in sources:
        check_source(source)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"data folder {folder} is not a folder: name one, or one to be made")
    own = _archives_here(name, folder, wanted, tell)
    if own and _is_unpacked(name, folder):
        own = {}
    if not own:
        if _is_whole(found := describe(name, folders), wanted):
            return Fetched(found, ())
        _refuse_if_shadowed(describe(name, [folder]))
    with _alone(folder / f".{name}.fetch", name, folder) as staging:
        if not own and _is_whole(found := describe(name, [folder]), wanted):  # by another command, meanwhile
            return Fetched(found, ())
        network = _Sources(staging, [*sources] or [*wanted.sources], wanted, limits, tell, advance)
        files, origins = {}, []
        for part in wanted.parts:
            here = next((file for file in part if file.name in own), None)
            file, path, origin = (here, own[here.name], str(own[here.name])) if here else network.obtain(part, name, folder)
            files[file.name] = path
            origins.append(origin)
        _put_in_place(name, folder, staging, files)
        shutil.rmtree(staging, ignore_errors=True)
    return Fetched(describe(name, [folder]), tuple(dict.fromkeys(origins)))


def kept(name: str, folder: Path) -> int:
    """Bytes that an interrupted fetch has left, for the next one to go on from."""
    return sum(path.stat().st_size for path in (folder / f".{name}.fetch").glob("*") if path.is_file())


def _is_whole(found: Description, wanted: Remote) -> bool:
    numbers = (found.num_train + found.num_val, found.num_test)
    return found.present and found.problem is None and numbers == (wanted.num_train, wanted.num_test)


def _is_unpacked(name: str, folder: Path) -> bool:
    found = describe(name, [folder])
    return found.present and not Path(found.where).is_file()


def _archives_here(name: str, folder: Path, wanted: Remote, tell: Callable[[str], None]) -> dict[str, Path]:
    """The official archives that lie in the folder, by name. One with another hash is named and left alone."""
    own = {}
    for file in filter(_is_archive, wanted.files.values()):
        for path in [place / file.name for place in places([folder], [name])]:
            if path.is_file() and file.name not in own:
                if _is_right(path, file):
                    own[file.name] = path
                else:
                    tell(f"{path} is left alone: its {_hash_name(file)} isn't that of the official file")
    return own


def _refuse_if_shadowed(found: Description) -> None:
    """Raises DataError for files in the folder that would be read before those to be fetched."""
    if found.present:
        what = found.problem or f"{found.num_train + found.num_val:,} training and {found.num_test:,} test images"
        raise DataError(
            f"{found.where} holds something of {found.name} that isn't all of it ({what}), and it would be read first: "
            "remove it, or name another folder by --data-dir"
        )


class _Sources:
    """The sources of a data set. One that failed is asked last from then on."""

    def __init__(
        self,
        staging: Path,
        sources: list[str],
        wanted: Remote,
        limits: Limits,
        tell: Callable[[str], None],
        advance: Advance,
    ) -> None:
        self.staging, self.sources, self.wanted, self.limits = staging, sources, wanted, limits
        self.tell, self.advance = tell, advance

    def obtain(self, part: Sequence[RemoteFile], name: str, folder: Path) -> tuple[RemoteFile, Path, str]:
        """One of the files, checked: what it is, where it is, and the address it came from."""
        slow = []
        candidates = [
            (source, url, file) for source in self.sources for url, file in addresses(source, part, self.wanted.files)
        ]
        for source, url, file in candidates:
            limits = self.limits if len(candidates) > 1 else replace(self.limits, min_rate=0)
            try:
                return file, self._obtain(url, file, limits), url
            except SlowError as error:
                slow.append((error.rate, url, file))
                self.tell(f"{url} {error}: it gives way to the next source")
            except SourceError as error:
                self.tell(f"{url} {error}")
            self.sources.remove(source)
            self.sources.append(source)
        for _, url, file in sorted(slow, key=lambda each: -each[0]):
            self.tell(f"{url} is taken all the same, since no other source has the file")
            try:
                return file, self._obtain(url, file, replace(self.limits, min_rate=0)), url
            except SourceError as error:
                self.tell(f"{url} {error}")
        names = " or ".join(f"{file.name} ({file.hash.replace(':', ' ')})" for file in part)
        raise RunError(
            f"{name} isn't fetched: none of its sources gives {names}; try again later, name another source by --source, "
            f"or put the file into {folder}"
        )

    def _obtain(self, url: str, file: RemoteFile, limits: Limits) -> Path:
        """The file in the hidden folder, with the right hash. Raises SourceError if this source doesn't give it."""
        import pooch

        pooch.get_logger().setLevel("WARNING")
        part, whole = self.staging / f"{file.name}.part", False

        def to_part(address: str, output: str, _: object) -> None:
            nonlocal whole
            whole = download(address, part, file.size, limits, lambda there: self.advance(file.name, there, file.size))
            os.replace(part, output)

        while not whole:  # bytes from another source, or of an earlier day, may be what is wrong
            try:
                return Path(pooch.retrieve(url, file.hash, file.name, self.staging, downloader=to_part))
            except ValueError:  # pooch's word for a wrong hash; it has removed the file
                continue
        raise SourceError(f"has another file (its {_hash_name(file)} isn't that of the official one)")


def _put_in_place(name: str, folder: Path, staging: Path, files: dict[str, Path]) -> None:
    """Move the files to where `bnlab data list` finds them, all at once; archives unpacked."""
    new = staging / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    target = folder / name
    for file, path in files.items():
        if file.endswith(".tar.gz"):
            target = folder / _unpack(path, file, new)
        else:
            os.replace(path, new / file)
    try:
        new.rename(target)
    except OSError as error:
        if not target.exists():
            raise
        raise DataError(f"{target} is in the way: remove it, or name another folder by --data-dir") from error


def _unpack(path: Path, name: str, into: Path) -> str:
    """Write the batches of CIFAR-10's archive into the folder, under names of our own: the name that it should have."""
    from bnlab.data.cifar10 import LAYOUTS

    layout = next(layout for layout in LAYOUTS if layout.archive == name)
    missing = {*layout.train, layout.test}
    for member in members(path, tuple(missing), layout.folder):
        with naming(into / member.name), open(into / member.name, "xb") as file:
            file.write(member.content)
            file.flush()
            os.fsync(file.fileno())
        missing.discard(member.name)
    if missing:
        raise DataError(f"{path} lacks {', '.join(sorted(missing))}: fetch it again")
    return layout.folder


def _is_archive(file: RemoteFile) -> bool:
    return file.name.endswith(".tar.gz")


def _is_right(path: Path, file: RemoteFile) -> bool:
    import pooch

    algorithm, _, digest = file.hash.partition(":")
    return path.stat().st_size == file.size and pooch.file_hash(str(path), alg=algorithm) == digest


def _hash_name(file: RemoteFile) -> str:
    return {"md5": "MD5", "sha256": "SHA-256"}[file.hash.partition(":")[0]]


@contextmanager
def _alone(staging: Path, name: str, folder: Path) -> Iterator[Path]:
    """Keep the hidden folder to this process until the end of the block. Raises DataError if another has it.

    The system ends the lock with the process. Where a file system has none, two commands at once may spoil each other's
    bytes, and the hash tells.
    """
    staging.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield staging
        return
    handle = os.open(staging, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"another bnlab is fetching {name} into {folder}: wait until it has ended, or name another folder by "
                "--data-dir"
            ) from None
        except OSError:  # some network file systems
            pass
        # The one before may have removed the folder in between.
        staging.mkdir(parents=True, exist_ok=True)
        yield staging
    finally:
        with suppress(OSError):  # it stays if it holds something to go on from
            staging.rmdir()
        os.close(handle)
