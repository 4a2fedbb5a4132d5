"""A folder of pictures: a sub-folder per class, or such folders in `train`, and if there are any in `val` and `test`.

Whatever lies in a class's folder must be a picture, but for what operating systems leave there. Beside the classes'
folders other files than pictures are left alone. Names are sorted by their characters, whatever order the file system has.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnlab.data.dataset import Size
from bnlab.data.faults import reading
from bnlab.data.picture import SUFFIXES, BadPictureError, Header, read_header, read_pixels
from bnlab.data.room import check_room
from bnlab.data.source import Facts, Images, Training
from bnlab.errors import DataError, plural

LITTER = {
    ".ds_store",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    ".directory",
    "icon\r",
    "__macosx",
    "@eadir",
    "lost+found",
}
"""Files and folders, in lower case, that operating systems leave in folders; `._…` besides, and hidden folders."""
TRAIN, VAL, TEST = "train", "val", "test"
PARTS = {TRAIN: (TRAIN,), VAL: (VAL, "valid", "validation"), TEST: (TEST,)}
"""What the folders of a data set that is split may be called, in lower case."""
MOST_NAMED = 5
"""Pictures of other sizes that are named."""


def is_picture_name(name: str) -> bool:
    """Whether a file of this name should be a picture."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith("._")


def holds_pictures(folder: Path) -> bool:
    """Whether pictures lie in the folder, in a folder in it, or in one in its `train`."""
    inside = _folders(folder)
    deeper = [each for name in inside if name.lower() == TRAIN for each in _folders(folder / name).values()]
    return any(_has_picture(each) for each in (folder, *inside.values(), *deeper))


