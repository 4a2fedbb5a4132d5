"""A run on one core: what it takes, where the time goes, and the limit that products and memory set.

The limit is what the run's products take by themselves, on arrays that lie in the cache, and the time in which Adam's
numbers go through memory: per parameter and step four are read and three written, at the rate at which NumPy adds two
arrays of that size up.
"""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bnlab import engines
from bnlab.bench.products import Product, parameters, products, seconds_each
from bnlab.bench.turns import fastest
from bnlab.errors import RunError
from bnlab.lab.images import arrays
from bnlab.lab.train import train
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.history import Failure
from bnlab.runs.spec import RunSpec

REPEATS = 3
"""How often each product is timed in a round; the fastest counts."""
ADAM = "Adam"
ADAM_NUMBERS = 7
"""Adam's numbers per parameter: it reads w, dw, m and v, and writes w, m and v."""
WHERE = {
    "evaluation": ("solver.py", "_check"),
    "forward and backward": ("net.py", "loss_and_gradients"),
    "Adam": ("optim.py", "adam"),
}
"""Where the time goes: the functions, by file, that it is summed over. What is left is the Solver's own."""


class Limit(NamedTuple):
    """The least a run can take, in seconds, by part; with the rates it comes from."""

    parts: dict[str, float]
    flops: float
    bandwidth: float

    @property
    def seconds(self) -> float:
        """In all."""
        return sum(self.parts.values())


def measure_run(spec: RunSpec, folders: Sequence[str], rounds: int) -> dict[str, Any]:
    """The run and its limit, measured in turn: the seconds of each round, where they go, and the rates."""
    data = arrays(spec, tuple(folders))
    _seconds(spec, folders)  # loads the kernels
    taken, limits = [], []
    for _ in range(rounds):
        taken.append(_seconds(spec, folders))
        limits.append(limit(spec, data))
    return {
        "run": taken,
        "limit": [each.seconds for each in limits],
        "limit_parts": {name: [each.parts[name] for each in limits] for name in limits[0].parts},
        "flops": [each.flops for each in limits],
        "bandwidth": [each.bandwidth for each in limits],
        "shares": shares(spec, data),
    }


def limit(spec: RunSpec, data: Mapping[str, Array]) -> Limit:
    """The run's limit on this core, as fast as it is now."""
    pixels, classes = data["X_train"][0].size, Draws(spec, data).num_classes
    counted = products(spec, pixels, classes, len(data["X_val"]))
    every: Counter[Product] = sum(counted.values(), Counter())
    each = seconds_each(every, REPEATS)
    parts = {name: sum(each[product] * times for product, times in some.items()) for name, some in counted.items()}
    done = sum(product.multiply_adds * times for product, times in every.items())
    size = parameters(spec, pixels, classes)
    rate = bandwidth(size)
    traffic = ADAM_NUMBERS * size * np.dtype(spec.dtype).itemsize * spec.num_iterations
    return Limit({**parts, ADAM: traffic / rate}, 2 * done / sum(parts.values()), rate)


def bandwidth(size: int) -> float:
    """Bytes per second while NumPy adds two arrays up, the three as large together as Adam's four of this many numbers."""
    a, b, out = (np.ones(4 * size // 3, np.float32) for _ in range(3))
    return 3 * a.nbytes / fastest(lambda: np.add(a, b, out=out), REPEATS)


def shares(spec: RunSpec, data: Mapping[str, Array]) -> dict[str, float]:
    """The share of a run's time that is spent in each part, by a profile."""
    profile = cProfile.Profile()
    profile.runcall(engines.train, spec, data)
    stats: Any = pstats.Stats(profile)
    whole = dict.fromkeys(WHERE, 0.0)
    for (file, _, function), (*_, cumulative, _) in stats.stats.items():
        for name, (own_file, own_function) in WHERE.items():
            if function == own_function and file.replace("\\", "/").endswith(f"/{own_file}"):
                whole[name] += cumulative
    found = {name: seconds / stats.total_tt for name, seconds in whole.items()}
    return {**found, "the rest": 1 - sum(found.values())}


def _seconds(spec: RunSpec, folders: Sequence[str]) -> float:
    ended = train(spec, folders)
    if isinstance(ended, Failure):
        raise RunError(f"the run to be timed failed: {ended.error}")
    return float(ended.provenance["seconds"])
