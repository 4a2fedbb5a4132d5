"""What a run yields: its losses, its accuracies, how it ended, and where and when it was made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import RunSpec

SCHEMA = 1
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
        """The iteration (from 1) whose loss was not finite, or None."""
        return self.outcome.diverged_at

    @property
    def status(self) -> str:
        """'finished', or 'diverged at iteration n'."""
        return "finished" if self.diverged_at is None else f"diverged at iteration {self.diverged_at}"

    @property
    def final_loss(self) -> float:
        """The mean training loss of the last 100 iterations; infinite for a diverged run."""
        last = self.outcome.loss_history[-FINAL_WINDOW:]
        return math.fsum(loss / len(last) for loss in last) if self.diverged_at is None else math.inf

    @property
    def check_epochs(self) -> list[float]:
        """When each accuracy check was made, in epochs of training done."""
        return [iteration / self.outcome.iterations_per_epoch for iteration in self.outcome.check_iterations]

    def to_json(self) -> dict[str, Any]:
        """A document of strict JSON: a loss that isn't finite is null, and the status says why."""
        outcome = asdict(self.outcome)
        outcome["loss_history"] = [loss if math.isfinite(loss) else None for loss in outcome["loss_history"]]
        return {
            "schema": SCHEMA,
            "run": self.spec.name,
            "spec": asdict(self.spec),
            "status": self.status,
            **outcome,
            "provenance": self.provenance,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> History:
        """The inverse of `to_json`. Raises KeyError, TypeError, ValueError or SettingsError for another document."""
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r} where {SCHEMA} was expected")
        fields = {name: document[name] for name in Outcome.__dataclass_fields__}
        fields["loss_history"] = [math.nan if loss is None else float(loss) for loss in fields["loss_history"]]
        outcome = Outcome(**fields)
        checks = {len(outcome.check_iterations), len(outcome.train_acc_history), len(outcome.val_acc_history)}
        if len(checks) > 1 or 0 in checks or not outcome.loss_history:
            raise ValueError("histories that are empty or don't go together")
        return cls(RunSpec.from_dict(document["spec"]), outcome, document["provenance"])
