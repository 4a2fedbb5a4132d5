"""Update rules: `rule(w, dw, config=None, out=None) -> (next_w, config)`.

The settings and the state of a rule are in `config`, under the names given below, also after the call. Without `out` no
array that came in is overwritten. With `out` (it may be w itself) the next w is written there, and the state changes in
place. So the Solver updates a whole net, one flat vector, in a few passes and without new memory.

Sources: momentum, Polyak, 1964; RMSProp, Tieleman and Hinton, 2012, lecture 6.5; Adam, Kingma and Ba, 2015, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bnlab.fast import computes_in, kernels, numpy_kernels

Array: TypeAlias = NDArray[Any]
Config: TypeAlias = dict[str, Any]
Rule: TypeAlias = Callable[..., tuple[Array, Config]]

BLOCK = 65_536
"""How many entries are updated at a time: few enough to stay in the processor's cache through all passes."""


SETTINGS: dict[str, dict[str, float]] = {
    "sgd": {"learning_rate": 1e-2},
    "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
    "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
    "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
"""The settings of each update rule, with their defaults."""


def sgd(w: Array, dw: Array, config: Config | None = None, out: Array | None = None) -> tuple[Array, Config]:
    """`w - learning_rate · dw`. w, dw: any one shape. config: `learning_rate` (1e-2)."""
    config = _with_defaults(config, SETTINGS["sgd"])
    lr = config["learning_rate"]
    next_w = _destination(w, out)
    for w_, dw_, out_, step in _blocks((w, dw), (next_w,)):
        np.multiply(dw_, lr, out=step)
        np.subtract(w_, step, out=out_)
    return next_w, config


def sgd_momentum(w: Array, dw: Array, config: Config | None = None, out: Array | None = None) -> tuple[Array, Config]:
    """`v = momentum · v - learning_rate · dw`, then `w + v`.

    config: `learning_rate` (1e-2), `momentum` (0.9); state `velocity`, shaped like w, zeros at first.
    """
    config = _with_defaults(config, SETTINGS["sgd_momentum"])
    lr, momentum = config["learning_rate"], config["momentum"]
    next_w = _destination(w, out)
    velocity = _state(config, "velocity", w, out)
    for w_, dw_, out_, v, step in _blocks((w, dw), (next_w, velocity)):
        np.multiply(dw_, lr, out=step)
        v *= momentum
        v -= step
        np.add(w_, v, out=out_)
    return next_w, config


def rmsprop(w: Array, dw: Array, config: Config | None = None, out: Array | None = None) -> tuple[Array, Config]:
    """`cache = decay_rate · cache + (1 - decay_rate) · dw²`, then `w - learning_rate · dw / (sqrt(cache) + epsilon)`.

    config: `learning_rate` (1e-2), `decay_rate` (0.99), `epsilon` (1e-8, outside the root); state `cache`, shaped like w,
    zeros at first.
    """
    config = _with_defaults(config, SETTINGS["rmsprop"])
    lr, decay, epsilon = config["learning_rate"], config["decay_rate"], config["epsilon"]
    next_w = _destination(w, out)
    cache = _state(config, "cache", w, out)
    for w_, dw_, out_, c, step in _blocks((w, dw), (next_w, cache)):
        _decay_square(c, dw_, decay, step)
        np.sqrt(c, out=step)
        step += epsilon
        np.divide(dw_, step, out=step)
        step *= lr
        np.subtract(w_, step, out=out_)
    return next_w, config


def adam(w: Array, dw: Array, config: Config | None = None, out: Array | None = None) -> tuple[Array, Config]:
    """`m = beta1 · m + (1 - beta1) · dw`, `v = beta2 · v + (1 - beta2) · dw²`, then with `mhat = m / (1 - beta1ᵗ)` and
    `vhat = v / (1 - beta2ᵗ)`: `w - learning_rate · mhat / (sqrt(vhat) + epsilon)`.

    config: `learning_rate` (1e-3), `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8); state `m` and `v`, shaped like w,
    zeros at first, and `t`, the number of steps so far, counted up before use.
    """
    config = _with_defaults(config, SETTINGS["adam"] | {"t": 0})
    config["t"] += 1
    beta1, beta2, t = config["beta1"], config["beta2"], config["t"]
    root = (1 - beta2**t) ** 0.5
    # Both corrections stand outside the passes: lr · mhat / (sqrt(vhat) + eps) = rate · m / (sqrt(v) + eps · root).
    rate, epsilon = config["learning_rate"] * root / (1 - beta1**t), config["epsilon"] * root
    next_w = _destination(w, out)
    first, second = _state(config, "m", w, out), _state(config, "v", w, out)
    kernel = _adam_kernel(w, dw, first, second) if out is not None else numpy_kernels.adam
    for w_, dw_, out_, m, v, step in _blocks((w, dw), (next_w, first, second)):
        if out is not w:
            out_[...] = w_
        kernel(out_, dw_, m, v, step, beta1, beta2, rate, epsilon)
    return next_w, config


def sgd_momentum_torch(w: Array, dw: Array, config: Config | None = None, out: Array | None = None) -> tuple[Array, Config]:
    """PyTorch's momentum: `v = momentum · v + dw`, then `w - learning_rate · v`. A rate that changes acts at once on the
    whole velocity; in `sgd_momentum` only on what is added to it. With one rate the two are the same.

    config: as for `sgd_momentum`.
    """
    config = _with_defaults(config, SETTINGS["sgd_momentum"])
    lr, momentum = config["learning_rate"], config["momentum"]
    next_w = _destination(w, out)
    velocity = _state(config, "velocity", w, out)
    for w_, dw_, out_, v, step in _blocks((w, dw), (next_w, velocity)):
        v *= momentum
        v += dw_
        np.multiply(v, lr, out=step)
        np.subtract(w_, step, out=out_)
    return next_w, config


RULES: dict[str, Rule] = {"sgd": sgd, "sgd_momentum": sgd_momentum, "rmsprop": rmsprop, "adam": adam}
CONVENTIONS: dict[str, dict[str, Rule]] = {"notebook": RULES, "torch": RULES | {"sgd_momentum": sgd_momentum_torch}}
"""The update rules as the notebooks have them, and as PyTorch does."""


def _adam_kernel(*arrays: Array) -> Any:
    """The fastest kernel for arrays of one dtype and size; for all others NumPy's, which checks what a compiled one
    can't."""
    alike = len({(array.dtype, array.size) for array in arrays}) == 1
    return (kernels(arrays[0].size) if alike and computes_in(arrays[0].dtype) else numpy_kernels).adam


def _with_defaults(config: Config | None, defaults: dict[str, float]) -> Config:
    config = {} if config is None else config
    for key, value in defaults.items():
        config.setdefault(key, value)
    return config


def _destination(w: Array, out: Array | None) -> Array:
    return np.empty(w.shape, w.dtype) if out is None else out


def _state(config: Config, key: str, w: Array, out: Array | None) -> Array:
    """The state array to change in place: the caller's own if `out` was given, else a copy."""
    state = config.get(key)
    if state is None:
        state = np.zeros(w.shape, w.dtype)
    elif out is None:
        state = np.array(state)
    config[key] = state
    return state


def _blocks(read: tuple[Array, ...], written: tuple[Array, ...]) -> Iterator[tuple[Array, ...]]:
    """Matching blocks of flat views of the arrays read and written, and scratch memory of the block's length."""
    flat = [array.reshape(-1) for array in (*read, *written)]
    size = flat[0].size
    scratch = np.empty(min(BLOCK, size), flat[0].dtype)
    for start in range(0, size, BLOCK):
        parts = [array[start : start + BLOCK] for array in flat]
        yield *parts, scratch[: parts[0].size]
    for array, view in zip(written, flat[len(read) :], strict=True):
        if not array.flags.c_contiguous:  # then the flat "view" was a copy
            array[...] = view.reshape(array.shape)


def _decay_square(average: Array, dw: Array, decay: float, scratch: Array) -> None:
    """`average = decay · average + (1 - decay) · dw²`, in place."""
    np.multiply(dw, dw, out=scratch)
    scratch *= 1 - decay
    average *= decay
    average += scratch
