"""Builds bnlab/data/embedded/fashion-mnist-mini.npz from the official files of Fashion-MNIST, byte for byte.

The four files, plain or .gz, are those of github.com/zalandoresearch/fashion-mnist and of Debian's package
dataset-fashion-mnist. The arrays are the same everywhere; the file's bytes are, wherever Python has the classic zlib
(zlib-ng packs a little differently).

    python scripts/build_fashion_mnist_mini.py FOLDER [--output FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnlab.data.fashion_mnist import TEST, TRAIN, open_pair
from bnlab.data.fashion_mnist_mini import EMBEDDED, NUM_TEST, NUM_TRAIN, NUM_VAL


def main() -> None:
    """Writes the file and prints its size and hash."""
    parser = argparse.ArgumentParser(description="Build the embedded part of Fashion-MNIST.")
    parser.add_argument("folder", type=Path, help="the folder with the four official IDX files")
    parser.add_argument("--output", type=Path, default=EMBEDDED, help="the file to write (default: %(default)s)")
    arguments = parser.parse_args()
    build(arguments.folder, arguments.output)
    data = arguments.output.read_bytes()
    print(f"{arguments.output}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


def build(folder: Path, output: Path) -> None:
    """Writes the images that the IDX files in `folder` begin with to `output`. Raises DataError as bnlab.data does."""
    x, y = first(folder, TRAIN, NUM_TRAIN + NUM_VAL)
    x_test, y_test = first(folder, TEST, NUM_TEST)
    arrays = {
        "sum_train": x[:NUM_TRAIN].sum(axis=0, dtype="<u4", keepdims=True),
        "x_train": x[:NUM_TRAIN],
        "y_train": y[:NUM_TRAIN],
        "x_val": x[NUM_TRAIN:],
        "y_val": y[NUM_TRAIN:],
        "x_test": x_test,
        "y_test": y_test,
    }
    with zipfile.ZipFile(output, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(member(f"{name}.npy"), npy(array), zipfile.ZIP_DEFLATED, compresslevel=9)


def first(folder: Path, names: tuple[str, str], count: int) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
    """The first `count` images (count, 1, H, W) and labels (count,) of a pair of files."""
    images, labels = zip(*open_pair(folder, names).blocks(count), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def member(name: str) -> zipfile.ZipInfo:
    """An entry that says nothing of the time and the system it was made on."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


def npy(array: NDArray[np.generic]) -> bytes:
    """The array as an `.npy` file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
