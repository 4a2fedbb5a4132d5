"""What is stored of a run: how it ended, what it yielded, and where and when it was made.

A run ends as `finished`, as `diverged` (its loss or its weights stopped being finite: a result like others), or as `failed`
(an error broke it off: there is no outcome, and the same command tries it again).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bnlab.errors import SettingsError
from bnlab.runs.outcome import Outcome, check_outcome
from bnlab.runs.spec import SPEC_VERSION, RunSpec
from bnlab.training import best_check

SCHEMA = 2
FINAL_WINDOW = 100
"""Iterations that the notebooks average into the final training loss."""


@dataclass(frozen=True)
class History:
    """A finished or diverged run. `provenance` alone may differ between two runs of the same spec."""

    spec: RunSpec
    outcome: Outcome
    provenance: dict[str, Any]

    @property
    def diverged_at(self) -> int | None:
        """The iteration (from 1) at which the loss was not finite, or a check found weights that were not; or None."""
        return self.outcome.diverged_at

    @property
    def status(self) -> str:
        """'finished' or 'diverged'."""
        return "finished" if self.diverged_at is None else "diverged"

    @property
    def final_loss(self) -> float:
        """The mean training loss of the last 100 iterations; infinite for a diverged run."""
        last = self.outcome.loss_history[-FINAL_WINDOW:]
        return math.fsum(loss / len(last) for loss in last) if self.diverged_at is None else math.inf

    @property
    def best_val_acc(self) -> float:
        """The highest validation accuracy of all checks but that of a diverged net; NaN if there is no other."""
        return _best(self.outcome.val_acc_history, self.diverged_at)

    @property
    def best_train_acc(self) -> float:
        """The highest training accuracy, of the same checks."""
        return _best(self.outcome.train_acc_history, self.diverged_at)

    @property
    def check_epochs(self) -> list[float]:
        """When each accuracy check was made, in epochs of training done."""
        return [iteration / self.spec.iterations_per_epoch for iteration in self.outcome.check_iterations]

    def to_json(self) -> dict[str, Any]:
        """A document of strict JSON: a loss that isn't finite is null, and the status says why. Without diagnostics there
        is no entry for them."""
        outcome = {name: getattr(self.outcome, name) for name in Outcome.__dataclass_fields__}
        if self.outcome.diagnostics is None:
            del outcome["diagnostics"]
        outcome["loss_history"] = [loss if math.isfinite(loss) else None for loss in outcome["loss_history"]]
        return {**_head(self.spec, self.status), **outcome, "provenance": self.provenance}


@dataclass(frozen=True)
class Failure:
    """A run that an error broke off. error: one line that says what happened."""

    spec: RunSpec
    error: str
    provenance: dict[str, Any]

    @property
    def status(self) -> str:
        """'failed'."""
        return "failed"

    def to_json(self) -> dict[str, Any]:
        """A document of strict JSON."""
        return {**_head(self.spec, self.status), "error": self.error, "provenance": self.provenance}


Ended: TypeAlias = History | Failure
"""How a run ended."""


def from_json(document: Mapping[str, Any], spec: RunSpec | None = None) -> Ended:
    """The inverse of `to_json`. spec: the run that it must be; without it, any run.

    Raises ValueError, KeyError, TypeError, AttributeError, OverflowError or SettingsError for a document that no such run
    can have left.
    """
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema {document['schema']!r} where {SCHEMA} was expected")
    stored = RunSpec.from_json(document["spec"])
    spec = spec or stored
    if document["run"] != spec.name or stored != spec:
        raise ValueError("its settings are not those that its name stands for")
    seconds = document["provenance"]["seconds"]
    if type(seconds) not in (int, float) or not 0 <= seconds < math.inf:
        raise ValueError(f"its provenance gives {seconds!r} as its seconds")
    if document["status"] == "failed":
        return Failure(spec, str(document["error"]), document["provenance"])
    names = [name for name in Outcome.__dataclass_fields__ if name != "diagnostics" or spec.diagnostics]
    fields = {name: document[name] for name in names}
    fields["loss_history"] = [math.nan if loss is None else loss for loss in fields["loss_history"]]
    history = History(spec, Outcome(**fields), document["provenance"])
    check_outcome(history.outcome, spec)
    if unknown := set(document) - set(history.to_json()):
        raise ValueError(f"it holds {', '.join(sorted(unknown))}, which no run has")
    if document["status"] != history.status:
        raise ValueError(f"status {document['status']!r} and diverged_at {history.diverged_at} don't go together")
    return history


def is_of_older_version(document: Any) -> bool:
    """Whether the document is a run of an older schema, or of an older version of the spec: its name says so."""
    try:
        spec, older = document["spec"], range(1, SPEC_VERSION)
        return document["schema"] < SCHEMA or document["run"] in map(RunSpec.from_json(spec).name_at, older)
    except (ValueError, KeyError, TypeError, AttributeError, SettingsError):
        return False


def _head(spec: RunSpec, status: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "run": spec.name, "spec": spec.to_json(), "status": status}


def _best(accuracies: list[float], diverged_at: int | None) -> float:
    best = best_check(accuracies, diverged_at is not None)
    return math.nan if best is None else accuracies[best]
