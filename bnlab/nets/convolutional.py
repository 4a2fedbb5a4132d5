"""A small convolutional net: conv, [normalization], relu, 2x2 max pool, affine, relu, affine; softmax on top."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from bnlab.layers.checks import check_filter_size, check_groups
from bnlab.nets.net import Net
from bnlab.nets.normalizers import SPATIAL_NORMALIZATIONS, Normalizer, normalizer
from bnlab.nets.parameters import Shapes
from bnlab.nets.stages import Affine, FirstConvolution, MaxPool, Normalization, Relu, Stage

POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


class ThreeLayerConvNet(Net):
    """A convolution that keeps the images' size, and two affine layers.

    input_dim: channels, height and width of an image. num_filters, filter_size: of the convolution, stride 1; filter_size
    is odd, and the padding half of it. hidden_dim: units of the hidden affine layer. normalization: None or a name from the
    table of spatial normalizations, between convolution and relu; num_groups: for 'spatial_groupnorm', a divisor of
    num_filters. weight_scale, reg, dtype, rng and convention: as in `FullyConnectedNet`. Parameters are W1, which holds
    the filters, b1, with a normalization gamma1 and beta1, W2, b2, W3, b3. Raises ValueError for an unknown normalization,
    an even filter_size, images too small to be pooled, or groups that don't divide the filters.
    """

    evaluation_batch = 50  # the columns of more images don't fit into the processor's caches

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (3, 32, 32),
        num_filters: int = 32,
        filter_size: int = 7,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
        dtype: DTypeLike = np.float32,
        normalization: str | None = None,
        num_groups: int | None = 8,
        rng: Any = None,
        convention: str = "notebook",
    ) -> None:
        _, height, width = input_dim
        check_filter_size(filter_size)
        if min(height, width) < 2:
            raise ValueError(f"input_dim is {input_dim}: height and width must be at least 2 for the 2x2 max pool")
        normalizes = normalizer(normalization, SPATIAL_NORMALIZATIONS)
        if normalizes is not None and normalizes.grouped:
            check_groups(num_filters, num_groups)
        self.normalization = normalization
        shapes = convolutional_shapes(input_dim, num_filters, filter_size, hidden_dim, num_classes, normalizes)
        self.input_dim = input_dim
        super().__init__(self._stages(filter_size, normalizes, num_groups, convention), shapes, reg, dtype)
        self._draw_weights(weight_scale, rng)

    def _traits(self) -> list[str]:
        filters, (hidden_dim, num_classes) = self.params["W1"].shape, self.params["W3"].shape
        convolution = f"{filters[0]} filters {filters[2]}x{filters[3]}"
        return [
            "x".join(map(str, self.input_dim)),
            convolution,
            f"{hidden_dim}-{num_classes}",
            *filter(None, [self.normalization]),
        ]

    def _stages(
        self, filter_size: int, normalizes: Normalizer | None, num_groups: int | None, convention: str
    ) -> list[Stage]:
        convolution = FirstConvolution("W1", "b1", {"stride": 1, "pad": filter_size // 2})
        normalization: list[Stage] = []
        if normalizes is not None:
            normalization = [Normalization(str(self.normalization), normalizes, "gamma1", "beta1", num_groups, convention)]
        return [convolution, *normalization, Relu(), MaxPool(POOL), Affine("W2", "b2"), Relu(), Affine("W3", "b3")]


def convolutional_shapes(
    image: tuple[int, ...],
    num_filters: int,
    filter_size: int,
    hidden_dim: int,
    num_classes: int,
    normalizes: Normalizer | None,
) -> Shapes:
    """The parameters' shapes by name."""
    channels, height, width = image
    pooled = num_filters * (height // 2) * (width // 2)
    shapes: Shapes = {"W1": (num_filters, channels, filter_size, filter_size), "b1": (num_filters,)}
    if normalizes is not None:
        shapes |= {"gamma1": normalizes.shape(num_filters), "beta1": normalizes.shape(num_filters)}
    return shapes | {
        "W2": (pooled, hidden_dim), "b2": (hidden_dim,), "W3": (hidden_dim, num_classes), "b3": (num_classes,)
    }  # fmt: skip
