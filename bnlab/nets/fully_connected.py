"""Fully connected nets: L-1 times {affine, [normalization], relu, [dropout]}, then affine; softmax on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from bnlab.layers.types import Array, Param
from bnlab.nets.net import Net
from bnlab.nets.normalizers import NORMALIZATIONS, Normalizer, normalizer
from bnlab.nets.parameters import Shapes
from bnlab.nets.stages import Affine, Dropout, FirstAffine, Normalization, Relu, Stage


class FullyConnectedNet(Net):
    """A net with any number of hidden layers.

    hidden_dims: the hidden layers' widths. input_dim: pixels per image. dropout_keep_ratio: the probability of keeping a
    unit; 1, the default, means no dropout. dropout: the same number, under its name in the notebooks of 2018 to 2020.
    normalization: None or a name from the table of normalizations; the last layer is not normalized. reg: L2 strength.
    weight_scale: the standard deviation of the initial weights; biases and beta start at zero, gamma at one. seed: makes
    the dropout masks the same at each call, for gradient checks. rng: the source of the weights, dropout_rng: that of the
    masks (`bnlab.nets.sources` says what a source is); None means NumPy's global stream. convention: whose running
    statistics batchnorm keeps, 'notebook' or 'torch' (see `batchnorm_forward`). Parameters are W1, b1, gamma1, beta1, W2,
    …. Raises ValueError for an unknown normalization, a keep ratio outside (0, 1], or one under both names.
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout_keep_ratio: float | None = None,
        normalization: str | None = None,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: DTypeLike = np.float32,
        seed: int | None = None,
        rng: Any = None,
        dropout_rng: Any = None,
        *,
        dropout: float | None = None,
        convention: str = "notebook",
    ) -> None:
        normalizes = normalizer(normalization, NORMALIZATIONS)
        keep = _keep_ratio(dropout_keep_ratio=dropout_keep_ratio, dropout=dropout)
        self.normalization, self.num_layers = normalization, len(hidden_dims) + 1
        self.dropout_param: Param = {"mode": "train", "p": keep, "seed": seed, "rng": dropout_rng}
        dims = [input_dim, *hidden_dims, num_classes]
        super().__init__(
            self._stages(normalizes, convention), fully_connected_shapes(dims, normalization is not None), reg, dtype
        )
        self._draw_weights(weight_scale, rng)

    def _traits(self) -> list[str]:
        keep = self.dropout_param["p"]
        return [_widths(self.params), *filter(None, [self.normalization]), *([f"keep {keep:g}"] if keep != 1 else [])]

    def _stages(self, normalizes: Normalizer | None, convention: str) -> list[Stage]:
        stages: list[Stage] = []
        for i in range(1, self.num_layers):
            stages.append(_affine(i))
            if normalizes is not None:
                own = f"gamma{i}", f"beta{i}"
                stages.append(Normalization(str(self.normalization), normalizes, *own, convention=convention))
            stages.append(Relu())
            if self.dropout_param["p"] != 1:
                stages.append(Dropout(self.dropout_param))
        return [*stages, _affine(self.num_layers)]


class TwoLayerNet(Net):
    """affine, relu, affine, softmax: parameters W1, b1, W2, b2, in float64 unless told otherwise.

    Arguments as in `FullyConnectedNet`, with one hidden layer of hidden_dim.
    """

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
        dtype: DTypeLike = np.float64,
        rng: Any = None,
    ) -> None:
        shapes = fully_connected_shapes([input_dim, hidden_dim, num_classes], normalized=False)
        super().__init__([_affine(1), Relu(), _affine(2)], shapes, reg, dtype)
        self._draw_weights(weight_scale, rng)

    def _traits(self) -> list[str]:
        return [_widths(self.params)]


def _keep_ratio(**given: float | None) -> float:
    """The probability of keeping a unit, given under at most one of its names."""
    named = {name: value for name, value in given.items() if value is not None}
    if len(named) > 1:
        both = " and ".join(f"{name}={value!r}" for name, value in named.items())
        raise ValueError(f"{both} are two names of one number: give one of them")
    for name, keep in named.items():
        if not 0 < keep <= 1:
            raise ValueError(f"{name} is {keep!r}: it must be above 0 and at most 1")
    return next(iter(named.values()), 1)


def _widths(params: Mapping[str, Array]) -> str:
    """The number of units of each layer, from the pixels to the classes: 3072-100-10."""
    shapes = [array.shape for name, array in params.items() if name.startswith("W")]
    return "-".join(map(str, [shapes[0][0], *(shape[1] for shape in shapes)]))


def _affine(i: int) -> Affine:
    """The i-th affine layer, counted from 1."""
    return (FirstAffine if i == 1 else Affine)(f"W{i}", f"b{i}")


def fully_connected_shapes(dims: Sequence[int], normalized: bool) -> Shapes:
    """The parameters' shapes by name, for layers from dims[0] through the hidden ones to dims[-1] units."""
    shapes: Shapes = {}
    for i, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
        shapes |= {f"W{i}": (fan_in, fan_out), f"b{i}": (fan_out,)}
        if normalized and i < len(dims) - 1:
            shapes |= {f"gamma{i}": (fan_out,), f"beta{i}": (fan_out,)}
    return shapes
