"""How fast the convolution is, forward plus backward: against PyTorch's on the CPU, and against naive loops.

    python -m bnlab.bench.convolution

One thread, float32. Ours and PyTorch's take turns, so that a busy machine slows both down; the ratio is the median of the
turns' ratios. The loops run once. PyTorch must be installed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from bnlab.bench import loops
from bnlab.errors import BnlabError
from bnlab.layers import conv_backward, conv_forward

TURNS = 25


class Shape(NamedTuple):
    """A convolution: images (N, C, H, W), filters (F, C, HH, WW), stride and padding."""

    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    stride: int
    pad: int


SHAPES = (
    Shape((100, 3, 31, 31), (25, 3, 3, 3), 2, 1),
    Shape((50, 3, 32, 32), (32, 3, 7, 7), 1, 3),
    Shape((64, 16, 32, 32), (32, 16, 3, 3), 1, 1),
)


class Row(NamedTuple):
    """Seconds per forward and backward pass: medians of ours and PyTorch's, one pass of the loops.

    to_torch: our time over PyTorch's; to_loops: the loops' time over ours.
    """

    shape: Shape
    ours: float
    torch: float
    to_torch: float
    loops: float
    to_loops: float


def rows(shapes: Sequence[Shape] = SHAPES, turns: int = TURNS) -> Iterator[Row]:
    """A row for each shape, as soon as it is timed. Raises BnlabError if PyTorch isn't installed."""
    for shape in shapes:
        ours, torch, by_loops = _passes(shape)
        with threadpool_limits(limits=1):
            pairs = [(_seconds(ours), _seconds(torch)) for _ in range(turns)]
            slow = _seconds(by_loops)
        mine, theirs = (median(times) for times in zip(*pairs, strict=True))
        yield Row(shape, mine, theirs, median(a / b for a, b in pairs), slow, slow / mine)


def main(shapes: Sequence[Shape] = SHAPES, turns: int = TURNS) -> None:
    """Print the table, line by line."""
    print(f"{'x':>20}  {'w':>15}  stride  pad  {'ours':>8}  {'PyTorch':>8}  ratio  {'loops':>9}  ratio")
    for (x, w, stride, pad), ours, torch, to_torch, by_loops, to_loops in rows(shapes, turns):
        print(
            f"{x!s:>20}  {w!s:>15}  {stride:6}  {pad:3}  {1e3 * ours:5.1f} ms  {1e3 * torch:5.1f} ms  {to_torch:5.2f}  "
            f"{by_loops:7.1f} s  {to_loops:5.0f}",
            flush=True,
        )


def _passes(shape: Shape) -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
    """Forward and backward of ours, of PyTorch's and of the loops, all on the same arrays."""
    torch = _torch()
    rng, param = np.random.RandomState(231), {"stride": shape.stride, "pad": shape.pad}
    x, w, b = (rng.standard_normal(size).astype(np.float32) for size in (shape.x, shape.w, shape.w[:1]))
    dout = rng.standard_normal(conv_forward(x, w, b, param)[0].shape).astype(np.float32)
    tensors, upstream = [torch.tensor(array, requires_grad=True) for array in (x, w, b)], torch.tensor(dout)

    def ours() -> None:
        conv_backward(dout, conv_forward(x, w, b, param)[1])

    def theirs() -> None:
        out = torch.nn.functional.conv2d(*tensors, stride=shape.stride, padding=shape.pad)
        torch.autograd.grad(out, tensors, upstream)

    def by_loops() -> None:
        loops.conv_backward(dout, loops.conv_forward(x, w, b, param)[1])

    return ours, theirs, by_loops


def _torch() -> Any:
    """PyTorch, on one thread."""
    try:
        import torch
    except ImportError as error:
        raise BnlabError("PyTorch isn't installed, and this timing needs it: pip install torch") from error
    torch.set_num_threads(1)
    return torch


def _seconds(function: Callable[[], None]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    try:
        main()
    except BnlabError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
