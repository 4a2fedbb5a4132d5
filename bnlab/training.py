"""How far a training is: what it has recorded, which of its checks is the best, and how it is saved and resumed."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

from bnlab.layers.types import Array
from bnlab.nets.net import Net
from bnlab.nets.notebook_model import Model
from bnlab.nets.sources import set_state, state_of

RECORDED = (
    *("t", "epoch", "diverged_at", "loss_history", "train_acc_history", "val_acc_history", "check_iterations"),
    *("rule_config", "best"),
)
"""The attributes that change as a training goes on, besides the model and the sources of random numbers."""


def best_check(val_acc_history: Sequence[float], diverged: bool) -> int | None:
    """The index of the best check: the first with the highest validation accuracy. None if no check counts.

    The last check of a diverged training doesn't count. It was made where the net diverged, and such a net only guesses.
    """
    counting = val_acc_history[:-1] if diverged else val_acc_history
    return max(range(len(counting)), key=counting.__getitem__) if counting else None


class Training:
    """The counters and histories of a training, and what it takes to go on from there.

    t: iterations done; epoch: epochs done; diverged_at: the iteration (from 1) where the net diverged, or None.
    loss_history: of each iteration; train_acc_history, val_acc_history and check_iterations: of each check. rule_config:
    settings and state of the update rule. best: the net's snapshot at the best check, the initial one if no check counts.
    """

    def __init__(self, net: Model, sources: Sequence[Any], update_rule: str, rule_config: dict[str, Any]) -> None:
        self._net, self._sources, self.update_rule, self.rule_config = net, sources, update_rule, rule_config
        self.t = self.epoch = 0
        self.diverged_at: int | None = None
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.check_iterations: list[int] = []
        self.best = net.snapshot()

    @property
    def best_check(self) -> int | None:
        """The index of the best check so far, None if no check counts."""
        return best_check(self.val_acc_history, self.diverged_at is not None)

    @property
    def best_val_acc(self) -> float:
        """The validation accuracy of the best check so far, minus infinity if no check counts."""
        return -math.inf if self.best_check is None else self.val_acc_history[self.best_check]

    @property
    def best_params(self) -> dict[str, Array]:
        """Copies of the parameters at the best check so far, by name; of the initial ones if no check counts."""
        kept = self._net.params.like()
        kept.flat[...] = self.best[0]
        return dict(kept)

    def state(self) -> dict[str, Any]:
        """All that a Solver built from the same arguments needs to go on from here, to the very same numbers.

        A dict of arrays, numbers and lists that later steps don't change. Raises TypeError if a source can't be saved.
        """
        recorded = {name: copy.deepcopy(getattr(self, name)) for name in RECORDED}
        sources = [state_of(source) for source in self._sources]
        return {"kind": self._kind(), "model": self._net.snapshot(), "sources": sources, **recorded}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave. Raises ValueError, and changes nothing, if it is of another training."""
        kind = self._kind()
        if others := [name for name in kind if state["kind"].get(name) != kind[name]]:
            raise ValueError(
                f"this state is of another training: {', '.join(others)} differ; build the Solver from the same arguments"
            )
        self._net.restore(state["model"])
        for source, saved in zip(self._sources, state["sources"], strict=True):
            set_state(source, saved)
        for name in RECORDED:
            setattr(self, name, copy.deepcopy(state[name]))

    def _kind(self) -> dict[str, Any]:
        """What a state and a training must agree in. num_epochs isn't in it: a training may go on for longer."""
        params, net = self._net.params, self._net
        return {
            "update_rule": self.update_rule,
            "net": repr(net) if isinstance(net, Net) else type(net).__name__,
            "shapes": dict(params.shapes),
            "dtype": params.flat.dtype.name,
            "sources": len(self._sources),
        }
