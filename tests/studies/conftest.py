"""Plans and small results of the studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bnlab.lab.driver import complete
from bnlab.lab.store import Store
from bnlab.runs.history import History
from bnlab.studies import STUDIES
from bnlab.studies.plan import StudyPlan, make_plan
from bnlab.studies.settings import Override
from bnlab.studies.study import Result

ENTRIES = {entry.name: entry for entry in STUDIES}


@pytest.fixture(scope="session")
def plan() -> Callable[..., StudyPlan]:
    """The plan of a study, with settings by their keys: `plan("compare", {"net.reg": 1})`."""

    def plan(name: str, settings: dict[str, Any] | None = None) -> StudyPlan:
        overrides = [Override(key, value, f"-s {key}") for key, value in (settings or {}).items()]
        return make_plan(ENTRIES[name], None, overrides)

    return plan


@dataclass(frozen=True)
class Small:
    """A small study, carried out."""

    plan: StudyPlan
    results: list[Result]

    def with_diverged(self, which: int) -> list[Result]:
        """The same results, but that one run diverged at its last iteration."""
        changed = [*self.results]
        history = changed[which].history
        losses = [*history.outcome.loss_history[:-1], float("nan")]
        outcome = replace(history.outcome, loss_history=losses, diverged_at=len(losses))
        changed[which] = Result(changed[which].arm, (History(history.spec, outcome, history.provenance),))
        return changed


QUICK = {"data.dataset": "synthetic", "data.num_train": 60, "solver.num_epochs": 2}
SMALL_NETS = {
    "mlp": {"net.hidden_dims": [8]},
    "cnn": {"net.num_filters": 4, "net.filter_size": 3, "net.num_groups": 2, "net.hidden_dim": 8},
}
OWN = {"sweep weight-scale": {"arms.num_weight_scales": 3}, "dropout": {"solver.batch_size": 20}}


@pytest.fixture(scope="session", params=ENTRIES)
def small(request: pytest.FixtureRequest, plan: Callable[..., StudyPlan], tmp_path_factory: Any) -> Iterator[Small]:
    """Each study in turn, small."""
    made = plan(request.param, QUICK | SMALL_NETS[ENTRIES[request.param].model] | OWN.get(request.param, {}))
    histories = complete(made.runs, {}, Store(tmp_path_factory.mktemp("store")))
    return Small(made, [Result(arm, tuple(histories[run.name] for run in arm.runs)) for arm in made.arms])
