"""A data set in files: how it is found in folders, split, loaded and described, whatever the layout of its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bnlab.data.dataset import Dataset
from bnlab.data.description import Description
from bnlab.data.faults import reading
from bnlab.data.folders import places
from bnlab.data.sources import REMOTES
from bnlab.data.split import NUM_VALIDATION, Part, num_training, split
from bnlab.errors import DataError, NoDataError


@dataclass(frozen=True)
class Files:
    """The files of one folder: those for training (at least one is there), those for test, and what reads them."""

    train: Sequence[Path]
    test: Sequence[Path]
    open_train: Callable[[], Sequence[Part]]
    open_test: Callable[[], Part]
    archive: Path | None = None
    """What they are read from, if it isn't their folder."""


@dataclass(frozen=True)
class FileSet:
    """A data set in files.

    subfolders: names of folders, besides the data set's own, that its files usually lie in.
    files: which files make it up, in words. find: the files in a folder, None if it holds none. find_packed: the same of
    an archive there, which is read only where no folder of the same place has the files themselves.
    """

    name: str
    source: str
    subfolders: tuple[str, ...]
    files: str
    find: Callable[[Path], Files | None]
    find_packed: Callable[[Path], Files | None] = lambda folder: None

    def load(
        self, folders: Sequence[Path], num_train: int | None, num_test: int | None, num_val: int | None = None
    ) -> Dataset:
        """See `bnlab.data.load`. The files of test images aren't looked at unless there are some to load."""
        _, files = self._found(folders)
        parts = files.open_train()
        test = None if num_test == 0 else self._open_test(files, parts)
        return split(self.name, parts, test, num_train, num_test, max(NUM_VALIDATION, num_val or 0))

    def describe(self, folders: Sequence[Path]) -> Description:
        """See `bnlab.data.describe`."""
        try:
            folder, files = self._found(folders)
        except DataError as error:
            return Description(self.name, False, "", self.source, problem=str(error))
        where = str(files.archive or folder)
        size = sum(path.stat().st_size for path in {*files.train, *files.test} if path.is_file())
        try:
            parts = files.open_train()
            num_train = num_training(self.name, parts)
            num_test = self._open_test(files, parts).count if any(path.exists() for path in files.test) else 0
        except DataError as error:
            return Description(self.name, True, where, self.source, num_bytes=size, problem=str(error))
        return Description(self.name, True, where, self.source, parts[0].shape, num_train, NUM_VALIDATION, num_test, size)

    def holds(self, folder: Path) -> bool:
        """Whether files of the data set lie in the folder, or where they usually lie in it."""
        return folder.is_dir() and any(self.find(place) for place in places([folder], (self.name, *self.subfolders)))

    def _open_test(self, files: Files, train: Sequence[Part]) -> Part:
        test = files.open_test()
        if test.shape != train[0].shape:
            sizes = f"{_product(test.shape)}, but its training images {_product(train[0].shape)}"
            raise DataError(f"the test images of {self.name} are {sizes}: use files of one size")
        return test

    def _found(self, folders: Sequence[Path]) -> tuple[Path, Files]:
        for top, find in product(folders, (self.find, self.find_packed)):
            for folder in places([top], (self.name, *self.subfolders)):
                with reading(folder):
                    files = find(folder)
                if files:
                    return folder, files
        searched = ", ".join(map(str, folders)) or "no folder at all"
        target = folders[0] / self.name if folders else "a folder, and name it"
        fetch = f", or fetch them by bnlab data fetch {self.name}" if self.name in REMOTES else ""
        raise NoDataError(f"no files of {self.name} found (searched: {searched}): put {self.files} into {target}{fetch}")


def _product(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
