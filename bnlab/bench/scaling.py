"""What work costs as it grows: runs, images, width, depth and batch, each doubled three times.

Time and memory are set against multiply-adds, those of all matrix products of the runs, so that a cost that only keeps up
with the work is a level line. One core, no data set: the images are random numbers. Memory is the peak of what Python
and NumPy allocate during the trainings, the images included. Accuracy is checked on few images, so that it costs little.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bnlab import engines
from bnlab.bench.products import multiply_adds, parameters, products
from bnlab.bench.surroundings import cache_left
from bnlab.lab.driver import carry_out
from bnlab.lab.images import read
from bnlab.lab.store import Store
from bnlab.layers.types import Array
from bnlab.report.figure import Figure, Line, Panel
from bnlab.runs.spec import DataSpec, NetSpec, RunSpec, SolverSpec

DOUBLINGS = 3
DEARER = 1.15
"""A doubling may make a multiply-add so much dearer before somebody must say why."""
CLASSES, CHECKED, ADAMS = 10, 100, 4
"""CHECKED: images that accuracy is checked on. ADAMS: arrays that an update goes through, of parameters, gradients and both
moments."""


class Base(NamedTuple):
    """The smallest work: that many runs, images, units per layer, layers, and images per minibatch; iterations of each run,
    pixels per image."""

    runs: int = 2
    images: int = 500
    width: int = 50
    depth: int = 3
    batch: int = 50
    iterations: int = 100
    pixels: int = 784


class Point(NamedTuple):
    """A work with its cost. axis: what grows; size: how large that is. seconds: the fastest round. working_set: bytes that
    a training goes through again and again."""

    axis: str
    size: int
    seconds: float
    peak_bytes: int
    multiply_adds: int
    working_set: int

    @property
    def time_each(self) -> float:
        """Seconds per multiply-add."""
        return self.seconds / self.multiply_adds

    @property
    def bytes_each(self) -> float:
        """Bytes per multiply-add."""
        return self.peak_bytes / self.multiply_adds


AXES = ("runs", "images", "width", "depth", "batch")
"""What grows: fields of Base. With the images the iterations grow too; with the batch they stay."""


def grown(base: Base, axis: str) -> list[Base]:
    """The base, and three doublings of the axis."""
    factors = [2**i for i in range(DOUBLINGS + 1)]
    works = [base._replace(**{axis: getattr(base, axis) * factor}) for factor in factors]
    if axis != "images":
        return works
    return [work._replace(iterations=base.iterations * factor) for work, factor in zip(works, factors, strict=True)]


def measure_scaling(rounds: int, base: Base, axes: Sequence[str] = AXES) -> list[Point]:
    """Each axis, its points timed in turn, and the memory of each once more, since watching it takes time."""
    return [point for axis in axes for point in _axis(axis, grown(base, axis), rounds)]


def _axis(axis: str, works: Sequence[Base], rounds: int) -> Iterator[Point]:
    jobs = [(_Runs if axis == "runs" else _Training)(work) for work in works]
    jobs[0].carry_out()  # loads the kernels
    seconds = [[job.carry_out() for job in jobs] for _ in range(rounds)]
    for work, job, taken in zip(works, jobs, zip(*seconds, strict=True), strict=True):
        done = job.runs * multiply_adds(products(job.spec, job.pixels, CLASSES, CHECKED))
        yield Point(axis, getattr(work, axis), min(taken), _peak(job.carry_out), done, working_set(work, axis))


def working_set(work: Base, axis: str) -> int:
    """Bytes of float32 that a training step goes through: what Adam does, the activations and their gradients, and the
    minibatch; where images grow, all images."""
    numbers = ADAMS * parameters(_spec(work), work.pixels, CLASSES)
    numbers += work.batch * (work.pixels + 3 * work.width * work.depth)
    numbers += work.images * work.pixels if axis == "images" else 0
    return 4 * numbers


class _Training:
    """One training by the engine, on images made for it."""

    runs = 1

    def __init__(self, work: Base) -> None:
        self.work, self.spec, self.pixels = work, _spec(work), work.pixels

    def carry_out(self) -> float:
        """Seconds of the training itself."""
        rng = np.random.default_rng(0)
        data: dict[str, Array] = {}
        for part, count in {"train": self.work.images, "val": CHECKED}.items():
            data[f"X_{part}"] = rng.standard_normal((count, 1, 1, self.pixels), np.float32)
            data[f"y_{part}"] = np.arange(count) % CLASSES
        start = time.perf_counter()
        engines.train(self.spec, data)
        return time.perf_counter() - start


class _Runs:
    """Several runs by the driver, which stores each."""

    def __init__(self, work: Base) -> None:
        images = read("synthetic", work.images, CHECKED, ())
        data = DataSpec("synthetic", work.images, images.fingerprint, CHECKED)
        self.runs, self.spec, self.pixels = work.runs, _spec(work, data), images.x_train[0].size

    def carry_out(self) -> float:
        """Seconds of all runs."""
        specs = [replace(self.spec, replicate=i) for i in range(self.runs)]
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            for _ in carry_out(specs, Store(Path(folder))):
                pass
            return time.perf_counter() - start


def _spec(work: Base, data: DataSpec | None = None) -> RunSpec:
    per_epoch = max(work.images // work.batch, 1)
    return RunSpec(
        data or DataSpec("random", work.images, "", CHECKED),
        NetSpec((work.width,) * work.depth, "batchnorm", 0.02),
        SolverSpec(1e-3, batch_size=work.batch, num_epochs=max(work.iterations // per_epoch, 1), num_train_samples=CHECKED),
        seed=231,
    )


def _peak(function: Callable[[], object]) -> int:
    """The most bytes that were allocated at once during a call, beyond what was there before."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Step(NamedTuple):
    """A doubling: how many times as much a multiply-add costs after it, in time and memory."""

    before: Point
    after: Point

    @property
    def time(self) -> float:
        """How many times as long a multiply-add takes."""
        return self.after.time_each / self.before.time_each

    @property
    def memory(self) -> float:
        """How many times the memory there is per multiply-add."""
        return self.after.bytes_each / self.before.bytes_each


