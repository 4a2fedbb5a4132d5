"""Small runs and their Histories; the published facts, for a test to change; images that pass for CIFAR-10's own."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnlab.data import load
from bnlab.published.facts import numbers
from bnlab.runs.history import History
from bnlab.runs.outcome import Outcome, planned_checks
from bnlab.runs.spec import ConvNetSpec, DataSpec, NetSpec, RunSpec, SolverSpec

RECORD = 3073


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random moments each fault has in tests/faults; without it they are left out."""
    parser.addoption("--moments", type=int, default=0, help="random moments per fault (tests/faults; 0: none of them)")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Faults take minutes: make test-faults asks for them."""
    return True if collection_path.name == "faults" and not config.getoption("--moments") else None


PROCESSES = {"run", "on_a_terminal", "program"}
"""Fixtures that start the program as a process."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start the program are slow ones too."""
    for item in items:
        if PROCESSES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The published numbers, for this test alone."""
    for key, value in copy.deepcopy(numbers()).items():
        monkeypatch.setitem(numbers(), key, value)
    return numbers()


@pytest.fixture
def made_images(facts: Any, tmp_path: Path) -> Callable[..., Path]:
    """A folder with so many random images, whose first 1,000 are taken for CIFAR-10's; 1,000 validation images included."""

    def made_images(count: int = 2000) -> Path:
        records = np.random.RandomState(0).randint(0, 256, (count, RECORD), dtype=np.uint8)
        records[:, 0] %= 10
        folder = tmp_path / "made"
        folder.mkdir()
        (folder / "data_batch_1.bin").write_bytes(records.tobytes())
        facts["training"]["first_images"] = hashlib.sha256(records[:1000].tobytes()).hexdigest()
        return folder

    return made_images


DATA = DataSpec("synthetic", 60, load("synthetic", num_train=60).fingerprint)
SPEC = RunSpec(DATA, NetSpec((8, 6)), SolverSpec(1e-3, batch_size=20, num_epochs=2), seed=231)


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., RunSpec]:
    """A small run; fields of its net, its solver and its own can be named."""

    def make_spec(**fields: Any) -> RunSpec:
        parts = {"net": SPEC.net, "solver": SPEC.solver}
        for name, part in parts.items():
            own = {key: fields.pop(key) for key in [*fields] if key in type(part).__dataclass_fields__}
            fields[name] = replace(part, **own)
        return replace(SPEC, **fields)

    return make_spec


@pytest.fixture(scope="session")
def make_convnet() -> Callable[[str], RunSpec]:
    """The same run of a small convnet with the normalization you name."""

    def make_convnet(normalization: str) -> RunSpec:
        groups = 2 if normalization == "spatial_groupnorm" else None
        return replace(SPEC, net=ConvNetSpec(4, 3, 8, normalization, groups))

    return make_convnet


@pytest.fixture(scope="session")
def make_history() -> Callable[..., History]:
    """A History that says what you name, checked when and as often as its spec plans."""

    def make_history(
        spec: RunSpec = SPEC,
        losses: Any = None,
        diverged_at: int | None = None,
        val: Any = None,
        train: Any = None,
        seconds: float = 0.25,
    ) -> History:
        checks = planned_checks(spec, diverged_at)
        if losses is None:
            losses = [max(2.5 - 0.1 * i, 0.1) for i in range(diverged_at or spec.num_iterations)]
        rising = [0.1 + 0.1 * i for i in range(len(checks))]
        outcome = Outcome([*losses], checks, [*(train or rising)], [*(val or rising)], diverged_at)
        return History(spec, outcome, {"seconds": seconds})

    return make_history
