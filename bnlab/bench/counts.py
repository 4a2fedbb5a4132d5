"""What a training step asks of NumPy: calls, and memory. Unlike time it doesn't depend on the machine's mood, so CI can
watch it.

    python -m bnlab.bench.counts            compare with step-counts.json; exit status 1 if anything grew by over 15 %
    python -m bnlab.bench.counts --renew    write it anew

Calls are those of NumPy's ufuncs, matrix products and operators included, and of its other functions on arrays (`np.where`,
`np.empty_like`), in a step with NumPy's own kernels; methods of arrays aren't counted. Memory is the peak of what a step
allocates beyond what was there before.
"""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bnlab import fast
from bnlab.nets import FullyConnectedNet, Net, ThreeLayerConvNet
from bnlab.optim import RULES
from bnlab.solver import Solver

COMMITTED = Path(__file__).with_name("step-counts.json")
GROWTH = 1.15
"""How much a figure may grow."""
IMAGE = (3, 32, 32)
IMAGES, BATCH = 500, 50


def _fully_connected(normalization: str | None = None, keep: float = 1.0) -> Callable[[], Net]:
    rng = np.random.RandomState(0)
    return lambda: FullyConnectedNet(
        [50] * 7, normalization=normalization, dropout_keep_ratio=keep, weight_scale=0.02, rng=rng, dropout_rng=rng
    )


def _convolutional(normalization: str | None = None) -> Callable[[], Net]:
    return lambda: ThreeLayerConvNet(IMAGE, num_filters=8, normalization=normalization, rng=np.random.RandomState(0))


NETS = {
    "affine": _fully_connected(),
    "batchnorm": _fully_connected("batchnorm"),
    "layernorm": _fully_connected("layernorm"),
    "dropout": _fully_connected(keep=0.5),
    "conv": _convolutional(),
    "conv, spatial_batchnorm": _convolutional("spatial_batchnorm"),
}
"""What is watched: a step of the Solver with Adam on each net, and one with each other rule."""
CASES = {**{name: (build, "adam") for name, build in NETS.items()},
         **{f"affine, {rule}": (NETS["affine"], rule) for rule in RULES if rule != "adam"}}  # fmt: skip


class Counted(np.ndarray[Any, Any]):
    """An array whose ufuncs and functions are counted, whichever of their arguments it is; what they give is counted on."""

    calls = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **more: Any) -> Any:
        Counted.calls += 1
        if out is not None:
            more["out"] = tuple(map(_plain, out))
        result = getattr(ufunc, method)(*map(_plain, inputs), **more)
        return out[0] if out is not None else _counted(result)

    def __array_function__(self, function: Any, types: Any, args: Any, more: Any) -> Any:
        Counted.calls += 1
        return _counted(super().__array_function__(function, types, args, more))


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def _counted(value: Any) -> Any:
    return value.view(Counted) if type(value) is np.ndarray else value


def step_counts() -> dict[str, dict[str, int]]:
    """NumPy calls and bytes of a step, for each case."""
    with fast.only_numpy(), threadpool_limits(limits=1):  # threads of BLAS would wait for each other on a busy machine
        return {name: _figures(_solver(*case)) for name, case in CASES.items()}


def grown(found: Mapping[str, Mapping[str, int]], committed: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What is missing from the committed figures, and what has grown too much, each in a line."""
    problems = [f"{name} has no committed figures" for name in found if name not in committed]
    for name, figures in found.items():
        for what, value in figures.items():
            before = committed.get(name, {}).get(what, value)
            if value > GROWTH * before:
                problems.append(
                    f"{name}: {value:,} {what} a step, {value / before - 1:.0%} more than the {before:,} committed"
                )
    return problems


def main() -> int:
    found = step_counts()
    if sys.argv[1:] == ["--renew"]:
        COMMITTED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    problems = grown(found, json.loads(COMMITTED.read_text(encoding="utf-8")))
    for name, figures in found.items():
        print(f"{name:<26}{figures['calls']:>6,} calls {figures['bytes']:>12,} bytes")
    for problem in problems:
        print(f"{problem}; if that must be: python -m bnlab.bench.counts --renew", file=sys.stderr)
    return bool(problems)


def _solver(build: Callable[[], Net], rule: str) -> Solver:
    rng = np.random.RandomState(0)
    images = rng.standard_normal((IMAGES, *IMAGE)).astype(np.float32)
    labels = rng.randint(0, 10, IMAGES)
    data: Any = {"X_train": images, "y_train": labels, "X_val": images[:10], "y_val": labels[:10]}
    solver = Solver(build(), data, rule, batch_size=BATCH, num_epochs=10, num_train_samples=10, verbose=False, rng=rng)
    for _ in range(2):  # the first step makes the rule's state, and ends with a check
        solver.step()
    return solver


def _figures(solver: Solver) -> dict[str, int]:
    size = _bytes(solver)  # before the arrays are wrapped to be counted
    return {"calls": _calls(solver), "bytes": size}


def _calls(solver: Solver) -> int:
    """The parameters, the gradients and the rule's state lead to everything else."""
    for parameters in (solver.model.params, solver.grads):
        parameters.flat = _counted(parameters.flat)
        for name, array in parameters.items():
            dict.__setitem__(parameters, name, _counted(array))
    solver.rule_config = {key: _counted(value) for key, value in solver.rule_config.items()}
    Counted.calls = 0
    solver.step()
    return Counted.calls


def _bytes(solver: Solver) -> int:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        solver.step()
        return _rounded(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()


def _rounded(size: int) -> int:
    """To 1,000 bytes: Python's own objects take a few more or fewer from release to release."""
    return round(size, -3)


if __name__ == "__main__":
    sys.exit(main())
