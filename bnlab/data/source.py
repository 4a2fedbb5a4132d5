"""What a data set's module has to offer, and what can be said of a data set without loading it.

A module defines `ORIGIN`, one line on where the images come from and under which licence, and `find(folders)`, which
returns a `Source` or raises `MissingError`. A source opens nothing before one of its properties is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bnlab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bnlab.data.dataset import Dataset

Shape = tuple[int, int, int]
NUM_CLASSES = 10


class MissingError(DataError):
    """None of a data set's files, or not all of them, are where they were looked for."""


class Source(Protocol):
    """A data set that was found. Every property but `where` may raise DataError for a damaged file."""

    @property
    def where(self) -> str:
        """The folder that holds the files, or how else the images come about."""

    @property
    def size(self) -> int:
        """Bytes of all its files together."""

    @property
    def shape(self) -> Shape:
        """(C, H, W) of an image."""

    @property
    def num_train(self) -> int:
        """Training images, not counting those for validation."""

    @property
    def num_val(self) -> int:
        """Validation images."""

    @property
    def num_test(self) -> int:
        """Test images; 0 where their files are missing."""

    @property
    def test_files(self) -> str:
        """Names of the files that hold the test images; '' for a data set that isn't in files."""

    def load(self, num_train: int, num_test: int) -> Dataset:
        """The first `num_train` training and `num_test` test images (both within what there is), all for validation."""


class Module(Protocol):
    """The module of a data set."""

    ORIGIN: str

    def find(self, folders: Sequence[Path]) -> Source:
        """The first of the folders that holds the data set; raises MissingError if none does."""


@dataclass(frozen=True)
class Description:
    """What there is of a data set, told from the sizes and headers of its files. Unknown facts are None.

    `wanted` says, for an absent data set, which files to put where. `problem` is the error that loading would end in.
    """

    name: str
    present: bool
    where: str
    source: str
    shape: Shape | None = None
    num_train: int | None = None
    num_val: int | None = None
    num_test: int | None = None
    size: int | None = None
    wanted: str | None = None
    problem: str | None = None
