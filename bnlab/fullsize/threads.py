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
    """All cores for a fully connected net whose products are large enough, else 1. image: the shape of one.

    A convnet gets one: its steps took .95 of the time with two threads, for twice the work.
    """
    if isinstance(spec.net, ConvNetSpec):
        return 1
    widths = [math.prod(image), *spec.net.hidden_dims]
    widest = max(before * after for before, after in pairwise(widths))
    return cores() if spec.solver.batch_size * widest >= WORTH_SHARING else 1
