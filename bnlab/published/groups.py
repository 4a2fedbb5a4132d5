"""The table of the groups of published numbers. A new group takes its numbers in numbers.yaml, a function, a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from bnlab.published import layer_gradients, logs, nets, statistics
from bnlab.published.facts import numbers
from bnlab.published.number import PublishedNumber
from bnlab.published.runs import Trainings


class Group(NamedTuple):
    """The function that computes a group's rows from its facts. trains: whether it takes our Trainings, too."""

    rows: Callable[..., list[PublishedNumber]]
    trains: bool = False


GROUPS = {
    "batchnorm_forward_train": Group(statistics.batchnorm_forward_train),
    "batchnorm_forward_test": Group(statistics.batchnorm_forward_test),
    "batchnorm_backward": Group(layer_gradients.batchnorm),
    "batchnorm_backward_alt": Group(layer_gradients.batchnorm_alt),
    "layernorm_forward": Group(statistics.layernorm),
    "layernorm_backward": Group(layer_gradients.layernorm),
    "initial_loss": Group(nets.initial_loss),
    "batchnorm_net_gradients": Group(nets.batchnorm_gradients),
    "compare_batchnorm": Group(partial(logs.compare, "compare_batchnorm"), trains=True),
    "compare_baseline": Group(partial(logs.compare, "compare_baseline"), trains=True),
}


def recompute(name: str, trainings: Trainings | None = None) -> list[PublishedNumber]:
    """The rows of a group, each named in full: the group's name, a space, and the name in the group."""
    group, facts = GROUPS[name], numbers()["groups"][name]
    rows = group.rows(facts, trainings or Trainings()) if group.trains else group.rows(facts)
    return [replace(row, what=f"{name} {row.what}") for row in rows]
