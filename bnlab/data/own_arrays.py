"""One's own images in an `.npz` file: `X_train` and `y_train`, and if there are any `X_val`, `y_val`, `X_test`, `y_test`.

Nothing is unpickled. Each array's header is read first: its shape, its dtype and its size must go together, and fit into
memory, before any of it is read. Files that announce more than they hold come to nothing.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnlab.data.dataset import Size, chunks
from bnlab.data.faults import reading
from bnlab.data.room import check_room
from bnlab.data.source import Facts, Images, Training
from bnlab.errors import DataError, did_you_mean

PARTS = ("train", "val", "test")
KEYS = tuple(f"{letter}_{part}" for part in PARTS for letter in "Xy")
CHANNELS = (1, 3)
HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
FORMS = "N x H x W (grey), N x H x W x C or N x C x H x W (C is 1 or 3)"
MOST_CLASSES = 100_000
"""More distinct labels than any data set here; more is a slip, such as labels that are measurements."""


class Header(NamedTuple):
    """What an array's header says. start: bytes before its values."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int

    @property
    def num_bytes(self) -> int:
        """Of its values."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Layout:
    """How images lie in their arrays: their size, their channels, and whether these come last."""

    size: Size
    channels: int
    last: bool = False


class Arrays:
    """See `bnlab.data.source.Source`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._opened() as archive:
            self.members = self._members(archive)
            self.headers = {key: self._header(archive, key) for key in self.members}
            check_room(path, sum(header.num_bytes for header in self.headers.values()), "leave some of them out")
            self.layout = self._layout()
            names, self.numbered = self._classes(archive)
        self.classes = tuple(names)

    def signature(self) -> Iterable[object]:
        with reading(self.path):
            found = self.path.stat()
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def training(self, size: Size | None, tell: Callable[[int, int], object]) -> Training:
        """The images for training and validation. Raises DataError."""
        with self._opened() as archive:
            train = self._images(archive, "train", size)
            return Training(train, self._images(archive, "val", size) if "X_val" in self.members else None)

    def test(self, shape: tuple[int, int, int], size: Size | None) -> Images | None:
        """The test images. Raises DataError."""
        if "X_test" not in self.members:
            return None
        with self._opened() as archive:
            return self._images(archive, "test", size)

    def facts(self, size: Size | None = None) -> Facts:
        """What the headers say."""
        train, val, test = (self.headers[f"X_{part}"].shape[0] if f"X_{part}" in self.members else 0 for part in PARTS)
        with reading(self.path):
            size_on_disk = self.path.stat().st_size
        return Facts((self.layout.channels, *(size or self.layout.size)), train, val, test, size_on_disk)

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        with reading(self.path):
            try:
                with zipfile.ZipFile(self.path) as archive:
                    yield archive
            except (OSError, DataError):
                raise
            except MemoryError as error:
                raise DataError(f"{self.path}: memory ran out while it was read: leave some of its images out") from error
            except Exception as error:  # a damaged archive can raise nearly anything
                words = " ".join(ascii(str(error))[1:-1].split())[:120]
                raise self._fault(
                    f"it is damaged, or no .npz file ({words or type(error).__name__}): save it again with numpy.savez"
                ) from error

    def _fault(self, text: str) -> DataError:
        return DataError(f"{self.path}: {text}")

    def _members(self, archive: zipfile.ZipFile) -> dict[str, str]:
        """The file in the archive of each key. Keras writes x for X, so either will do."""
        found: dict[str, str] = {}
        for name in archive.namelist():
            shown = ascii(name.removesuffix(".npy"))[1:-1][:60]
            letter, _, part = name.removesuffix(".npy").partition("_")
            key = f"{'X' if letter == 'x' else letter}_{part}"
            if key not in KEYS:
                raise self._fault(
                    f"it holds an array {shown}, which has no meaning here: leave it out; there may be {', '.join(KEYS)}"
                    f"{did_you_mean(shown, KEYS)}"
                )
            if key in found:
                raise self._fault(f"it holds {key} twice: keep one of the two")
            found[key] = name
        for part in PARTS:
            pair = (f"X_{part}", f"y_{part}")
            missing = [key for key in pair if key not in found]
            if len(missing) == 1 or (missing and part == "train"):
                raise self._fault(f"it holds no {' and no '.join(missing)}: save images as {pair[0]}, labels as {pair[1]}")
        return {key: found[key] for key in KEYS if key in found}

    def _header(self, archive: zipfile.ZipFile, key: str) -> Header:
        with archive.open(self.members[key]) as member:
            version = np.lib.format.read_magic(member)
            if version not in HEADERS:
                raise self._fault(f"{key} is an array of named fields: save plain numbers")
            shape, fortran, dtype = HEADERS[version](member)
            start = member.tell()
        header = Header(shape, fortran, dtype, start)
        self._check_dtype(key, dtype)
        if not shape or 0 in shape:
            raise self._fault(f"{key} is empty, of shape {shape}: save at least one image, or leave it out")
        if start + header.num_bytes != archive.getinfo(self.members[key]).file_size:
            there = archive.getinfo(self.members[key]).file_size - start
            raise self._fault(
                f"{key} announces {header.num_bytes:,} bytes and has {there:,}: the file is damaged; save it again"
            )
        return header

    def _check_dtype(self, key: str, dtype: np.dtype[Any]) -> None:
        allowed = "uint8, other whole numbers, bool or floats" if key[0] == "X" else "whole numbers or texts"
        if dtype.hasobject:
            raise self._fault(f"{key} holds Python objects, which are never read: save {allowed}")
        if dtype.kind not in ("uifb" if key[0] == "X" else "uiUS") or dtype.itemsize == 0:
            raise self._fault(f"{key} is of dtype {dtype}: save {allowed}")

    def _layout(self) -> Layout:
        """That of X_train, which the others must share."""
        found = self._layout_of("X_train")
        for part in PARTS:
            x, y = self.headers.get(f"X_{part}"), self.headers.get(f"y_{part}")
            if x is None or y is None:
                continue
            count, *shape = x.shape
            usual = [*self.headers["X_train"].shape[1:]]
            if shape != usual:
                raise self._fault(f"X_{part} has images of shape {shape}, but X_train of {usual}: give all one shape")
            if y.shape not in ((count,), (count, 1)):
                raise self._fault(
                    f"y_{part} is of shape {y.shape}, but X_{part} holds {count:,} images: give a label for each"
                )
        return found

    def _layout_of(self, key: str) -> Layout:
        shape = self.headers[key].shape
        if len(shape) == 3:
            return Layout((shape[1], shape[2]), 1)
        first, last = len(shape) == 4 and shape[1] in CHANNELS, len(shape) == 4 and shape[3] in CHANNELS
        if first and last:
            raise self._fault(
                f"{key} of shape {shape} may be N x C x H x W or N x H x W x C: save grey images as N x H x W, and colour "
                "ones larger than 3 pixels"
            )
        if not first and not last:
            raise self._fault(f"{key} is of shape {shape}: it must be {FORMS}")
        return Layout((shape[1], shape[2]), shape[3], True) if last else Layout((shape[2], shape[3]), shape[1])

    def _classes(self, archive: zipfile.ZipFile) -> tuple[list[str], bool]:
        """The names of the classes, from the training labels, and whether labels are numbers."""
        raw = self._array(archive, "y_train").reshape(-1)
        found = np.unique(raw)
        numbered = raw.dtype.kind in "ui"
        if len(found) < 2:
            raise self._fault(f"y_train has one class, {self._shown(found[0])}: give images of at least two")
        if len(found) > MOST_CLASSES:
            raise self._fault(f"y_train has {len(found):,} classes: at most {MOST_CLASSES:,} are allowed")
        if not numbered:
            names = [self._text(each) for each in found]
            if wrong := [name for name in names if not name.isprintable() or not name.strip()]:
                raise self._fault(f"y_train holds {wrong[0]!a}: the name of a class must be plain text")
            return names, False
        low, high = int(found[0]), int(found[-1])
        if low < 0 or high >= len(found):
            gap = min({*range(len(found))} - {*map(int, found)})
            raise self._fault(
                f"y_train has labels from {low} to {high}, and none is {gap}: number the classes from 0, without gaps, or "
                "give texts"
            )
        return [str(each) for each in range(len(found))], True

    def _text(self, value: Any) -> str:
        if not isinstance(value, bytes):
            return str(value)
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise self._fault(f"y_train holds {self._shown(value)}, which is no UTF-8: save texts") from error

    def _shown(self, value: Any) -> str:
        return ascii(value.item())[:60]

    def _images(self, archive: zipfile.ZipFile, part: str, size: Size | None) -> Images:
        labels = self._labels(archive, f"y_{part}")
        return Images(self._resized(self._pixels(archive, f"X_{part}"), size), labels)

    def _labels(self, archive: zipfile.ZipFile, key: str) -> NDArray[np.int64]:
        raw = self._array(archive, key).reshape(-1)
        if (raw.dtype.kind in "ui") != self.numbered:
            kinds = ("numbers", "texts") if self.numbered else ("texts", "numbers")
            raise self._fault(f"y_train holds {kinds[0]}, but {key} {kinds[1]}: give the same in both")
        if self.numbered:
            wrong = (raw < 0) | (raw >= len(self.classes))
            known = f"0 to {len(self.classes) - 1}"
        else:
            values, places = np.unique(raw, return_inverse=True)
            index = {name: label for label, name in enumerate(self.classes)}
            numbers = np.array([index.get(self._text(value), -1) for value in values], np.int64)
            wrong, known = (numbers < 0)[places], ", ".join(self.classes[:10])
        if wrong.any():
            at = int(wrong.argmax())
            raise self._fault(f"image {at} of {key} has the label {self._shown(raw[at])}; y_train has {known}")
        return raw.astype(np.int64) if self.numbered else numbers[places]

    @cached_property
    def scale(self) -> float:
        """What values are multiplied by to lie between 0 and 255: 255 if X_train's are truth values, or floats of at most
        1."""
        kind = self.headers["X_train"].dtype.kind
        if kind != "f":
            return 255.0 if kind == "b" else 1.0
        with self._opened() as archive:
            return 255.0 if np.max(self._array(archive, "X_train")) <= 1 else 1.0

    def _pixels(self, archive: zipfile.ZipFile, key: str) -> NDArray[np.uint8]:
        """The images as bytes, (N, C, H, W), checked."""
        raw = self._array(archive, key)
        (height, width), channels = self.layout.size, self.layout.channels
        out = np.empty((len(raw), channels, height, width), np.uint8)
        highest = 0
        for rows in chunks(len(raw), 8 * channels * height * width):
            part = raw[rows]
            if part.dtype != np.uint8:
                part = self._bytes(key, part, rows.start)
            highest = max(highest, int(part.max()))
            part = part.transpose(0, 3, 1, 2) if self.layout.last else part
            out[rows] = part.reshape(-1, channels, height, width)
        if key == "X_train" and raw.dtype.kind in "ui" and highest <= 1:
            raise self._fault(f"{key} holds whole numbers up to {highest} alone, and pixels go up to 255: save it as bool")
        return out

    def _bytes(self, key: str, part: NDArray[Any], start: int) -> NDArray[np.uint8]:
        """Numbers of another dtype as bytes, rounded. Raises DataError for the first that isn't one."""
        most = 255 / self.scale
        wrong = ~((part >= 0) & (part <= most))  # NaN is wrong too
        if wrong.any():
            at = np.unravel_index(int(wrong.argmax()), part.shape)
            value = part[at].item()
            raise self._fault(
                f"image {start + at[0]} of {key} has the value {value:g}, not 0 to {most:g}: pixels are 0 to 255, or 0 "
                "to 1 if all of X_train is; save them as they were, since the mean image is subtracted here"
            )
        rounded: NDArray[np.uint8] = np.rint(part.astype(np.float64) * self.scale).astype(np.uint8)
        return rounded

    def _resized(self, x: NDArray[np.uint8], size: Size | None) -> NDArray[np.uint8]:
        if size is None or x.shape[2:] == size:
            return x
        from PIL import Image

        from bnlab.data.picture import pixels

        check_room(self.path, len(x) * x.shape[1] * math.prod(size), "set data.size to less")
        images = (each[0] if len(each) == 1 else np.ascontiguousarray(each.transpose(1, 2, 0)) for each in x)
        out = np.empty((*x.shape[:2], *size), np.uint8)
        for i, each in enumerate(images):
            out[i] = pixels(Image.fromarray(each), size)
        return out

    def _array(self, archive: zipfile.ZipFile, key: str) -> NDArray[Any]:
        """An array's values, as its header has them."""
        header = self.headers[key]
        with archive.open(self.members[key]) as member:
            member.read(header.start)
            data = member.read(header.num_bytes)
            whole = len(data) == header.num_bytes and not member.read(1)  # at its end the checksum is looked at
        if not whole:
            raise self._fault(f"{key} is cut off: save the file again")
        return np.frombuffer(data, header.dtype).reshape(header.shape, order="F" if header.fortran else "C")
