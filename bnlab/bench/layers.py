"""The layers, forward plus backward, a step of Adam, and a whole training step: ours, and PyTorch's where it is installed.

float32, one thread. Layers are the public functions of `bnlab.layers`, which are NumPy alone; Adam and the step are what
the Solver does, with the kernels that are in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bnlab import layers
from bnlab.bench.torch import torch_on_one_thread
from bnlab.bench.turns import Work
from bnlab.nets import FullyConnectedNet
from bnlab.optim import RULES

AFFINE = ((50, 3072, 50), (500, 500, 500))
"""Images, pixels and units: the first layer of the weight-scale net, and one that is mostly product."""
ROWS = ((50, 50), (500, 500))
"""Images and units of the other layers."""
KEEP = 0.5
WIDTHS, BATCH = (3072, *[50] * 7, 10), 50
"""The weight-scale net, and its minibatch."""
RATE = 1e-3
Passes = tuple[Callable[[], object], Callable[[], object] | None]


def layer_works(affine: Sequence[tuple[int, int, int]] = AFFINE, rows: Sequence[tuple[int, int]] = ROWS) -> list[Work]:
    """The layers. affine: images, pixels, units. rows: images, units."""
    works = [Work(f"affine {n} x {d} to {h}", *_affine(n, d, h)) for n, d, h in affine]
    for name, passes in ROWWISE.items():
        works += [Work(f"{name} {n} x {d}", *passes(n, d)) for n, d in rows]
    return works


def step_works(widths: Sequence[int] = WIDTHS, batch: int = BATCH) -> list[Work]:
    """Adam on all parameters of the net, and a whole step: loss, gradients, update."""
    return [Work(what, *passes(widths, batch)) for what, passes in {"Adam": _adam, "a training step": _step}.items()]


def _affine(n: int, d: int, h: int) -> Passes:
    x, w, b, dout = _normal((n, d), (d, h), (h,), (n, h))

    def ours() -> object:
        return layers.affine_backward(dout, layers.affine_forward(x, w, b)[1])

    torch = torch_on_one_thread()
    return ours, torch and _both_ways(torch, lambda x, w, b: torch.addmm(b, x, w), (x, w, b), dout)


def _batchnorm(n: int, d: int) -> Passes:
    x, gamma, beta, dout = _normal((n, d), (d,), (d,), (n, d))
    param = {"mode": "train"}

    def ours() -> object:
        return layers.batchnorm_backward(dout, layers.batchnorm_forward(x, gamma, beta, param)[1])

    torch = torch_on_one_thread()
    if torch is None:
        return ours, None
    running = torch.zeros(d), torch.ones(d)
    forward = torch.nn.functional.batch_norm
    return ours, _both_ways(torch, lambda x, *own: forward(x, *running, *own, training=True), (x, gamma, beta), dout)


def _layernorm(n: int, d: int) -> Passes:
    x, gamma, beta, dout = _normal((n, d), (d,), (d,), (n, d))

    def ours() -> object:
        return layers.layernorm_backward(dout, layers.layernorm_forward(x, gamma, beta, {})[1])

    torch = torch_on_one_thread()
    forward = torch and torch.nn.functional.layer_norm
    return ours, torch and _both_ways(torch, lambda x, *own: forward(x, (d,), *own), (x, gamma, beta), dout)


def _dropout(n: int, d: int) -> Passes:
    x, dout = _normal((n, d), (n, d))
    param = {"mode": "train", "p": KEEP, "rng": np.random.RandomState(0)}

    def ours() -> object:
        return layers.dropout_backward(dout, layers.dropout_forward(x, param)[1])

    torch = torch_on_one_thread()
    return ours, torch and _both_ways(torch, lambda x: torch.nn.functional.dropout(x, 1 - KEEP), (x,), dout)


ROWWISE: dict[str, Callable[[int, int], Passes]] = {"batchnorm": _batchnorm, "layernorm": _layernorm, "dropout": _dropout}


def _adam(widths: Sequence[int], batch: int) -> Passes:
    net = _net(widths)
    flat, grads, config = net.params.flat, net.params.like(), {"learning_rate": RATE}
    grads.flat[...] = 1e-3

    def ours() -> None:
        RULES["adam"](flat, grads.flat, config, out=flat)

    torch = torch_on_one_thread()
    if torch is None:
        return ours, None
    theirs = _torch_net(widths)
    for parameter in theirs.parameters():
        parameter.grad = torch.full_like(parameter, 1e-3)
    return ours, torch.optim.Adam(theirs.parameters(), lr=RATE, fused=True).step


def _step(widths: Sequence[int], batch: int) -> Passes:
    net, (X,) = _net(widths), _normal((batch, widths[0]))
    y = np.arange(batch) % widths[-1]
    grads, config = net.params.like(), {"learning_rate": RATE}

    def ours() -> None:
        net.loss_and_gradients(X, y, grads)
        RULES["adam"](net.params.flat, grads.flat, config, out=net.params.flat)

    torch = torch_on_one_thread()
    if torch is None:
        return ours, None
    theirs, images, labels = _torch_net(widths), torch.from_numpy(X), torch.from_numpy(y)
    rule, loss_function = torch.optim.Adam(theirs.parameters(), lr=RATE, fused=True), torch.nn.CrossEntropyLoss()

    def by_torch() -> None:
        rule.zero_grad()
        loss_function(theirs(images), labels).backward()
        rule.step()

    return ours, by_torch


def _net(widths: Sequence[int]) -> FullyConnectedNet:
    *hidden, classes = widths[1:]
    return FullyConnectedNet(hidden, widths[0], classes, normalization="batchnorm", rng=np.random.RandomState(0))


def _torch_net(widths: Sequence[int]) -> Any:
    from bnlab.bench.peers.pytorch import build

    return build(widths, "batchnorm", 1e-2)


def _both_ways(torch: Any, forward: Callable[..., Any], arrays: Sequence[Any], dout: Any) -> Callable[[], object]:
    tensors, upstream = [torch.tensor(array, requires_grad=True) for array in arrays], torch.tensor(dout)
    return lambda: torch.autograd.grad(forward(*tensors), tensors, upstream)


def _normal(*shapes: tuple[int, ...]) -> Iterator[Any]:
    rng = np.random.RandomState(231)
    return (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
