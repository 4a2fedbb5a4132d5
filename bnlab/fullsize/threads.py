"""How many threads BLAS gets when one net has the machine to itself.

More threads round sums in another order, so the number is part of a training: its checkpoint and its summary have it.
"""

from __future__ import annotations

import math
from itertools import pairwise

from bnlab.lab.cores import cores, idle_cores
from bnlab.runs.spec import ConvNetSpec, RunSpec

WORTH_SHARING = 4_000_000
"""Multiply-adds of the widest product of a minibatch from which threads gain more than they lose by waiting for each other.
On two cores, two threads took .6 of the time of one with 9 million, and .7 to 1.0 of it with 1.4 million."""
SLACK = 0.5
"""Of the cores, what others may use while all of them still count as free."""


def usual_threads(spec: RunSpec, image: tuple[int, ...]) -> int:
    """All cores for a net that gains by them, if nobody else uses them now, else 1. image: the shape of one.

    On a busy machine each product waits for the thread that comes last. The good model took 20 times as long with two
    threads as with one there, and .8 of the time on an idle one.
    """
    if not gains(spec, image):
        return 1
    idle = idle_cores()
    return cores() if idle is None or idle > cores() - SLACK else 1


def gains(spec: RunSpec, image: tuple[int, ...]) -> bool:
    """Whether several threads train the net faster: a fully connected one whose products are large enough.

    A convnet's steps took .95 of the time with two threads, for twice the work.
    """
    if isinstance(spec.net, ConvNetSpec):
        return False
    widest = max(before * after for before, after in pairwise([math.prod(image), *spec.net.hidden_dims]))
    return spec.solver.batch_size * widest >= WORTH_SHARING
