"""Whole trainings on each engine: the normalization study's, and the loss of every iteration side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from bnlab import engines
from bnlab.lab.files import finite_or_none
from bnlab.lab.store import Store
from bnlab.parity.differences import TOLERANCES
from bnlab.runs.history import History
from bnlab.runs.spec import RunSpec
from bnlab.studies import STUDIES
from bnlab.studies.plan import StudyPlan, make_plan, results
from bnlab.studies.settings import Override

STUDY = STUDIES[0]
"""A normalization against none."""
OURS = "numpy"
PARTED = 1e-3
"""A relative difference from which on two trainings are told apart."""


@dataclass(frozen=True)
class Training:
    """One training of an arm on another engine beside ours.

    ours, theirs: the loss of each iteration. judged: the largest relative difference that may not be above the tolerance:
    of all iterations in float64, of the first in float32. largest: of all. parted: the first iteration at which it is
    above `PARTED`; None if there is none. accuracies: whether all accuracies are the same.
    """

    engine: str
    dtype: str
    arm: str
    ours: Sequence[float]
    theirs: Sequence[float]
    accuracies: bool

    @property
    def apart(self) -> list[float]:
        """The relative difference of each iteration; infinite where the other training has none."""
        pairs = zip(self.ours, self.theirs, strict=False)
        found = [abs(one - other) / abs(one) if one else abs(other) for one, other in pairs]
        missing = abs(len(self.ours) - len(self.theirs))
        return [each if math.isfinite(each) else math.inf for each in found] + [math.inf] * missing

    @property
    def judged(self) -> float:
        """The largest relative difference of those that are judged."""
        return max(self.apart if self.dtype == "float64" else self.apart[:1])

    @property
    def parted(self) -> int | None:
        """The iteration, from 1."""
        return next((i for i, each in enumerate(self.apart, start=1) if each > PARTED), None)

    @property
    def ok(self) -> bool:
        """Whether what is judged is within the tolerance."""
        return self.judged <= TOLERANCES[self.dtype]

    def to_json(self) -> dict[str, Any]:
        """All of it, with what is judged; numbers that aren't finite are null."""
        own = {key: [*map(finite_or_none, value)] if key in ("ours", "theirs") else value for key, value in
               asdict(self).items()}  # fmt: skip
        found = {"judged": finite_or_none(self.judged), "largest": finite_or_none(max(self.apart))}
        return {**own, **found, "tolerance": TOLERANCES[self.dtype], "parted": self.parted, "ok": self.ok}


def make_plans(
    others: Sequence[str], overrides: Sequence[Override], folders: Sequence[Path]
) -> dict[tuple[str, str], StudyPlan]:
    """The study on each engine, ours too, in each precision, one replicate, by engine and dtype."""
    own = [Override("replicates", 1, "parity"), *overrides]
    return {
        (engine, dtype): make_plan(
            STUDY, None, [*own, Override("dtype", dtype, "parity"), Override("engine", engine, "--engine")], folders
        )
        for engine, dtype in product((OURS, *others), TOLERANCES)
    }


def runs(plans: Mapping[Any, StudyPlan]) -> list[RunSpec]:
    """All runs of the plans, each once."""
    return [*{run.name: run for plan in plans.values() for run in plan.runs}.values()]


def labels(plans: Mapping[Any, StudyPlan]) -> dict[str, str]:
    """The engine and arm of each run, by its name."""
    return {run: f"{plan.settings.engine}: {label}" for plan in plans.values() for run, label in plan.labels.items()}


def settings(plans: Mapping[Any, StudyPlan]) -> dict[str, Any]:
    """What all plans have in common: the study, its images, the seed, and how many runs each arm has."""
    plan = next(iter(plans.values()))
    own = plan.settings
    facts = {"dataset": own.data.dataset, "num_train": own.data.num_train, "seed": own.seed, "replicates": own.replicates}
    return {"study": plan.entry.name, **facts}


def is_foreign(run: RunSpec, store: Store) -> bool:
    """Whether the run is stored and was trained by another version of its framework than the one that is here."""
    stored = store.load(run)
    return stored is not None and stored.provenance.get("framework") != engines.version(run.engine)


def compared(plans: Mapping[tuple[str, str], StudyPlan], store: Store) -> Iterator[Training]:
    """Every arm of every other engine beside ours. The runs are stored; those that failed are left out."""
    for (engine, dtype), plan in plans.items():
        if engine == OURS:
            continue
        ours = {result.arm.label: result for result in results(plans[OURS, dtype], store)}
        for result in results(plan, store):
            for theirs, own in zip(result.histories, ours[result.arm.label].histories, strict=False):
                yield _beside(engine, dtype, result.arm.label, own, theirs)


def _beside(engine: str, dtype: str, arm: str, ours: History, theirs: History) -> Training:
    same = all(
        getattr(ours.outcome, name) == getattr(theirs.outcome, name)
        for name in ("check_iterations", "train_acc_history", "val_acc_history")
    )
    return Training(engine, dtype, arm, ours.outcome.loss_history, theirs.outcome.loss_history, same)
