"""How many threads BLAS gets when one net has the machine to itself.

More threads round sums in another order, so the number follows from the settings and the machine, never from how busy it is
at the start of a training: the same command has to leave the same bytes.
"""

from __future__ import annotations

import math
from itertools import pairwise

from bnlab.lab.cores import cores
from bnlab.runs.spec import ConvNetSpec, RunSpec

WORTH_SHARING = 4_000_000
"""Multiply-adds of the widest product of a minibatch from which threads gain more than they lose by waiting for each other.
On two cores, two threads took .6 of the time of one with 9 million, and .7 to 1.0 of it with 1.4 million."""


def usual_threads(spec: RunSpec, image: tuple[int, ...]) -> int:
    """All cores for a net whose products are large enough, else 1. image: the shape of one."""
    return cores() if spec.solver.batch_size * _widest(spec, image) >= WORTH_SHARING else 1


def _widest(spec: RunSpec, image: tuple[int, ...]) -> int:
    """The entries of the largest matrix that a layer multiplies its input by."""
    net = spec.net
    if isinstance(net, ConvNetSpec):
        pooled = math.prod(size // 2 for size in image[1:])
        return net.num_filters * pooled * net.hidden_dim
    widths = [math.prod(image), *net.hidden_dims]
    return max(before * after for before, after in pairwise(widths))
