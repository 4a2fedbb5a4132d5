"""Layers, update rules and nets on PyTorch, for comparison with ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from bnlab.cases.case import LABELS
from bnlab.engines.torch_net import load_parameters, make_module, training_loss
from bnlab.engines.torch_rules import decay, make_optimizer
from bnlab.layers.normalization_core import EPS
from bnlab.layers.types import Array, Param
from bnlab.parity import conventions as common
from bnlab.parity.conventions import Convention
from bnlab.parity.numbers import distance
from bnlab.parity.probe import NetProbe, sandwiches
from bnlab.runs.spec import RunSpec

f = nn.functional
Tensor: TypeAlias = torch.Tensor
CONVENTIONS = ("notebook", "torch")
"""Those that its engine computes."""


def _affine(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return f.linear(x.flatten(1), w.T, b)


def _batchnorm(x: Tensor, gamma: Tensor, beta: Tensor, param: Param) -> Tensor:
    if param["mode"] == "train":
        return f.batch_norm(x, None, None, gamma, beta, training=True, eps=EPS)
    running = (torch.tensor(param[name], dtype=x.dtype) for name in ("running_mean", "running_var"))
    return f.batch_norm(x, *running, gamma, beta, training=False, eps=EPS)


def _layernorm(x: Tensor, gamma: Tensor, beta: Tensor, param: Param) -> Tensor:
    return f.layer_norm(x, x.shape[1:], gamma, beta, EPS)


def _groupnorm(x: Tensor, gamma: Tensor, beta: Tensor, groups: int, param: Param) -> Tensor:
    return f.group_norm(x, groups, gamma.flatten(), beta.flatten(), EPS)


def _dropout(x: Tensor, param: Param) -> Tensor:
    if param["mode"] == "test":
        return f.dropout(x, 1 - param["p"], training=False)
    kept = torch.tensor(np.random.RandomState(param["seed"]).rand(*x.shape) < param["p"])
    return x * (kept.to(x.dtype) / param["p"])


def _conv(x: Tensor, w: Tensor, b: Tensor, param: Param) -> Tensor:
    return f.conv2d(x, w, b, param["stride"], param["pad"])


def _max_pool(x: Tensor, param: Param) -> Tensor:
    return f.max_pool2d(x, (param["pool_height"], param["pool_width"]), param["stride"])


def _svm_loss(x: Tensor) -> Tensor:
    loss = f.multi_margin_loss(x, torch.tensor(LABELS[: x.shape[0]]))
    return loss * x.shape[1]  # PyTorch divides by the number of classes


LAYERS: dict[str, Callable[..., Tensor]] = {
    "affine": _affine,
    "relu": torch.relu,
    "batchnorm": _batchnorm,
    "batchnorm_alt": _batchnorm,
    "batchnorm_test": _batchnorm,
    "layernorm": _layernorm,
    "dropout": _dropout,
    "dropout_test": _dropout,
    "conv": _conv,
    "max_pool": _max_pool,
    "spatial_batchnorm": _batchnorm,
    "spatial_batchnorm_test": _batchnorm,
    "spatial_groupnorm": _groupnorm,
    "softmax_loss": lambda x: f.cross_entropy(x, torch.tensor(LABELS[: x.shape[0]])),
    "svm_loss": _svm_loss,
}
LAYERS |= sandwiches(LAYERS)
"""By the name of the case, each of the case's arguments and what else its forward function takes."""


def layer(name: str, inputs: Mapping[str, Array], extra: Sequence[Any], dout: Array) -> tuple[Array, dict[str, Array]]:
    """The output of a layer, and the gradients by name that dout gives."""
    tensors = {key: torch.tensor(array, requires_grad=True) for key, array in inputs.items()}
    out = LAYERS[name](*tensors.values(), *extra)
    out.backward(torch.tensor(dout, dtype=out.dtype))
    return out.detach().numpy(), {key: _gradient(tensor).numpy() for key, tensor in tensors.items()}


def net(probe: NetProbe, inputs: Mapping[str, Array], labels: Array) -> tuple[Array, dict[str, Array]]:
    """The training loss of a net on inputs["x"], and its gradients by the names of the parameters."""
    values = {name: array for name, array in inputs.items() if name != "x"}
    images = torch.tensor(inputs["x"])
    module = make_module(probe.net, "notebook", probe.image, probe.num_classes, probe.uniforms).to(images.dtype)
    load_parameters(module, values)
    loss = training_loss(module, images, torch.tensor(labels), probe.reg)
    loss.backward()
    return loss.detach().numpy(), {name: gradient.numpy() for name, gradient in module.named(_gradient)}


def steps(spec: RunSpec, w: Array, gradients: Sequence[Array]) -> list[Array]:
    """The weights after each step of the run's update rule, whose rate decays after each one."""
    weights = torch.tensor(w, requires_grad=True)
    optimizer, found = make_optimizer(spec, [weights]), []
    for gradient in gradients:
        weights.grad = torch.tensor(gradient)
        optimizer.step()
        decay(optimizer, spec.solver.lr_decay)
        found.append(weights.detach().numpy().copy())
    return found


def _gradient(tensor: Tensor) -> Tensor:
    return torch.zeros_like(tensor) if tensor.grad is None else tensor.grad


def conventions() -> Iterator[Convention]:
    """Where PyTorch, as it is by itself, computes something else."""
    for count, what in ((1, "the running variance starts at 1"), (200, "the running variance moves by the corrected one")):
        theirs, of = _statistics(count, 0.1)[1], f"the running variance {common.after_batches(count)}"
        sizes = (distance(common.our_statistics(count, own)[1], theirs) for own in CONVENTIONS)
        says = ("at 0", "at 1") if count == 1 else ("divided by m", "divided by m - 1; m = 50")
        yield Convention("PyTorch", what, *says, next(sizes), of, as_torch=next(sizes))
    ours, theirs = common.our_statistics(20, "notebook")[0], _statistics(20, 0.9)[0]
    says = ("0.9 is the weight of the old mean", "0.9 would be that of the new one: give 0.1")
    of = f"the running mean {common.after_batches(20)}"
    yield Convention("PyTorch", "batchnorm's momentum", *says, distance(ours, theirs), of)
    notebook, torchs, w, gradients = common.momentum_steps()
    theirs = steps(torchs, w, gradients)[-1]
    yield Convention(
        "PyTorch", "momentum's learning rate", "in the velocity", "on the velocity, so that a new rate changes past steps",
        distance(common.our_last(notebook, w, gradients), theirs), "weights after 50 steps, the rate times 0.97 after each",
        distance(common.our_last(torchs, w, gradients), theirs),
    )  # fmt: skip
    spec, w, gradients, of = common.epsilon_steps("rmsprop")
    apart = distance(common.our_last(spec, w, gradients), steps(spec, w, gradients)[-1])
    yield Convention("PyTorch", "RMSProp's epsilon", "outside the root", "outside the root", apart, of)
    x = torch.tensor(common.tied_images(), requires_grad=True)
    f.max_pool2d(x, 2).sum().backward()
    yield Convention(
        "PyTorch", "ties in max pool", "to the first maximum", "to the first maximum",
        distance(common.tied_pool(), x.grad.numpy()), "gradients of equal pixels",
    )  # fmt: skip


def _statistics(count: int, momentum: float) -> list[Array]:
    """What `nn.BatchNorm1d` keeps after so many minibatches."""
    norm = nn.BatchNorm1d(10, momentum=momentum, dtype=torch.float64)
    for batch in common.batches(count):
        norm(torch.tensor(batch))
    return [norm.running_mean.numpy(), norm.running_var.numpy()]
