"""Small runs, and their Histories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bnlab.data import load
from bnlab.engines import Outcome
from bnlab.lab.history import History
from bnlab.lab.spec import DataSpec, NetSpec, RunSpec, SolverSpec

DATA = DataSpec("synthetic", 60, load("synthetic", num_train=60).fingerprint)
SPEC = RunSpec(DATA, NetSpec((8, 6)), SolverSpec(1e-3, batch_size=20, num_epochs=2), seed=231)


@pytest.fixture
def make_spec() -> Callable[..., RunSpec]:
    """A small run; fields of its net, its solver and its own can be named."""

    def make_spec(**fields: Any) -> RunSpec:
        parts = {"net": SPEC.net, "solver": SPEC.solver}
        for name, part in parts.items():
            own = {key: fields.pop(key) for key in [*fields] if key in type(part).__dataclass_fields__}
            fields[name] = replace(part, **own)
        return replace(SPEC, **fields)

    return make_spec


@pytest.fixture
def make_history() -> Callable[..., History]:
    """A History that says what you name."""

    def make_history(spec: RunSpec = SPEC, losses: Any = (2.5, 1.5), diverged_at: int | None = None) -> History:
        outcome = Outcome([*losses], [1, len(losses)], [0.1, 0.5], [0.2, 0.4], 2, diverged_at)
        return History(spec, outcome, {"seconds": 0.25})

    return make_history
