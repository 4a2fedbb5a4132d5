"""The table of data sets. To add one, write a module with `load` and `describe`, and add its row here.

A row holds the module's name instead of the module, so that listing the data sets imports none of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from bnlab.data.dataset import Dataset
from bnlab.data.description import Description
from bnlab.data.faults import wanted
from bnlab.errors import DataError


class Module(Protocol):
    """What a data set's module offers."""

    def load(
        self, folders: Sequence[Path], num_train: int | None, num_test: int | None, num_val: int | None
    ) -> Dataset: ...

    def describe(self, folders: Sequence[Path]) -> Description: ...

    def holds(self, folder: Path) -> bool: ...


class OwnModule(Protocol):
    """What the module of images of one's own offers."""

    def own_name(self, path: Path, taken: Sequence[str]) -> str: ...

    def is_own(self, path: Path) -> bool: ...

    def found(self, folders: Sequence[Path], taken: Sequence[str], name: str | None = None) -> dict[str, list[Path]]: ...

    def load(
        self,
        name: str,
        path: Path,
        num_train: int | None,
        num_test: int | None,
        num_val: int | None,
        size: tuple[int, int] | None,
    ) -> Dataset: ...

    def describe(self, name: str, path: Path) -> Description: ...


@dataclass(frozen=True)
class DatasetEntry:
    """A data set as the registry knows it: the module that loads it, one line of help, and the names of its classes, in the
    order of their labels; none where a label's number is its name. in_files: whether it comes as files; then its module
    offers `holds(folder)` too."""

    module: str
    help: str
    classes: tuple[str, ...] = ()
    in_files: bool = False


FASHION = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DATASETS = {
    "fashion-mnist-mini": DatasetEntry(
        "bnlab.data.fashion_mnist_mini", "6,000 images of Fashion-MNIST that come with bnlab", FASHION
    ),
    "fashion-mnist": DatasetEntry(
        "bnlab.data.fashion_mnist", "Fashion-MNIST, or images of your own, from IDX files", FASHION, in_files=True
    ),
    "cifar10": DatasetEntry(
        "bnlab.data.cifar10", "CIFAR-10 from its official files, binary or pickled", CIFAR10, in_files=True
    ),
    "synthetic": DatasetEntry("bnlab.data.synthetic", "noisy 8 x 8 patterns made on the spot, for quick trials"),
}
DEFAULT = "fashion-mnist-mini"


def load(
    name: str,
    folders: Sequence[str | Path] = (),
    num_train: int | None = None,
    num_test: int | None = 0,
    num_val: int | None = None,
    size: tuple[int, ...] | None = None,
) -> Dataset:
    """The data set `name`: its first `num_train` training, `num_val` validation and `num_test` test images.

    None means all. Of a data set that comes as files the last 1,000 training images are for validation, or the last
    `num_val` if that is more; of images of one's own, which may be anywhere in folders, exactly `num_val`. size: height and
    width that these are resized to. Nets and the Solver take what `.arrays()` of it gives. folders are searched in order;
    the first that holds the data set's files is the one read. Raises DataError if the name is unknown, files are missing or
    damaged, or there are fewer images than asked for.
    """
    places = _paths(folders)
    own = None if name in DATASETS else _own_path(name, places)
    for kind, number, least in (("training", num_train, 1), ("validation", num_val, 1), ("test", num_test, 0)):
        if number is not None and number < least:
            remedy = f"ask for {least} or more" + (", or leave the number out" if least else "")
            raise DataError(f"{number} {kind} images of {name} asked for: {remedy}")
    if own is not None:
        return _own().load(name, own, num_train, num_test, num_val, (size[0], size[1]) if size else None)
    if size is not None:
        raise DataError(f"data.size is for images of your own, and those of {name} have one size: leave data.size out")
    held = _module(name).load(places, num_train, num_test, num_val)
    validating = slice(wanted("validation", name, num_val, len(held.x_val)))
    return replace(held, x_val=held.x_val[validating], y_val=held.y_val[validating], classes=DATASETS[name].classes)


def describe(name: str, folders: Sequence[str | Path] = ()) -> Description:
    """What there is of the data set `name`, from the sizes and headers of its files.

    Raises DataError only for an unknown name, and folders that can't be read. `problem` says what is wrong.
    """
    if name not in DATASETS:
        return _own().describe(name, _own_path(name, _paths(folders)))
    return replace(_module(name).describe(_paths(folders)), classes=DATASETS[name].classes)


def own_names(folders: Sequence[str | Path]) -> list[str]:
    """The names of the data sets of one's own in these folders. Raises DataError for a folder that can't be read."""
    return list(_own().found(_paths(folders), (*DATASETS,)))


def name_of(path: str | Path) -> str | None:
    """The name of the images of one's own that a path is; None for a folder that holds files of the data sets here, or no
    images at all. Raises DataError if it can't be read."""
    path = Path(path)
    if any(_module(name).holds(path) for name, entry in DATASETS.items() if entry.in_files):
        return None
    return _own().own_name(path, (*DATASETS,)) if _own().is_own(path) else None


def _own_path(name: str, folders: Sequence[Path]) -> Path:
    """Where the images of one's own lie that have this name. Raises DataError if there are none, or several."""
    found = _own().found(folders, (*DATASETS,), name)
    if name not in found:
        known = (*DATASETS, *own_names(folders))
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise DataError(
            f"unknown data set '{name}': choose one of {', '.join(known)}, or point --data-dir to images of your own{hint}"
        )
    first, *others = found[name]
    if others:
        raise DataError(f"{first} and {others[0]} are both called {name}: name one of them by --data-dir, or rename one")
    return first


def _own() -> OwnModule:
    """The module of images of one's own. Like those of the data sets, it is imported when it is needed."""
    return cast(OwnModule, import_module("bnlab.data.own"))


def _module(name: str) -> Module:
    return cast(Module, import_module(DATASETS[name].module))


def _paths(folders: Sequence[str | Path]) -> tuple[Path, ...]:
    return tuple(Path(folder) for folder in folders)