def steps(points: Sequence[Point]) -> list[Step]:
    """The doublings of each axis, in order."""
    return [Step(a, b) for a, b in pairwise(points) if a.axis == b.axis]


def remarks(points: Sequence[Point], caches: Mapping[str, int]) -> list[str]:
    """What doublings cost: the dearest, and for each that costs over 15 % more which cache the work left.

    caches: the sizes of the caches in bytes, by name.
    """
    taken = steps(points)
    dear = [step for step in taken if step.time > DEARER]
    said = [f"{_named(step)}: {_why(step, caches)}" for step in dear]
    worst, most = (max(taken, key=key) for key in (lambda step: step.time, lambda step: step.memory))
    said.append(f"the dearest doubling in time: {_named(worst)}")
    said.append(f"the dearest doubling in memory: {_doubling(most)}, {most.memory:.2f} times as much per multiply-add")
    return said


def _named(step: Step) -> str:
    return f"{_doubling(step)}, {step.time:.2f} times as long per multiply-add"


def _doubling(step: Step) -> str:
    return f"{step.after.axis} from {step.before.size:,} to {step.after.size:,}"


def _why(step: Step, caches: Mapping[str, int]) -> str:
    before, after = step.before.working_set, step.after.working_set
    left = cache_left(before, after, caches)
    sizes = f"what a step goes through grows from {_megabytes(before)} to {_megabytes(after)}"
    if left is None:
        return f"{sizes}, which leaves no cache"
    return f"{sizes} and leaves {left} ({_megabytes(caches[left])})"


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.2g} MB"


def figure(points: Sequence[Point], machine: str) -> Figure:
    """Time and memory per multiply-add against the size of the work, each axis over its smallest. machine: its name."""
    panels = [
        _panel("Time", points, lambda point: point.time_each),
        _panel("Peak memory", points, lambda point: point.bytes_each),
    ]
    caption = f"Each of {', '.join(AXES)} doubled three times, over the smallest; one core, float32, on {machine}"
    return Figure("What a multiply-add costs as work grows", caption, tuple(panels))


def _panel(what: str, points: Sequence[Point], cost: Callable[[Point], float]) -> Panel:
    by_axis: dict[str, list[Point]] = {}
    for point in points:
        by_axis.setdefault(point.axis, []).append(point)
    lines = [
        Line(axis, [float(i) for i in range(len(of_axis))], [cost(point) / cost(of_axis[0]) for point in of_axis])
        for axis, of_axis in by_axis.items()
    ]
    ticks = {float(i): f"{2**i}" for i in range(DOUBLINGS + 1)}
    label = f"{what.lower()} per multiply-add, the smallest 1"
    return Panel(what, "size, over the smallest", label, tuple(lines), y_limits=(0, None), x_ticks=ticks)
