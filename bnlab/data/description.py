"""What `bnlab data` tells of a data set without loading it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Description:
    """A data set at a glance.

    where: the folder its files lie in, or the archive, 'embedded' or 'made on the spot'; empty if it is absent.
    source: its origin and licence, one line.
    image_shape: (channels, height, width), None if unknown. Numbers of images are 0, and num_bytes too, if unknown.
    problem: what is missing or damaged and what to do about it, a line for each thing; None if the data set can be loaded.
    classes: their names, in the order of their labels. notes: what else somebody may want to know, a line for each.
    """

    name: str
    present: bool
    where: str
    source: str
    image_shape: tuple[int, int, int] | None = None
    num_train: int = 0
    num_val: int = 0
    num_test: int = 0
    num_bytes: int = 0
    problem: str | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
