"""The normalizations that nets look up by name: of rows of features, and of images. A new one is a new row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bnlab.layers.normalization import (
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
from bnlab.layers.spatial_normalization import (
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from bnlab.layers.types import Array


def _in_one_dimension(features: int) -> tuple[int, ...]:
    return (features,)


def _of_images(channels: int) -> tuple[int, ...]:
    return (1, channels, 1, 1)


class Normalizer(NamedTuple):
    """A normalization: its pair of functions, whether it keeps running statistics, whether it takes a number of groups, and
    the shape of gamma and beta for a number of features or channels."""

    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., tuple[Array, Array, Array]]
    running: bool = False
    grouped: bool = False
    shape: Callable[[int], tuple[int, ...]] = _in_one_dimension


NORMALIZATIONS = {
    "batchnorm": Normalizer(batchnorm_forward, batchnorm_backward_alt, running=True),
    "layernorm": Normalizer(layernorm_forward, layernorm_backward),
}
"""Of rows of features."""
SPATIAL_NORMALIZATIONS = {
    "spatial_batchnorm": Normalizer(spatial_batchnorm_forward, spatial_batchnorm_backward, running=True),
    "spatial_groupnorm": Normalizer(spatial_groupnorm_forward, spatial_groupnorm_backward, grouped=True, shape=_of_images),
}
"""Of images."""


def normalizer(name: str | None, table: Mapping[str, Normalizer]) -> Normalizer | None:
    """The normalization of that name, or None. Raises ValueError for a name that isn't in the table."""
    if name is not None and name not in table:
        raise ValueError(f"normalization is {name!r}: it must be None or one of {', '.join(table)}")
    return None if name is None else table[name]
