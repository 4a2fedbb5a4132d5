"""How fast the convolution is, forward plus backward: against PyTorch's on the CPU and against loops over output pixels.

    python scripts/time_convolution.py

One thread, float32. Ours and PyTorch's take turns, 25 times; the ratio is the median of the turns' ratios. The loops are
those of the tests, and run once. PyTorch must be installed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bnlab.layers import conv_backward, conv_forward
from tests.layers import loops

TURNS = 25
SHAPES = [  # x, w, stride, pad
    ((100, 3, 31, 31), (25, 3, 3, 3), 2, 1),
    ((50, 3, 32, 32), (32, 3, 7, 7), 1, 3),
    ((64, 16, 32, 32), (32, 16, 3, 3), 1, 1),
]


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'x':>20}  {'w':>15}  stride  pad  {'ours':>8}  {'PyTorch':>8}  ratio  {'loops':>9}  ratio")
    with threadpool_limits(limits=1):
        for x, w, stride, pad in SHAPES:
            ours, theirs, by_loops = measured(x, w, stride, pad)
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            mine, other = 1e3 * statistics.median(ours), 1e3 * statistics.median(theirs)
            print(
                f"{x!s:>20}  {w!s:>15}  {stride:6}  {pad:3}  {mine:5.1f} ms  {other:5.1f} ms  {ratio:5.2f}  "
                f"{by_loops:7.1f} s  {by_loops / (mine / 1e3):5.0f}"
            )


def measured(x: Any, w: Any, stride: int, pad: int) -> tuple[list[float], list[float], float]:
    """Seconds a turn of ours and of PyTorch's, and of one pass of the loops."""
    rng = np.random.RandomState(231)
    images, filters, bias = (rng.standard_normal(shape).astype(np.float32) for shape in (x, w, w[:1]))
    param = {"stride": stride, "pad": pad}
    dout = rng.standard_normal(conv_forward(images, filters, bias, param)[0].shape).astype(np.float32)
    tensors = [torch.tensor(array, requires_grad=True) for array in (images, filters, bias)]
    upstream = torch.tensor(dout)

    def ours() -> None:
        conv_backward(dout, conv_forward(images, filters, bias, param)[1])

    def theirs() -> None:
        torch.autograd.grad(torch.nn.functional.conv2d(*tensors, stride=stride, padding=pad), tensors, upstream)

    def by_loops() -> None:
        loops.conv_backward(dout, loops.conv_forward(images, filters, bias, param)[1])

    turns = [(seconds(ours), seconds(theirs)) for _ in range(TURNS)]
    return [mine for mine, _ in turns], [other for _, other in turns], seconds(by_loops)


def seconds(function: Callable[[], None]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