@dataclass
class Listing:
    """The pictures of one part of a data set, sorted by class and name. faults: a line for each thing that is wrong."""

    folder: Path
    classes: list[str] = field(default_factory=list)
    pictures: list[tuple[Path, int]] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The label of each picture."""
        return np.array([label for _, label in self.pictures], np.int64)


class Pictures:
    """See `bnlab.data.source.Source`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts, self.ignored, self.faults = _parts(path)
        self.train = _listed(self.parts[TRAIN], None)
        self.ignored += self.train.ignored
        self.faults += self.train.faults or _too_few_classes(path, self.train.classes)
        self.classes = tuple(self.train.classes)

    @property
    def labels(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Of the pictures for training, and of those for validation."""
        return self.train.labels, self.val.labels if self.val else None

    @cached_property
    def val(self) -> Listing | None:
        """The pictures for validation, where they have a folder of their own."""
        return self._part(VAL)

    def signature(self) -> Iterable[object]:
        """What changes with the pictures that train and validate: their names, sizes and times."""
        for path, label in self._trained_on():
            with reading(path):
                found = path.stat()
            yield label, path.name, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def training(self, size: Size | None, tell: Callable[[int, int], object]) -> Training:
        """The pictures for training and validation. Raises DataError with a line for each that is wrong."""
        val = self.val
        pictures = self._trained_on()
        headers, faults = _headers(pictures)
        if listed := [*self.faults, *(val.faults if val else ())]:
            self._refuse(listed, _in_order(pictures, faults))
        if not faults:
            self._check_room(pictures, headers, size)
        grey = all(header.grey for header in headers.values())
        one_size = size is not None or len({header.size for header in headers.values()}) < 2
        pixels, damage = _pixels([each for each in pictures if each[0] in headers], grey, size, one_size, tell)
        whole = {path: header for path, header in headers.items() if path not in damage}
        self._refuse(_in_order(pictures, faults | damage), [] if size else _other_sizes(self.path, whole))
        count = len(self.train.pictures)
        held = None if val is None else Images(pixels[count:], val.labels)
        return Training(Images(pixels[:count], self.train.labels), held)

    def test(self, shape: tuple[int, int, int], size: Size | None) -> Images | None:
        """The test pictures. Raises DataError with a line for each that is wrong, or doesn't go with those for training."""
        test = self._part(TEST)
        if test is None:
            return None
        self._refuse(test.faults)
        headers, faults = _headers(test.pictures)
        channels, *wanted = shape
        for path, header in headers.items():
            if channels == 1 and not header.grey:
                faults[path] = "has colours, but the training pictures are grey: make it grey too"
            elif size is None and header.size != tuple(wanted):
                faults[path] = f"is {_product(header.size)} (height x width), but the training pictures {_product(wanted)}"
        if not faults:
            self._check_room(test.pictures, headers, size)
        good = [each for each in test.pictures if each[0] not in faults]
        pixels, damage = _pixels(good, channels == 1, size, not faults, lambda done, of: None)
        self._refuse(_in_order(test.pictures, faults | damage))
        return Images(pixels, test.labels)

    def facts(self, size: Size | None = None) -> Facts:
        """What the headers of all pictures say. Raises DataError as `training` and `test` do, but for damaged pixels."""
        val, test = self.val, self._part(TEST)
        listings = [self.train, *(each for each in (val, test) if each)]
        listed = [*self.faults, *(line for each in listings[1:] for line in each.faults)]
        pictures = [each for listing in listings for each in listing.pictures]
        headers, faults = _headers(pictures)
        sizes = [] if size or listed else _other_sizes(self.path, headers)
        self._refuse(listed, _in_order(pictures, faults), sizes)
        trained_on = [headers[path] for path, _ in self._trained_on()]
        height, width = size or trained_on[0].size
        return Facts(
            (1 if all(header.grey for header in trained_on) else 3, height, width),
            len(self.train.pictures),
            len(val.pictures) if val else 0,
            len(test.pictures) if test else 0,
            sum(path.stat().st_size for path, _ in pictures),
            tuple(_notes(self.path, [*self.ignored, *(path for each in listings[1:] for path in each.ignored)], headers)),
        )

    def _part(self, part: str) -> Listing | None:
        return _listed(self.parts[part], self.train.classes) if part in self.parts else None

    def _trained_on(self) -> list[tuple[Path, int]]:
        return self.train.pictures + (self.val.pictures if self.val else [])

    def _refuse(self, *faults: Sequence[str]) -> None:
        lines = [line for each in faults for line in each]
        if lines:
            raise DataError("\n".join(lines))

    def _check_room(self, pictures: Sequence[object], headers: Mapping[Path, Header], size: Size | None) -> None:
        height, width = size or next(iter(headers.values())).size
        channels = 1 if all(header.grey for header in headers.values()) else 3
        check_room(self.path, len(pictures) * channels * height * width, "make them smaller with -s data.size=[H,W]")


def _parts(path: Path) -> tuple[dict[str, Path], list[Path], list[str]]:
    """The folder of each part, what is left alone beside them, and what is wrong. A folder that isn't split is all
    `train`."""
    folders = _folders(path)
    if not any(name.lower() == TRAIN and _folders(folder) for name, folder in folders.items()):
        return {TRAIN: path}, [], []
    ignored, faults = _loose(path, folders)
    parts: dict[str, Path] = {}
    for name, folder in folders.items():
        part = next((part for part, names in PARTS.items() if name.lower() in names), None)
        if part is None:
            allowed = ", ".join(name for names in PARTS.values() for name in names)
            faults.append(f"{folder} stands beside {TRAIN}, and isn't one of {allowed}: move it away, or rename it")
        elif part in parts:
            faults.append(f"{folder} and {parts[part]} stand for the same part: keep one of them")
        else:
            parts[part] = folder
    return parts, ignored, faults


def _loose(folder: Path, folders: Mapping[str, Path]) -> tuple[list[Path], list[str]]:
    """What lies beside the folders of a folder: what is left alone, and for pictures that they are in the wrong place."""
    names = sorted(_names(folder) - folders.keys(), key=_class_name)
    faults = [f"{folder / name} lies in no class's folder: put it into one" for name in names if is_picture_name(name)]
    return [folder / name for name in names if not is_picture_name(name)], faults


def _listed(folder: Path, classes: Sequence[str] | None) -> Listing:
    """The pictures in the folders of a part. classes: those of the training pictures; None for these themselves."""
    folders = _folders(folder)
    ignored, faults = _loose(folder, folders)
    found = Listing(folder, ignored=ignored, faults=faults)
    for name, inside in folders.items():
        label = _class_name(name)
        if not label.isprintable():
            found.faults.append(f"{str(inside)!a}: the name of a class must be plain text: rename it")
        elif label in found.classes:
            found.faults.append(f"{inside}: two folders have this name, written in two ways: keep one of them")
        elif classes is not None and label not in classes:
            known = ", ".join(classes)
            found.faults.append(f"{inside} is a class that the training pictures don't have: they have {known}")
        else:
            found.classes.append(label)
            _list_class(inside, len(found.classes) - 1 if classes is None else classes.index(label), found)
    return found


def _list_class(folder: Path, label: int, found: Listing) -> None:
    """Add the pictures of a class."""
    before = len(found.pictures), len(found.faults)
    for name in sorted(_names(folder), key=_class_name):
        path = folder / name
        if _is_litter(name) or (name.startswith(".") and path.is_dir()):
            found.ignored.append(path)
        elif path.is_dir():
            found.faults.append(f"{path} is a folder in a class's folder: move its pictures up, and remove it")
        elif not path.is_file():
            found.faults.append(f"{path} is no file, or a link to nothing: remove it")
        else:
            found.pictures.append((path, label))
    if (len(found.pictures), len(found.faults)) == before:
        found.faults.append(f"{folder} holds no pictures: put those of the class there, or remove the folder")


def _too_few_classes(path: Path, classes: Sequence[str]) -> list[str]:
    if len(classes) > 1:
        return []
    there = f"one class, {classes[0]}" if classes else "no class"
    return [f"{path} has {there}: put the pictures of each class, at least two, into a folder of their own"]


def _headers(pictures: Sequence[tuple[Path, int]]) -> tuple[dict[Path, Header], dict[Path, str]]:
    """The header of each picture, or what is wrong with it."""
    headers, faults = {}, {}
    for path, _ in pictures:
        try:
            headers[path] = read_header(path)
        except BadPictureError as error:
            faults[path] = str(error)
    return headers, faults


def _pixels(
    pictures: Sequence[tuple[Path, int]], grey: bool, size: Size | None, keep: bool, tell: Callable[[int, int], object]
) -> tuple[NDArray[np.uint8], dict[Path, str]]:
    """The pixels of all pictures, and what is wrong with those that are damaged. keep: whether all have one size; else
    they are decoded for their damage alone."""
    found, faults = np.empty((0, 0, 0, 0), np.uint8), {}
    for i, (path, _) in enumerate(pictures):
        try:
            pixels = read_pixels(path, grey, size)
        except BadPictureError as error:
            faults[path] = str(error)
            continue
        if keep:
            if not found.size:
                found = np.empty((len(pictures), *pixels.shape), np.uint8)
            found[i] = pixels
        tell(i + 1, len(pictures))
    return found, faults


def _in_order(pictures: Sequence[tuple[Path, int]], faults: Mapping[Path, str]) -> list[str]:
    return [f"{path} {faults[path]}" for path, _ in pictures if path in faults]


def _other_sizes(folder: Path, headers: Mapping[Path, Header]) -> list[str]:
    """That the pictures differ in size, if they do; which ones have another size than most."""
    counts = Counter(header.size for header in headers.values())
    if len(counts) < 2:
        return []
    usual, many = counts.most_common(1)[0]
    others = [(path, header.size) for path, header in headers.items() if header.size != usual]
    named = ", ".join(f"{path.relative_to(folder)} {_product(size)}" for path, size in others[:MOST_NAMED])
    more = f", and {len(others) - MOST_NAMED:,} more" if len(others) > MOST_NAMED else ""
    height, width = usual
    return [
        f"{folder}: its pictures differ in size (height x width): {many:,} are {_product(usual)}, and {named}{more}: give "
        f"all one size, for instance by -s data.size=[{height},{width}]"
    ]


def _notes(folder: Path, ignored: Sequence[Path], headers: Mapping[Path, Header]) -> Iterator[str]:
    """What is done with pictures, or left alone, that somebody may want to know."""
    if ignored:
        counts = Counter(path.name for path in ignored)
        names = ", ".join(name if count == 1 else f"{name} ({count:,} times)" for name, count in sorted(counts.items()))
        yield f"left alone, since they are no pictures: {names}"
    if alpha := sum(header.alpha for header in headers.values()):
        yield f"{plural(alpha, 'picture')} may be transparent: white shows through"
    colours = sum(not header.grey for header in headers.values())
    if 0 < colours < len(headers):
        yield f"{colours:,} of {plural(len(headers), 'picture')} have colours: all are taken as colour"


def _product(size: Iterable[int]) -> str:
    return " x ".join(map(str, size))


def _class_name(name: str) -> str:
    """The name as one sequence of characters: some file systems take letters and their accents apart."""
    return unicodedata.normalize("NFC", name)


def _is_litter(name: str) -> bool:
    return name.lower() in LITTER or name.startswith("._")


def _names(folder: Path) -> set[str]:
    with reading(folder):
        return set(os.listdir(folder))


def _folders(folder: Path) -> dict[str, Path]:
    """The folders in a folder, by name, sorted; without hidden ones and what operating systems leave."""
    names = sorted(_names(folder), key=_class_name)
    inside = {name: folder / name for name in names if not name.startswith(".") and not _is_litter(name)}
    return {name: path for name, path in inside.items() if path.is_dir()}


def _has_picture(folder: Path) -> bool:
    with reading(folder), os.scandir(folder) as entries:
        return any(is_picture_name(entry.name) and not entry.is_dir() for entry in entries)
