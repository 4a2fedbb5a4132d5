"""CIFAR-10 from its official files, in the binary or the pickled layout: data_batch_1 to data_batch_5 and test_batch.

The first few data batches are enough, each with any number of images. If a folder holds both layouts, the binary one is
read, because it is quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bnlab.data.cifar10_binary import open_binary
from bnlab.data.cifar10_pickled import open_pickled
from bnlab.data.fileset import Files, FileSet
from bnlab.data.split import Part
from bnlab.errors import DataError

SOURCE = "CIFAR-10, Krizhevsky 2009, no licence stated (www.cs.toronto.edu/~kriz/cifar.html)"
BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))


@dataclass(frozen=True)
class Layout:
    """How the files of a layout are named and read."""

    suffix: str
    open: Callable[[Path], Part]


LAYOUTS = (Layout(".bin", open_binary), Layout("", open_pickled))


def _find(folder: Path) -> Files | None:
    for layout in LAYOUTS:
        paths = [folder / (name + layout.suffix) for name in BATCHES]
        train = [path for path in paths if path.exists()]
        if train:
            test = folder / ("test_batch" + layout.suffix)
            return Files(train, [test], partial(_open_train, layout, paths), partial(_open_test, layout, test))
    return None


def _open_train(layout: Layout, paths: list[Path]) -> list[Part]:
    """The batches that are there. Raises DataError if one is missing before the last of them."""
    there = [path.exists() for path in paths]
    gap = there.index(False) if False in there else len(paths)
    if any(there[gap:]):
        later = paths[there.index(True, gap)].name
        raise DataError(f"{paths[gap].name} is missing from {paths[gap].parent}, though {later} is there: put it there")
    return [layout.open(path) for path in paths[:gap]]


def _open_test(layout: Layout, path: Path) -> Part:
    if not path.exists():
        raise DataError(f"{path.name} is missing from {path.parent}: put it there, or ask for no test images")
    return layout.open(path)


_SET = FileSet(
    name="cifar10",
    source=SOURCE,
    subfolders=("cifar-10-batches-bin", "cifar-10-batches-py"),
    files="data_batch_1.bin to data_batch_5.bin and test_batch.bin (or the pickled data_batch_1 to 5 and test_batch)",
    find=_find,
)
load = _SET.load
describe = _SET.describe
holds = _SET.holds
