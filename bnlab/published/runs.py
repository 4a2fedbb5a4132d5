"""Our trainings, for comparison with the published logs, and how to take the columns of a log from a training.

They are the notebooks' cell run again, with its own draws, and the same trainings with ten seeds of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bnlab.published.facts import numbers
from bnlab.published.images import Images
from bnlab.published.number import ACCURACY, LOG
from bnlab.runs.history import History
from bnlab.runs.spec import NetSpec, RunSpec, SolverSpec
from bnlab.solver import Solver


@dataclass(frozen=True)
class Trainings:
    """Both kinds of trainings. Without images there are none, and `images` says why.

    cell: the Solvers of the cell run again, by log. histories: the Histories of our own seeds, by log.
    """

    images: Images | str = "the images were not looked for"
    cell: Mapping[str, Solver] = field(default_factory=dict)
    histories: Mapping[str, Sequence[History]] = field(default_factory=dict)


class Curve(NamedTuple):
    """A column of the logs.

    x_label: what its numbers are counted by. form: their format. values: takes the same numbers from a Solver or Outcome.
    """

    title: str
    x_label: str
    form: str
    values: Callable[[Any], Sequence[float]]

    def x(self, count: int) -> list[int]:
        """The iterations or epochs of the first `count` numbers. Epoch 0 is the check after the first iteration."""
        return [1 + i * _every() if self.x_label == "iteration" else i for i in range(count)]


def _every() -> int:
    every: int = numbers()["training"]["loss_every"]
    return every


CURVES = {
    "loss": Curve("training loss", "iteration", LOG, lambda trained: trained.loss_history[:: _every()]),
    "train_accuracy": Curve("training accuracy", "epoch", ACCURACY, lambda trained: trained.train_acc_history),
    "val_accuracy": Curve("validation accuracy", "epoch", ACCURACY, lambda trained: trained.val_acc_history),
}


def runs(images: Images, engine: Mapping[str, Any] | None = None) -> dict[str, tuple[RunSpec, ...]]:
    """The runs of our seeds by log, one replicate per seed. `bnlab compare --dataset cifar10` trains the first of each.
    engine: settings that say what trains them; without any, our own core."""
    facts = numbers()["training"]
    solver = SolverSpec(**{name: facts[name] for name in ("learning_rate", "update_rule", "batch_size", "num_epochs")})
    nets = {
        log: NetSpec(tuple(facts["hidden_dims"]), normalization, facts["weight_scale"])
        for log, normalization in facts["nets"].items()
    }
    return {
        log: tuple(
            RunSpec(images.spec, net, solver, facts["seed"], i, **(engine or {})) for i in range(facts["replicates"])
        )
        for log, net in nets.items()
    }
