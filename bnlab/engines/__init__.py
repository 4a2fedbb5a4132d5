"""Engines train a run, each from the same initial weights and minibatches.

An engine is a module with `train(spec, data, draws) -> Outcome`: the run's settings, the arrays by name, and all its random
numbers. To add one: the module, and its row in `ENGINES` in `bnlab/runs/spec.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

from bnlab.errors import SettingsError
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import ENGINES, RunSpec


class Framework(NamedTuple):
    """What an engine computes with: its name, the module that it imports, and the extra that brings it."""

    name: str
    module: str
    extra: str


FRAMEWORKS = {
    "torch": Framework("PyTorch", "torch", "torch"),
    "tensorflow": Framework("TensorFlow", "tensorflow", "tensorflow"),
}
"""By engine; those that aren't here take nothing that isn't installed with bnlab."""


def train(spec: RunSpec, data: Mapping[str, Array]) -> Outcome:
    """Train a run with its engine. data: X_train, y_train, X_val, y_val. Raises SettingsError without its framework."""
    engine = cast("Callable[[RunSpec, Mapping[str, Array], Draws], Outcome]", module(spec.engine).train)
    return engine(spec, data, Draws(spec, data))


def module(engine: str) -> Any:
    """The engine's module. Raises SettingsError if its framework isn't installed."""
    if not installed(engine):
        framework = FRAMEWORKS[engine]
        raise SettingsError(
            f"engine {engine} takes {framework.name}, which isn't installed: pip install 'bnlab[{framework.extra}]', or "
            "leave --engine out"
        )
    return importlib.import_module(ENGINES[engine])


def installed(engine: str) -> bool:
    """Whether what the engine computes with can be imported."""
    return engine not in FRAMEWORKS or find_spec(FRAMEWORKS[engine].module) is not None


def version(engine: str) -> str | None:
    """The engine's framework with its version; None for an engine without one."""
    return str(module(engine).version()) if engine in FRAMEWORKS else None


def check(specs: Iterable[RunSpec]) -> None:
    """Raise SettingsError for runs that their engine can't train here: before anything is trained or written."""
    for engine, device, diagnostics in dict.fromkeys((each.engine, each.device, each.diagnostics) for each in specs):
        if engine not in FRAMEWORKS:
            continue
        if diagnostics:
            raise SettingsError(
                f"diagnostics: the {engine} engine records none: leave --diagnostics out, or take --engine numpy"
            )
        if not installed(engine) or device != "cpu":  # PyTorch takes seconds to be imported, and the cpu is always there
            _check_device(engine, device)


def _check_device(engine: str, device: str) -> None:
    if module(engine).lacks(device):
        raise SettingsError(
            f"--device {device}: {FRAMEWORKS[engine].name} finds none on this machine: leave it out to compute on the cpu"
        )
