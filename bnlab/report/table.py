"""The tidy table of a study, one row a run, and the columns it has."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from bnlab.runs.history import History


class Column(NamedTuple):
    """A column: its name, what it says, and how it is taken from a run of an arm."""

    name: str
    meaning: str
    value: Callable[[str, History], Any]


COLUMNS = (
    Column("arm", "the runs that differ in the seed alone share it", lambda arm, h: arm),
    Column("replicate", "the seed index that pairs arms", lambda arm, h: h.spec.replicate),
    Column("seed", "the seed of all random streams", lambda arm, h: h.spec.seed),
    Column("dataset", "the data set's name", lambda arm, h: h.spec.data.dataset),
    Column("num_train", "training images used", lambda arm, h: h.spec.data.num_train),
    Column("model", "mlp (fully connected) or cnn (three-layer convnet)", lambda arm, h: h.spec.net.model),
    Column(
        "hidden_dims",
        "widths of the hidden affine layers, separated by spaces",
        lambda arm, h: _spaced(_of_model(h, "hidden_dims") or [_of_model(h, "hidden_dim")]),
    ),
    Column("num_filters", "filters of the convolution", lambda arm, h: _of_model(h, "num_filters")),
    Column("filter_size", "height and width of a filter", lambda arm, h: _of_model(h, "filter_size")),
    Column("normalization", "none, or its name", lambda arm, h: h.spec.net.normalization),
    Column("num_groups", "groups of channels, for spatial_groupnorm", lambda arm, h: _of_model(h, "num_groups")),
    Column("weight_scale", "standard deviation of the initial weights", lambda arm, h: h.spec.net.weight_scale),
    Column("keep_prob", "probability of keeping a unit in dropout; 1 is none", lambda arm, h: _of_model(h, "keep_prob")),
    Column("update_rule", "sgd, sgd_momentum, rmsprop or adam", lambda arm, h: h.spec.solver.update_rule),
    Column("learning_rate", "the update rule's rate at the start", lambda arm, h: h.spec.solver.learning_rate),
    Column("batch_size", "images a minibatch", lambda arm, h: h.spec.solver.batch_size),
    Column("num_epochs", "epochs asked for", lambda arm, h: h.spec.solver.num_epochs),
    Column("iterations", "minibatches trained on", lambda arm, h: len(h.outcome.loss_history)),
    Column("status", "finished, or diverged at iteration n (from 1)", lambda arm, h: h.status),
    Column("final_loss", "mean training loss of the last 100 iterations; inf if diverged", lambda arm, h: h.final_loss),
    Column("final_train_acc", "training accuracy at the last check", lambda arm, h: h.outcome.train_acc_history[-1]),
    Column("best_train_acc", "highest training accuracy of all checks", lambda arm, h: max(h.outcome.train_acc_history)),
    Column("final_val_acc", "validation accuracy at the last check", lambda arm, h: h.outcome.val_acc_history[-1]),
    Column("best_val_acc", "highest validation accuracy of all checks", lambda arm, h: max(h.outcome.val_acc_history)),
    Column("run", "the run's name: runs/<first two digits>/<name>.json", lambda arm, h: h.spec.name),
)


def rows(runs: Iterable[tuple[str, History]]) -> list[dict[str, Any]]:
    """A dict by column for each (arm's label, History)."""
    return [{column.name: column.value(arm, history) for column in COLUMNS} for arm, history in runs]


def csv_bytes(table: list[dict[str, Any]]) -> bytes:
    """The table as CSV (RFC 4180, but lines end in a bare newline), floats in full."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in COLUMNS], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode()


def _of_model(history: History, name: str) -> Any:
    """A setting that only some nets have; None, an empty cell, for the others."""
    return getattr(history.spec.net, name, None)


def _spaced(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))
