"""The nets of the table of cases as runs name them, so that an engine can build them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnlab.cases.nets import IMAGE, NetCase
from bnlab.layers.types import Array
from bnlab.runs.spec import ConvNetSpec, NetSpec


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
