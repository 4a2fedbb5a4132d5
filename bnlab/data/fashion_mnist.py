"""Fashion-MNIST, or any grayscale images, from a folder with four IDX files under the official names, plain or `.gz`.

Images may have any height and width, and there may be any number of them: that is how to bring images of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bnlab.data.faults import check_labels, damaged
from bnlab.data.fileset import Files, FileSet
from bnlab.data.idx import open_idx
from bnlab.data.split import Block, Part
from bnlab.errors import DataError

SOURCE = "Fashion-MNIST, Zalando SE 2017, MIT licence (github.com/zalandoresearch/fashion-mnist)"
TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def open_pair(images_path: Path, labels_path: Path) -> Part:
    """The images of one IDX file with the labels of another. Raises DataError if either is missing, damaged, or has another
    number of records than its partner.
    """
    images = open_idx(_existing(images_path), 3, "images")
    labels = open_idx(_existing(labels_path), 1, "labels")
    count, height, width = images.dims
    if labels.dims[0] != count:
        raise damaged(labels.path, f"holds {labels.dims[0]:,} labels", f"{count:,}, as many as {images.path.name} has images")

    def blocks(limit: int) -> Iterator[Block]:
        y = b"".join(block.tobytes() for block in labels.read(limit))
        start = 0
        for x in images.read(limit):
            block = np.frombuffer(y, np.uint8, len(x), start)
            check_labels(labels.path, block, labels.expected, start)
            yield x[:, None], block
            start += len(x)

    return Part(count, (1, height, width), blocks)
