"""CIFAR-10 from its official files, in the binary or the pickled layout: data_batch_1 to data_batch_5 and test_batch.

The first few data batches are enough, each with any number of images. If a folder holds both layouts, the binary one is
read, because it is quicker. An official archive that nobody has unpacked is read where it lies, into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bnlab.data.archive import Readable, members
from bnlab.data.cifar10_binary import open_binary
from bnlab.data.cifar10_pickled import open_pickled
from bnlab.data.fileset import Files, FileSet
from bnlab.data.split import Part
from bnlab.errors import DataError

SOURCE = "CIFAR-10, Krizhevsky 2009, no licence stated (www.cs.toronto.edu/~kriz/cifar.html)"
BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))


@dataclass(frozen=True)
class Layout:
    """How the files of a layout are named and read; their archive, and the folder in it that they lie in."""

    suffix: str
    open: Callable[[Readable], Part]
    archive: str
    folder: str

    @property
    def train(self) -> list[str]:
        """The names of the files of training images, in their order."""
        return [name + self.suffix for name in BATCHES]

    @property
    def test(self) -> str:
        """The name of the file of test images."""
        return f"test_batch{self.suffix}"


LAYOUTS = (
    Layout(".bin", open_binary, "cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
    Layout("", open_pickled, "cifar-10-python.tar.gz", "cifar-10-batches-py"),
)


def _find(folder: Path) -> Files | None:
    for layout in LAYOUTS:
        train = [path for path in (folder / name for name in layout.train) if path.exists()]
        if train:
            test = folder / layout.test
            there = {path.name: path for path in train}
            return Files(train, [test], partial(_open_train, layout, folder, there), partial(_open_test, layout, test))
    return None


def _find_packed(folder: Path) -> Files | None:
    for layout in LAYOUTS:
        path = folder / layout.archive
        if path.exists():
            return Files([path], [path], partial(_unpack_train, layout, path), partial(_unpack_test, layout, path), path)
    return None


def _open_train(layout: Layout, where: Path, there: Mapping[str, Readable]) -> list[Part]:
    """The batches that are there. Raises DataError if one is missing before the last of them."""
    gap = next((number for number, name in enumerate(layout.train) if name not in there), len(layout.train))
    later = [name for name in layout.train[gap:] if name in there]
    if later or not there:
        though = f"though {later[0]} is there" if later else "and so are all others"
        raise DataError(f"{layout.train[gap]} is missing from {where}, {though}: put it there")
    return [layout.open(there[name]) for name in layout.train[:gap]]


def _open_test(layout: Layout, path: Path) -> Part:
    if not path.exists():
        raise DataError(f"{path.name} is missing from {path.parent}: put it there, or ask for no test images")
    return layout.open(path)


def _unpack_train(layout: Layout, path: Path) -> list[Part]:
    return _open_train(layout, path, {member.name: member for member in members(path, layout.train, layout.folder)})


def _unpack_test(layout: Layout, path: Path) -> Part:
    found = [*members(path, [layout.test], layout.folder)]
    if not found:
        raise DataError(f"{layout.test} is missing from {path}: take a whole archive, or ask for no test images")
    return layout.open(found[0])


_SET = FileSet(
    name="cifar10",
    source=SOURCE,
    subfolders=tuple(layout.folder for layout in LAYOUTS),
    files="data_batch_1.bin to data_batch_5.bin and test_batch.bin (or the pickled data_batch_1 to 5 and test_batch, or "
    f"either archive, {' or '.join(layout.archive for layout in LAYOUTS)})",
    find=_find,
    find_packed=_find_packed,
)
load = _SET.load
describe = _SET.describe
holds = _SET.holds
