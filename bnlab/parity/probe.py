"""What a framework builds from its own layers as we do from ours: sandwiches, and the nets of the table of cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnlab.cases.nets import IMAGE, NetCase
from bnlab.layers.types import Array
from bnlab.runs.spec import ConvNetSpec, NetSpec


def sandwiches(layers: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The sandwiches of these layers, all by the names of their cases."""
    affine, conv, relu, max_pool = (layers[name] for name in ("affine", "conv", "relu", "max_pool"))
    batchnorm, layernorm, spatial = (layers[name] for name in ("batchnorm", "layernorm", "spatial_batchnorm"))
    return {
        "affine_relu": lambda x, w, b: relu(affine(x, w, b)),
        "affine_bn_relu": lambda x, w, b, gamma, beta, param: relu(batchnorm(affine(x, w, b), gamma, beta, param)),
        "affine_ln_relu": lambda x, w, b, gamma, beta, param: relu(layernorm(affine(x, w, b), gamma, beta, param)),
        "conv_relu": lambda x, w, b, own: relu(conv(x, w, b, own)),
        "conv_relu_pool": lambda x, w, b, own, pool: max_pool(relu(conv(x, w, b, own)), pool),
        "conv_bn_relu": lambda x, w, b, gamma, beta, own, param: relu(spatial(conv(x, w, b, own), gamma, beta, param)),
    }


@dataclass(frozen=True)
class NetProbe:
    """A net of the table: what it is, the shape of its images, its classes, its L2 strength, and the seed of its masks."""

    net: NetSpec | ConvNetSpec
    image: tuple[int, ...]
    num_classes: int
    reg: float
    seed: int | None

    def uniforms(self, layer: int, shape: tuple[int, ...]) -> Array:
        """The draws for a mask, which a seed makes the same for each layer."""
        return np.random.RandomState(self.seed).rand(*shape)


def probe(case: NetCase) -> NetProbe:
    """The case's net, as a run would name it."""
    net, settings = case.build(np.dtype(np.float64)), case.settings
    kind = _convolutional if "num_filters" in settings else _fully_connected
    num_classes = net.params[max(name for name in net.params if name.startswith("b") and name[1:].isdigit())].size
    return NetProbe(kind(settings), IMAGE, num_classes, net.reg, settings.get("seed"))


def _fully_connected(settings: Mapping[str, Any]) -> NetSpec:
    widths = settings.get("hidden_dims") or [settings["hidden_dim"]]
    keep = settings.get("dropout_keep_ratio", 1.0)
    return NetSpec(tuple(widths), settings.get("normalization", "none"), keep_prob=keep)


def _convolutional(settings: Mapping[str, Any]) -> ConvNetSpec:
    sizes = {name: settings[name] for name in ("num_filters", "filter_size", "hidden_dim")}
    return ConvNetSpec(**sizes, normalization=settings.get("normalization", "none"), num_groups=settings.get("num_groups"))
