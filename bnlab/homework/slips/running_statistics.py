"""Slips that show only with unusual settings: running statistics that aren't zero, another momentum, another eps; and slips
of the running statistics in test mode."""

from __future__ import annotations

from collections.abc import Callable

from bnlab.homework.slips.layouts import EPS, LAYOUTS
from bnlab.homework.slips.normalization import BATCH_CASES, TRAIN_CASES, norm_slips
from bnlab.homework.slips.normalization_state import MOMENTUM, TEST_CASES, running
from bnlab.homework.slips.slip import Slip, slips
from bnlab.layers.types import Array

Move = Callable[[Array, Array, float], Array]
RULE = "running = momentum · running + (1 - momentum) · batch value"
EPS_FIXED = "eps is fixed; take it from the param dict, 1e-5 if it holds none"


def elsewhere(cases: tuple[str, ...]) -> tuple[str, ...]:
    """The same cases with other settings than the usual ones."""
    return tuple(f"{case} with other settings" for case in cases)


def moved(cases: tuple[str, ...], text: str, move: Move) -> tuple[Slip, Slip]:
    """Both running statistics after a wrong move: a function of the old one, the minibatch's one, and momentum."""

    def mean(case: str, x: Array, gamma: Array, beta: Array, dout: Array, running_mean: Array, momentum: float) -> Array:
        return move(running_mean, LAYOUTS[case](x, gamma, beta, dout, 0).mu.ravel(), momentum)

    def var(case: str, x: Array, gamma: Array, beta: Array, dout: Array, running_var: Array, momentum: float) -> Array:
        return move(running_var, LAYOUTS[case](x, gamma, beta, dout, 0).var.ravel(), momentum)

    return Slip(cases, "running_mean", text, mean), Slip(cases, "running_var", text, var)


MOVES: dict[str, Move] = {
    f"the old one isn't multiplied by momentum; {RULE}": lambda old, new, momentum: old + (1 - momentum) * new,
    f"the old one is multiplied by 1 - momentum; {RULE}": lambda old, new, momentum: (1 - momentum) * (old + new),
    "starts at 0 again in every call; start with the one in bn_param": lambda old, new, momentum: (1 - momentum) * new,
    "momentum is fixed; take it from bn_param, 0.9 if it holds none": lambda old, new, momentum: (
        MOMENTUM * old + (1 - MOMENTUM) * new
    ),
}

SLIPS = (
    *(slip for text, move in MOVES.items() for slip in moved(elsewhere(BATCH_CASES), text, move)),
    *moved(TEST_CASES, "moves in test mode too; only training moves it", lambda old, new, m: m * old + (1 - m) * new),
    *norm_slips(elsewhere(TRAIN_CASES), "out", {EPS_FIXED: lambda n: n.out()}),
    *slips(elsewhere(TEST_CASES), "out", {EPS_FIXED: running(lambda var: (var + EPS) ** 0.5)}),
)
