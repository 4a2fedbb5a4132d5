"""The tidy table of a study, one row per run: all settings that can differ, then what came out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

from bnlab.runs.fields import Setting, settings_of
from bnlab.runs.history import Ended, Failure, History
from bnlab.runs.spec import MODELS, RULE_SETTINGS, DataSpec, RunSpec, SolverSpec

COUNTED = "of all checks but that of a diverged net"
DIVERGED = "at which the loss was not finite, or a check found weights that were not"


class Column(NamedTuple):
    """A column: its name, what it says, how it is taken from a run of an arm, and the type of its values, besides None."""

    name: str
    meaning: str
    value: Callable[[str, Ended], Any]
    kind: type = str


def _setting(part: str, setting: Setting) -> Column:
    """A setting of one part of a spec; an empty cell where the part doesn't have it, or it is None."""
    return Column(setting.name, setting.meaning, _of_part(part, setting.name), _kind(setting))


def _kind(setting: Setting) -> type:
    """The type of its cells: several values are one text."""
    return str if setting.many else setting.kind


def _settings() -> dict[str, Column]:
    """A column for each setting that a spec has, by name; of the nets, those of each kind of net."""
    model = Column("model", "the kind of net: " + ", ".join(MODELS), lambda arm, run: run.spec.net.model)
    columns = {"model": model}
    parts = [("data", DataSpec), *(("net", net) for net in MODELS.values()), ("solver", SolverSpec)]
    for part, owner in parts:
        for setting in settings_of(owner):
            columns.setdefault(setting.name, _setting(part, setting))
    for name in RULE_SETTINGS:
        columns[name] = columns[name]._replace(value=_of_rule(name))
    own = [setting for setting in settings_of(RunSpec) if setting.meaning]
    return columns | {each.name: Column(each.name, each.meaning, _of_spec(each.name), _kind(each)) for each in own}


def _of_rule(name: str) -> Callable[[str, Ended], Any]:
    """The update rule's setting, its default included; an empty cell for a rule that doesn't have it."""
    return lambda arm, run: run.spec.solver.rule_config.get(name)


def _of_part(part: str, name: str) -> Callable[[str, Ended], Any]:
    return lambda arm, run: _spaced(getattr(getattr(run.spec, part), name, None))


def _of_spec(name: str) -> Callable[[str, Ended], Any]:
    return lambda arm, run: getattr(run.spec, name)


def _measured(value: Callable[[History], Any]) -> Callable[[str, Ended], Any]:
    """What a run yielded; an empty cell where there is no such number."""

    def cell(arm: str, run: Ended) -> Any:
        found = value(run) if isinstance(run, History) else None
        return None if isinstance(found, float) and math.isnan(found) else found

    return cell


def _number(name: str, meaning: str, value: Callable[[History], float]) -> Column:
    return Column(name, meaning, _measured(value), float)


COLUMNS = (
    Column("arm", "the runs that differ in the seed alone share it", lambda arm, run: arm),
    *_settings().values(),
    Column("iterations", "minibatches trained on", _measured(lambda run: len(run.outcome.loss_history)), int),
    Column("status", "finished, diverged or failed", lambda arm, run: run.status),
    Column("diverged_at", f"the iteration (from 1) {DIVERGED}", _measured(lambda run: run.diverged_at), int),
    _number("final_loss", "mean training loss of the last 100 iterations; inf if diverged", lambda run: run.final_loss),
    _number("final_train_acc", "training accuracy at the last check", lambda run: run.outcome.train_acc_history[-1]),
    _number("best_train_acc", f"highest training accuracy {COUNTED}", lambda run: run.best_train_acc),
    _number("final_val_acc", "validation accuracy at the last check", lambda run: run.outcome.val_acc_history[-1]),
    _number("best_val_acc", f"highest validation accuracy {COUNTED}", lambda run: run.best_val_acc),
    Column("error", "what broke a failed run off", lambda arm, run: run.error if isinstance(run, Failure) else None),
    Column("run", "the run's name: runs/<first two digits>/<name>.json", lambda arm, run: run.spec.name),
)
NAMES = tuple(column.name for column in COLUMNS)


def rows(runs: Iterable[tuple[str, Ended]]) -> list[dict[str, Any]]:
    """A dict by column for each (arm's label, run)."""
    return [{column.name: column.value(arm, run) for column in COLUMNS} for arm, run in runs]


def csv_bytes(names: Sequence[str], table: Iterable[Mapping[str, Any]]) -> bytes:
    """The columns of these names as CSV."""
    text = io.StringIO()
    write_csv(text, names, ([row[name] for name in names] for row in table))
    return text.getvalue().encode()


def write_csv(file: TextIO, head: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    """Write CSV (RFC 4180, but lines end in a bare newline), floats in full, None as an empty cell."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)


def _spaced(value: Any) -> Any:
    """The items of a tuple, separated by spaces; any other value as it is."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else value
