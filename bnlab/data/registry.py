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


@dataclass(frozen=True)
class DatasetEntry:
    """A data set as the registry knows it: the module that loads it, one line of help, and the names of its classes, in the
    order of their labels; none where a label's number is its name."""

    module: str
    help: str
    classes: tuple[str, ...] = ()


FASHION = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DATASETS = {
    "fashion-mnist-mini": DatasetEntry(
        "bnlab.data.fashion_mnist_mini", "6,000 images of Fashion-MNIST that come with bnlab", FASHION
    ),
    "fashion-mnist": DatasetEntry(
        "bnlab.data.fashion_mnist", "Fashion-MNIST, or images of your own, from IDX files", FASHION
    ),
    "cifar10": DatasetEntry("bnlab.data.cifar10", "CIFAR-10 from its official files, binary or pickled", CIFAR10),
    "synthetic": DatasetEntry("bnlab.data.synthetic", "noisy 8 x 8 patterns made on the spot, for quick trials"),
}
DEFAULT = "fashion-mnist-mini"


def load(
    name: str,
    folders: Sequence[str | Path] = (),
    num_train: int | None = None,
    num_test: int | None = 0,
    num_val: int | None = None,
) -> Dataset:
    """The data set `name`: its first `num_train` training, `num_val` validation and `num_test` test images.

    None means all. Of a data set that comes as files the last 1,000 training images are for validation, or the last
    `num_val` if that is more. Nets and the Solver take what `.arrays()` of it gives. folders are searched in order; the
    first that holds the data set's files is the one read. Raises DataError if the name is unknown, files are missing or
    damaged, or there are fewer images than asked for.
    """
    module = _module(name)
    for kind, number, least in (("training", num_train, 1), ("validation", num_val, 1), ("test", num_test, 0)):
        if number is not None and number < least:
            remedy = f"ask for {least} or more" + (", or leave the number out" if least else "")
            raise DataError(f"{number} {kind} images of {name} asked for: {remedy}")
    held = module.load(_paths(folders), num_train, num_test, num_val)
    validating = slice(wanted("validation", name, num_val, len(held.x_val)))
    return replace(held, x_val=held.x_val[validating], y_val=held.y_val[validating])


def describe(name: str, folders: Sequence[str | Path] = ()) -> Description:
    """What there is of the data set `name`, from the sizes and headers of its files.

    Raises DataError only for an unknown name. `problem` says what is missing or damaged.
    """
    return _module(name).describe(_paths(folders))


def _module(name: str) -> Module:
    if name not in DATASETS:
        near = difflib.get_close_matches(name.lower(), DATASETS, n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise DataError(f"unknown data set '{name}': choose one of {', '.join(DATASETS)}{hint}")
    return cast(Module, import_module(DATASETS[name].module))


def _paths(folders: Sequence[str | Path]) -> tuple[Path, ...]:
    return tuple(Path(folder) for folder in folders)
