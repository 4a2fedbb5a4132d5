"""Layer by layer, rule by rule, net by net: the largest difference between another engine and ours, both ways."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bnlab import engines
from bnlab.cases import FUNCTION_CASES
from bnlab.cases.case import LABELS, Case
from bnlab.cases.nets import NETS, NetCase
from bnlab.layers.types import Array
from bnlab.optim import RULES
from bnlab.parity.numbers import SEED, STEPS, distance, our_steps, rule_spec
from bnlab.parity.probe import probe

SIDES = {"torch": "bnlab.parity.on_torch", "tensorflow": "bnlab.parity.on_tensorflow"}
"""By engine, the module that computes layers, nets and update rules with its framework."""
TOLERANCES = {"float32": 1e-5, "float64": 1e-10}
"""How far two correct engines may be apart: relative to the largest entry, or to one where all are smaller."""


@dataclass(frozen=True)
class Difference:
    """The largest difference of an output, of gradients or of weights. kind: layer, rule or net; way: forward or backward;
    what: the array that differs most, where there are several."""

    engine: str
    kind: str
    name: str
    way: str
    dtype: str
    difference: float
    what: str
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether it is small enough. A difference that isn't finite is not."""
        return self.difference <= self.tolerance

    def to_json(self) -> dict[str, Any]:
        """All fields, and whether it is small enough."""
        finite = self.difference if math.isfinite(self.difference) else None
        return {**asdict(self), "difference": finite, "ok": self.ok}


def differences(engine: str) -> list[Difference]:
    """All layers and losses, update rules, and nets, in both precisions, each side on one thread."""
    with engines.module(engine).repeatable("cpu"), threadpool_limits(limits=1, user_api="blas"):
        return [*_differences(engine, importlib.import_module(SIDES[engine]))]


def _differences(engine: str, side: Any) -> Iterator[Difference]:
    for dtype in TOLERANCES:
        for case in FUNCTION_CASES.values():
            yield from _layer(engine, side, case, dtype)
        for rule in RULES:
            yield from (_rule(engine, side, rule, convention, dtype) for convention in side.CONVENTIONS)
        for net in NETS:
            yield from _net(engine, side, net, dtype)


def _layer(engine: str, side: Any, case: Case, dtype: str) -> Iterator[Difference]:
    inputs = case.inputs(np.random.RandomState(SEED), np.dtype(dtype))
    out = case.forward(inputs)
    dout, gradients = case.gradients(inputs, np.random.RandomState(SEED + 1))
    theirs, their_gradients = side.layer(case.name, inputs, case.extra, dout)
    yield from _both_ways(engine, "layer", case.name, dtype, (out, gradients), (theirs, their_gradients))


def _net(engine: str, side: Any, case: NetCase, dtype: str) -> Iterator[Difference]:
    inputs = case.inputs(np.random.RandomState(SEED), np.dtype(dtype))
    ours = case.forward(inputs), case.gradients(inputs, np.random.RandomState(SEED + 1))[1]
    yield from _both_ways(engine, "net", case.name, dtype, ours, side.net(probe(case), inputs, LABELS[: len(inputs["x"])]))


def _both_ways(
    engine: str,
    kind: str,
    name: str,
    dtype: str,
    ours: tuple[Array, Mapping[str, Array]],
    theirs: tuple[Array, Mapping[str, Array]],
) -> Iterator[Difference]:
    ways = {"forward": ({"out": ours[0]}, {"out": theirs[0]}), "backward": (ours[1], theirs[1])}
    for way, (own, other) in ways.items():
        apart = {key: distance(np.asarray(own[key]), np.asarray(other[key])) for key in own}
        what = max(apart, key=apart.__getitem__)
        yield Difference(engine, kind, name, way, dtype, apart[what], what, TOLERANCES[dtype])


def _rule(engine: str, side: Any, rule: str, convention: str, dtype: str) -> Difference:
    """The weights after each of several steps, at a rate that decays."""
    spec = rule_spec(rule, convention, engine, dtype)
    rng = np.random.RandomState(SEED)
    w, *gradients = rng.standard_normal((1 + STEPS, 40)).astype(dtype)
    apart = [distance(*each) for each in zip(our_steps(spec, w, gradients), side.steps(spec, w, gradients), strict=True)]
    name = rule if convention == "notebook" else f"{rule}, {convention}'s convention"
    worst = int(np.argmax(apart))
    return Difference(engine, "rule", name, "forward", dtype, apart[worst], f"step {worst + 1}", TOLERANCES[dtype])
