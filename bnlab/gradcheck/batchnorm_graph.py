"""Batchnorm as a computation graph: the table of its nodes, which docs/derivations.md draws, and a check of each gradient
from the output back to x.

The backward pass follows from the table by the chain rule: a node's gradient is the sum of what its edges to later nodes
bring back. Three paths lead from x to the output. They separate at x, where one goes to `mu`, and at `centred`, where one
goes to `xhat` and one to `squared`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bnlab.cases import FUNCTION_CASES
from bnlab.gradcheck import TOLERANCE
from bnlab.gradcheck.comparison import SMALL, worst_entry
from bnlab.gradcheck.numeric import relative
from bnlab.gradcheck.slopes import slopes
from bnlab.layers.normalization import batchnorm_steps
from bnlab.layers.normalization_core import EPS
from bnlab.layers.types import Array

Edge: TypeAlias = tuple[str, str]
"""A node, and a later one that uses it."""


class Node(NamedTuple):
    """A node, the formula that computes it, and what each of its edges brings back to the node that the edge comes from.

    All formulas are Python. `forward` is evaluated; those of `edges` say in short what the backward pass computes.
    """

    name: str
    forward: str
    edges: dict[str, str]


LEAVES = ("x", "gamma", "beta")
NODES = (
    Node("mu", "mean(x)", {"x": "dmu / m"}),
    Node("centred", "x - mu", {"x": "dcentred", "mu": "-sum(dcentred)"}),
    Node("squared", "centred**2", {"centred": "2 * dsquared * centred"}),
    Node("var", "mean(squared)", {"squared": "dvar / m"}),
    Node("inv_std", "1 / sqrt(var + eps)", {"var": "-0.5 * inv_std**3 * dinv_std"}),
    Node("xhat", "centred * inv_std", {"centred": "dxhat * inv_std", "inv_std": "sum(dxhat * centred)"}),
    Node("scaled", "gamma * xhat", {"xhat": "dscaled * gamma", "gamma": "sum(dscaled * xhat)"}),
    Node("out", "scaled + beta", {"scaled": "dout", "beta": "sum(dout)"}),
)
PATHS: dict[str, Edge] = {"path 1": ("centred", "xhat"), "path 2": ("centred", "squared"), "path 3": ("x", "mu")}
"""The paths from x, each with the edge on which it leaves the others."""

_CODE = {node.name: compile(node.forward, node.name, "eval") for node in NODES}
_WORDS = {"mean": lambda x: x.mean(axis=0, keepdims=True), "sqrt": np.sqrt, "eps": EPS}


@dataclass(frozen=True)
class NodeComparison:
    """How the gradient at one node, or on one path, compares: where the relative error is largest, and both values there.

    gradient: its formula. shape: the node's.
    """

    node: str
    gradient: str
    shape: tuple[int, ...]
    index: tuple[int, ...]
    error: float
    analytic: float
    numeric: float

    @property
    def ok(self) -> bool:
        """Whether the error is within the tolerance; an error of NaN is not."""
        return self.error <= TOLERANCE


def check_steps(seed: int = 231) -> list[NodeComparison]:
    """A step for each node and each path into x, in the order of the backward pass, on the inputs of `bnlab gradcheck`.

    What batchnorm_backward computes for a node is compared with the numeric gradient of the output by that node: earlier
    nodes keep their values, and later ones follow.
    """
    case, rng = FUNCTION_CASES["batchnorm"], np.random.RandomState(seed)
    inputs = case.inputs(rng, np.dtype(np.float64))
    dout, leaves = case.gradients(inputs, rng)
    _, cache = case.call(inputs)
    return [_step(name, gradient, inputs, dout) for name, gradient in _on_the_way(dout, cache, leaves).items()]


def forward(inputs: Mapping[str, Array], held: Mapping[str | Edge, Array] | None = None) -> dict[str, Array]:
    """The values of all nodes. held: values fixed for a node, or for an edge; then only the edge's later node sees them."""
    held = held or {}
    values: dict[str, Array] = {leaf: held.get(leaf, inputs[leaf]) for leaf in LEAVES}
    for node in NODES:
        seen = {parent: held.get((parent, node.name), values[parent]) for parent in node.edges}
        values[node.name] = held[node.name] if node.name in held else eval(_CODE[node.name], _WORDS, seen)
    return values


def gradient_of(name: str) -> str:
    """The formula of a node's gradient, a sum over its edges to later nodes; for a path, that of its own edge."""
    parent, child = PATHS.get(name, (name, None))
    later = [node for node in reversed(NODES) if parent in node.edges and child in (None, node.name)]
    return " + ".join(node.edges[parent] for node in later)


def _on_the_way(dout: Array, cache: Any, leaves: dict[str, Array]) -> dict[str, Array]:
    """The gradient that the code computes for each node, in its order; for a path, what the others don't contribute."""
    steps = batchnorm_steps(dout, cache)
    through_xhat = batchnorm_steps(dout, cache._replace(centred=np.zeros_like(cache.centred))).dcentred
    return {
        "beta": leaves["beta"],
        "scaled": dout,
        "gamma": leaves["gamma"],
        "xhat": steps.dxhat,
        "inv_std": steps.dinv_std,
        "var": steps.dvar,
        "squared": steps.dsquared,
        "path 1": through_xhat,
        "path 2": steps.dcentred - through_xhat,
        "centred": steps.dcentred,
        "mu": steps.dmu,
        "path 3": steps.dx - steps.dcentred,
        "x": leaves["x"],
    }


def _step(name: str, gradient: Array, inputs: Mapping[str, Array], dout: Array) -> NodeComparison:
    at: str | Edge = PATHS.get(name, name)
    value = forward(inputs)[at[0] if isinstance(at, tuple) else at].copy()
    analytic = np.broadcast_to(gradient, value.shape)
    numeric, _ = slopes(lambda: forward(inputs, {at: value})["out"], value, dout)
    worst = worst_entry(relative(analytic, numeric, SMALL), analytic, numeric)
    return NodeComparison(name, gradient_of(name), value.shape, *worst)
