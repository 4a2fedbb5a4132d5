"""How fast the convolution is, forward plus backward, float32: against PyTorch's on the CPU, and against naive loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bnlab.bench import loops
from bnlab.bench.torch import torch_on_one_thread
from bnlab.bench.turns import Work
from bnlab.layers import conv_backward, conv_forward


class Shape(NamedTuple):
    """A convolution: images (N, C, H, W), filters (F, C, HH, WW), stride and padding."""

    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    stride: int
    pad: int

    def __str__(self) -> str:
        return f"conv {self.x} by {self.w}, stride {self.stride}, pad {self.pad}"


SHAPES = (
    Shape((100, 3, 31, 31), (25, 3, 3, 3), 2, 1),
    Shape((50, 3, 32, 32), (32, 3, 7, 7), 1, 3),
    Shape((64, 16, 32, 32), (32, 16, 3, 3), 1, 1),
)


def against_torch(shapes: Sequence[Shape] = SHAPES) -> list[Work]:
    """Ours, and PyTorch's where it is installed."""
    return [Work(str(shape), ours(shape), theirs(shape)) for shape in shapes]


def against_loops(shapes: Sequence[Shape] = SHAPES) -> list[Work]:
    """Ours, and the notebooks' loops, which take a minute."""
    return [Work(str(shape), ours(shape), by_loops(shape)) for shape in shapes]


def ours(shape: Shape) -> Callable[[], object]:
    """A pass forward and backward."""
    x, w, b, dout = _arrays(shape)
    return lambda: conv_backward(dout, conv_forward(x, w, b, _param(shape))[1])


def by_loops(shape: Shape) -> Callable[[], object]:
    """The same by naive loops."""
    x, w, b, dout = _arrays(shape)
    return lambda: loops.conv_backward(dout, loops.conv_forward(x, w, b, _param(shape))[1])


def theirs(shape: Shape) -> Callable[[], object] | None:
    """The same by PyTorch; None where it isn't installed."""
    torch = torch_on_one_thread()
    if torch is None:
        return None
    *arrays, dout = _arrays(shape)
    tensors, upstream = [torch.tensor(array, requires_grad=True) for array in arrays], torch.tensor(dout)

    def both_ways() -> object:
        out = torch.nn.functional.conv2d(*tensors, stride=shape.stride, padding=shape.pad)
        return torch.autograd.grad(out, tensors, upstream)

    return both_ways


def _arrays(shape: Shape) -> list[Any]:
    """x, w, b and the gradient of the output: the same numbers at each call."""
    rng = np.random.RandomState(231)
    x, w, b = (rng.standard_normal(size).astype(np.float32) for size in (shape.x, shape.w, shape.w[:1]))
    out = conv_forward(x, w, b, _param(shape))[0]
    return [x, w, b, rng.standard_normal(out.shape).astype(np.float32)]


def _param(shape: Shape) -> dict[str, int]:
    return {"stride": shape.stride, "pad": shape.pad}
