"""The nets of a run as PyTorch's users write them: modules, in which autograd finds the gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from bnlab.layers.normalization_core import EPS, MOMENTUM
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.spec import ConvNetSpec, NetSpec, RunSpec

Uniforms = Callable[[int, tuple[int, ...]], Array]
"""Uniform draws on [0, 1) for the mask of a layer, from 1, by the shape of its input."""
Of = Callable[[torch.Tensor], torch.Tensor]
WEIGHT = 1 - MOMENTUM
"""PyTorch's momentum is the weight of the new value, the notebooks' that of the old one."""


def itself(parameter: torch.Tensor) -> torch.Tensor:
    return parameter


class Dropout(nn.Module):
    """Inverted dropout. As `nn.Dropout`, but with a mask from draws that are handed in; keep_prob is 1 - p."""

    def __init__(self, keep_prob: float, layer: int, uniforms: Uniforms) -> None:
        super().__init__()
        self.keep_prob, self.layer, self.uniforms = keep_prob, layer, uniforms

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        drawn = torch.from_numpy(self.uniforms(self.layer, tuple(x.shape)))
        return x * ((drawn < self.keep_prob).to(x) / self.keep_prob)


class NotebookStatistics(nn.modules.batchnorm._BatchNorm):
    """Goes before a batchnorm of PyTorch's: its running variance starts at zero and moves by the uncorrected variance.

    While momentum is None, PyTorch's own cumulative average is taken, of corrected variances: population statistics.
    """

    def reset_running_stats(self) -> None:
        super().reset_running_stats()
        self.running_var.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.momentum is None:
            return super().forward(x)
        with torch.no_grad():
            var, mean = torch.var_mean(x, [0, *range(2, x.ndim)], correction=0)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var, self.momentum)
        if x.numel() == x.shape[1]:  # PyTorch refuses a single value, which is its own mean
            return (x - x) * self.weight + self.bias
        return nn.functional.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)


class NotebookBatchNorm1d(NotebookStatistics, nn.BatchNorm1d):
    """Batchnorm of rows by the notebooks' convention."""


class NotebookBatchNorm2d(NotebookStatistics, nn.BatchNorm2d):
    """Batchnorm of images by the notebooks' convention."""


BATCHNORMS: dict[str, tuple[type[Any], type[Any]]] = {
    "notebook": (NotebookBatchNorm1d, NotebookBatchNorm2d),
    "torch": (nn.BatchNorm1d, nn.BatchNorm2d),
}
"""Of rows and of images, by convention."""


class FullyConnected(nn.Module):
    """{affine, [normalization], relu, [dropout]} for each hidden layer, then affine."""

    def __init__(self, net: NetSpec, convention: str, pixels: int, num_classes: int, uniforms: Uniforms) -> None:
        super().__init__()
        normalize = {
            "none": lambda width: None,
            "batchnorm": lambda width: BATCHNORMS[convention][0](width, eps=EPS, momentum=WEIGHT),
            "layernorm": lambda width: nn.LayerNorm(width, eps=EPS),
        }[net.normalization]
        self.affines = nn.ModuleList(nn.Linear(*dims) for dims in pairwise([pixels, *net.hidden_dims, num_classes]))
        self.norms = nn.ModuleList(filter(None, map(normalize, net.hidden_dims)))
        layers = range(1, net.dropout_layers + 1)
        self.dropouts = nn.ModuleList(Dropout(net.keep_prob, layer, uniforms) for layer in layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(1)
        for i, affine in enumerate(self.affines[:-1]):
            x = affine(x)
            if self.norms:
                x = self.norms[i](x)
            x = torch.relu(x)
            if self.dropouts:
                x = self.dropouts[i](x)
        return self.affines[-1](x)

    def named(self, of: Of = itself) -> Iterator[tuple[str, torch.Tensor]]:
        """The parameters by our names, each as our core has its shape: a Linear's weight is our W turned over. of: takes
        what is wanted of a parameter, such as its gradient."""
        for i, affine in enumerate(self.affines, start=1):
            yield from ((f"W{i}", of(affine.weight).T), (f"b{i}", of(affine.bias)))
        for i, norm in enumerate(self.norms, start=1):
            yield from ((f"gamma{i}", of(norm.weight)), (f"beta{i}", of(norm.bias)))


class Convolutional(nn.Module):
    """conv, [normalization], relu, 2x2 max pool, affine, relu, affine."""

    def __init__(self, net: ConvNetSpec, convention: str, image: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        channels, height, width = image
        normalize = {
            "none": lambda: None,
            "spatial_batchnorm": lambda: BATCHNORMS[convention][1](net.num_filters, eps=EPS, momentum=WEIGHT),
            "spatial_groupnorm": lambda: nn.GroupNorm(net.num_groups, net.num_filters, eps=EPS),
        }[net.normalization]
        self.conv = nn.Conv2d(channels, net.num_filters, net.filter_size, padding=net.filter_size // 2)
        self.norm = normalize()
        self.pool = nn.MaxPool2d(2)
        self.hidden = nn.Linear(net.num_filters * (height // 2) * (width // 2), net.hidden_dim)
        self.scores = nn.Linear(net.hidden_dim, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        x = self.pool(torch.relu(x))
        return self.scores(torch.relu(self.hidden(x.flatten(1))))

    def named(self, of: Of = itself) -> Iterator[tuple[str, torch.Tensor]]:
        """As for the fully connected net."""
        yield from (("W1", of(self.conv.weight)), ("b1", of(self.conv.bias)))
        if self.norm is not None:
            shape = (1, -1, 1, 1) if isinstance(self.norm, nn.GroupNorm) else (-1,)
            yield from (("gamma1", of(self.norm.weight).reshape(shape)), ("beta1", of(self.norm.bias).reshape(shape)))
        for i, affine in ((2, self.hidden), (3, self.scores)):
            yield from ((f"W{i}", of(affine.weight).T), (f"b{i}", of(affine.bias)))


def build_net(spec: RunSpec, draws: Draws, uniforms: Uniforms) -> Any:
    """The run's net with its initial weights, on its device."""
    net = make_module(spec.net, spec.convention, draws.image_shape, draws.num_classes, uniforms)
    net = net.to(spec.device, getattr(torch, spec.dtype))
    load_parameters(net, draws.parameters())
    return net


def make_module(
    net: NetSpec | ConvNetSpec, convention: str, image: tuple[int, ...], num_classes: int, uniforms: Uniforms
) -> Any:
    """The module of a net, with weights of its own."""
    with torch.random.fork_rng(devices=[]):  # else PyTorch's stream would move, for weights that nobody needs
        if isinstance(net, ConvNetSpec):
            return Convolutional(net, convention, image, num_classes)
        return FullyConnected(net, convention, math.prod(image), num_classes, uniforms)


def training_loss(module: Any, images: torch.Tensor, labels: torch.Tensor, reg: float) -> torch.Tensor:
    """Cross-entropy, and the L2 term of each weight array."""
    loss = nn.functional.cross_entropy(module(images), labels)
    if reg:
        loss = loss + 0.5 * reg * sum((tensor**2).sum() for name, tensor in module.named() if name.startswith("W"))
    return loss


def load_parameters(net: Any, values: Mapping[str, Array]) -> None:
    """Set the parameters of the net to those arrays, by our names."""
    with torch.no_grad():
        for name, tensor in net.named():
            tensor.copy_(torch.from_numpy(values[name]))
