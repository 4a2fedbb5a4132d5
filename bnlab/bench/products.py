"""The matrix products of a run: what it can't do without.

An affine layer takes one product forward, and in training two backward: for its weights, and for its input, which the first
layer leaves out. Evaluation takes those forward, on all images of each check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bnlab.bench.turns import fastest
from bnlab.layers.types import Array
from bnlab.nets import Net
from bnlab.runs.outcome import planned_checks
from bnlab.runs.spec import NetSpec, RunSpec

EVALUATION, FIRST, OTHERS = "evaluation", "first layer in training", "other layers in training"
FORWARD, WEIGHTS, INPUT = "forward", "weights", "input"


class Product(NamedTuple):
    """A product: rows (images), inputs and units of its layer, and which of the three it is."""

    rows: int
    inputs: int
    units: int
    which: str

    @property
    def multiply_adds(self) -> int:
        """As many for each of the three."""
        return self.rows * self.inputs * self.units


def products(spec: RunSpec, pixels: int, classes: int, num_val: int) -> dict[str, Counter[Product]]:
    """How often a run takes each product, by what it takes them for.

    pixels: per image. num_val: validation images. The run must be one of a fully connected net that doesn't diverge.
    """
    assert isinstance(spec.net, NetSpec)
    layers = [*pairwise([pixels, *spec.net.hidden_dims, classes])]
    counted = {part: Counter[Product]() for part in (EVALUATION, FIRST, OTHERS)}
    for rows, times in _evaluated(spec, num_val).items():
        counted[EVALUATION].update({Product(rows, *layer, FORWARD): times * n for layer, n in Counter(layers).items()})
    for i, layer in enumerate(layers):
        for which in (FORWARD, WEIGHTS, *([INPUT] if i else [])):
            counted[OTHERS if i else FIRST][Product(spec.solver.batch_size, *layer, which)] += spec.num_iterations
    return counted


def multiply_adds(counted: Mapping[str, Mapping[Product, int]]) -> int:
    """Of all products of a run."""
    return sum(product.multiply_adds * times for part in counted.values() for product, times in part.items())


def parameters(spec: RunSpec, pixels: int, classes: int) -> int:
    """How many numbers the run trains."""
    assert isinstance(spec.net, NetSpec)
    widths = [pixels, *spec.net.hidden_dims, classes]
    normalized = 0 if spec.net.normalization == "none" else 2 * sum(spec.net.hidden_dims)
    return sum(inputs * units + units for inputs, units in pairwise(widths)) + normalized


def seconds_each(wanted: Iterable[Product], repeats: int) -> dict[Product, float]:
    """Seconds per product, on random numbers, in the fastest of some repeats."""
    return {product: fastest(_function(product), repeats) for product in set(wanted)}


def _evaluated(spec: RunSpec, num_val: int) -> Counter[int]:
    """How many batches of so many images pass through the net in the checks of a run."""
    checks, batch = len(planned_checks(spec)), Net.evaluation_batch
    batches: Counter[int] = Counter()
    for images in (min(spec.data.num_train, spec.solver.num_train_samples), num_val):
        batches.update({rows: checks for rows in [images % batch] if rows})
        batches[batch] += checks * (images // batch)
    return +batches


def _function(product: Product) -> Callable[[], object]:
    x, w, dout = _arrays(product)
    if product.which == FORWARD:
        return lambda: x @ w
    if product.which == WEIGHTS:
        grads = np.empty_like(w)
        return lambda: np.matmul(x.T, dout, out=grads)
    return lambda: dout @ w.T


def _arrays(product: Product) -> Iterator[Array]:
    rng = np.random.RandomState(0)
    shapes = (product.rows, product.inputs), (product.inputs, product.units), (product.rows, product.units)
    return (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
