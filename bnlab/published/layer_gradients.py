"""Checks the normalizations' backward passes against central differences, and batchnorm's two forms with each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bnlab.gradcheck import eval_numerical_gradient_array, rel_error
from bnlab.layers import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
from bnlab.layers.types import Array
from bnlab.published.facts import PublishedFacts, notebook_stream, numbers
from bnlab.published.number import RATIO, PublishedNumber, below, unjudged

BOUNDED = "this is an error: it may be at most its bound, and need not equal the published one"
TIMINGS = 100


def batchnorm(facts: PublishedFacts) -> list[PublishedNumber]:
    """Batchnorm's walk through the graph."""
    return _numeric(facts, batchnorm_forward, batchnorm_backward)


def layernorm(facts: PublishedFacts) -> list[PublishedNumber]:
    """Layernorm: the closed form, applied to rows."""
    return _numeric(facts, layernorm_forward, layernorm_backward)


def batchnorm_alt(facts: PublishedFacts) -> list[PublishedNumber]:
    """The closed form and the walk through the graph: how far apart they are, and how much faster the closed form is."""
    dout, cache = _backward_inputs()
    pairs = zip(batchnorm_backward(dout, cache), batchnorm_backward_alt(dout, cache), strict=True)
    errors = [rel_error(graph, closed) for graph, closed in pairs]
    least, ratio = numbers()["tolerances"]["speedup_at_least"], speedup(dout, cache)
    here = "is" if ratio >= least else "is not"
    why = f"a ratio of times depends on the machine: it should be at least {least}, and here it {here}"
    return [*_bounded(facts, errors), unjudged("speedup", facts["speedup"], ratio, "reported", why, RATIO)]


def speedup(dout: Array, cache: Any) -> float:
    """How much faster the closed form is: the ratio of the medians of 100 timings each, which are taken in turn."""
    seconds = [
        [_seconds(backward, dout, cache) for backward in (batchnorm_backward, batchnorm_backward_alt)]
        for _ in range(TIMINGS)
    ]
    graph, closed = map(median, zip(*seconds, strict=True))
    return float(graph / closed)


def _numeric(facts: PublishedFacts, forward: Callable[..., Any], backward: Callable[..., Any]) -> list[PublishedNumber]:
    inputs, dout = _draws(4, 5)

    def out(_: Array) -> Array:
        result: Array = forward(*inputs, {"mode": "train"})[0]
        return result

    analytic = backward(dout, forward(*inputs, {"mode": "train"})[1])
    numeric = (eval_numerical_gradient_array(out, given, dout) for given in inputs)
    return _bounded(facts, [rel_error(*pair) for pair in zip(analytic, numeric, strict=True)])


def _draws(n: int, d: int) -> tuple[tuple[Array, Array, Array], Array]:
    """(x, gamma, beta) and the upstream gradient."""
    rng = notebook_stream()
    return (5 * rng.randn(n, d) + 12, rng.randn(d), rng.randn(d)), rng.randn(n, d)


def _backward_inputs() -> tuple[Array, Any]:
    inputs, dout = _draws(100, 500)
    return dout, batchnorm_forward(*inputs, {"mode": "train"})[1]


def _bounded(facts: PublishedFacts, errors: list[float]) -> list[PublishedNumber]:
    printed = zip(facts["errors"].items(), errors, strict=True)
    return [below(name, published, ours, facts["at_most"], BOUNDED) for (name, published), ours in printed]


def _seconds(backward: Callable[..., Any], dout: Array, cache: Any) -> float:
    start = time.perf_counter()
    backward(dout, cache)
    return time.perf_counter() - start
