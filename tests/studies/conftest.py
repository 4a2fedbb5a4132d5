"""Plans and small results of the studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bnlab.lab.driver import carry_out
from bnlab.lab.store import Store
from bnlab.runs.history import History
from bnlab.runs.outcome import planned_checks
from bnlab.studies import STUDIES
from bnlab.studies.plan import StudyPlan, make_plan, results
from bnlab.studies.settings import Override
from bnlab.studies.study import Result, load_study

ENTRIES = {entry.name: entry for entry in STUDIES}
QUICK = {"replicates": 2, "data.dataset": "synthetic", "data.num_train": 100, "solver.num_epochs": 2}
SMALL_NETS = {
    "mlp": {"net.hidden_dims": [8]},
    "cnn": {"net.num_filters": 4, "net.filter_size": 3, "net.num_groups": 2, "net.hidden_dim": 8},
}
FEW_ARMS: dict[str, dict[str, Any]] = {
    "sweep weight-scale": {"arms.num_weight_scales": 4},
    "sweep learning-rate": {"arms.rates_per_decade": 2},
    "sweep feature-width": {"arms.widths": [2, 5, 100, 200]},  # those that its claim is about
    "sweep depth": {"arms.depths": [1, 3, 5]},
}
"""Of the sweeps that are long as shipped. Their claims are still all there: a test of the small studies sees to it."""


@pytest.fixture(scope="session")
def plan() -> Callable[..., StudyPlan]:
    """The plan of a study, with settings by their keys: `plan("compare", {"net.reg": 1})`."""

    def plan(name: str, settings: dict[str, Any] | None = None) -> StudyPlan:
        overrides = [Override(key, value, f"-s {key}") for key, value in (settings or {}).items()]
        return make_plan(ENTRIES[name], None, overrides)

    return plan


@dataclass(frozen=True)
class Small:
    """A small study, carried out into a store."""

    plan: StudyPlan
    results: list[Result]
    store: Store

    def with_diverged(self, which: int) -> list[Result]:
        """The same results, but that the first run of one arm diverged at its last iteration."""
        changed = [*self.results]
        history, *others = changed[which].histories
        outcome, end = history.outcome, history.spec.num_iterations
        assert outcome.check_iterations == planned_checks(history.spec, end)
        outcome = replace(outcome, loss_history=[*outcome.loss_history[:-1], float("nan")], diverged_at=end)
        changed[which] = Result(changed[which].arm, (History(history.spec, outcome, history.provenance), *others))
        return changed


@pytest.fixture(scope="session", params=ENTRIES)
def small(request: pytest.FixtureRequest, plan: Callable[..., StudyPlan], tmp_path_factory: Any) -> Iterator[Small]:
    """Each study in turn, small."""
    entry = ENTRIES[request.param]
    settings = QUICK | SMALL_NETS[entry.model] | FEW_ARMS.get(entry.name, {})
    varied = load_study(entry.module).VARIED
    made = plan(request.param, {key: value for key, value in settings.items() if key not in varied})
    store = Store(tmp_path_factory.mktemp("store"))
    assert all(isinstance(ended, History) for ended in carry_out(made.runs, store))
    return Small(made, results(made, store), store)
