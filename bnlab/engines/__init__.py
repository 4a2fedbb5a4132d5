"""Engines train a run, each from the same initial weights and minibatches.

An engine is a module with `train(spec, data, draws) -> Outcome`: the run's settings, the arrays by name, and all its random
numbers. To add one: the module, and its row in `ENGINES` in `bnlab/runs/spec.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

from bnlab.errors import SettingsError
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import ENGINES, DataSpec, NetSpec, RunSpec, SolverSpec
from bnlab.solver import Solver


class Framework(NamedTuple):
    """What an engine computes with: its name, the modules that it imports, and the extra that brings them."""

    name: str
    modules: tuple[str, ...]
    extra: str

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install 'bnlab[{self.extra}]'"


FRAMEWORKS = {
    "torch": Framework("PyTorch", ("torch",), "torch"),
    "tensorflow": Framework("TensorFlow", ("tensorflow", "keras"), "tensorflow"),
}
"""By engine; those that aren't here take nothing that isn't installed with bnlab."""


def train(spec: RunSpec, data: Mapping[str, Array]) -> Outcome:
    """Train a run with its engine. data: X_train, y_train, X_val, y_val. Raises SettingsError without its framework."""
    engine = cast("Callable[[RunSpec, Mapping[str, Array], Draws], Outcome]", module(spec.engine).train)
    return engine(spec, data, Draws(spec, data))


def module(engine: str) -> Any:
    """The engine's module. Raises SettingsError if its framework isn't installed, or can't be imported."""
    if not installed(engine):
        framework = FRAMEWORKS[engine]
        raise SettingsError(
            f"engine {engine} takes {framework.name}, which isn't installed: {framework.install}, or leave --engine out"
        )
    try:
        return importlib.import_module(ENGINES[engine])
    except (ImportError, AttributeError, OSError) as error:  # too old, or damaged: what it lacks shows in many ways
        if engine not in FRAMEWORKS:
            raise
        framework, told = FRAMEWORKS[engine], " ".join(f"{type(error).__name__}: {error}".split())
        raise SettingsError(
            f"engine {engine} takes {framework.name}, which can't be imported here ({told}): "
            f"{framework.install} --upgrade --force-reinstall, or leave --engine out"
        ) from error


def solver_builder(engine: str) -> Callable[..., Solver]:
    """The engine's `build_solver`, for trainings that can be stopped and go on. Raises SettingsError if it has none."""
    found = getattr(module(engine), "build_solver", None)
    if found is None:
        raise SettingsError(f"engine: {engine} has no checkpoints: set it to numpy")
    return cast("Callable[..., Solver]", found)


def installed(engine: str) -> bool:
    """Whether what the engine computes with is here. A mere folder of its name is not."""
    return engine not in FRAMEWORKS or all(map(_is_here, FRAMEWORKS[engine].modules))


def _is_here(module: str) -> bool:
    found = find_spec(module)
    return found is not None and found.origin is not None


def check_choice(chosen: Mapping[str, Any]) -> None:
    """Raise SettingsError if these settings of a run, such as engine and device, say what can't train here, whatever the
    run."""
    check([RunSpec(DataSpec("", 1, ""), NetSpec((1,)), SolverSpec(1e-3, batch_size=1), seed=0, **chosen)])


def version(engine: str) -> str | None:
    """The engine's framework with its version; None for an engine without one."""
    return str(module(engine).version()) if engine in FRAMEWORKS else None


def facts(engine: str) -> dict[str, str]:
    """The installed versions of what the engine computes with, by module: bits depend on them too. Imports none."""
    if engine not in FRAMEWORKS:
        return {}
    packages = _packages()
    found = {module: packages.get(module) for module in FRAMEWORKS[engine].modules}
    return {module: metadata.version(names[0]) if names else "none" for module, names in found.items()}


@lru_cache
def _packages() -> Mapping[str, Sequence[str]]:
    """The installed packages that bring a module. Reads what all of them have, which takes some tenths of a second."""
    return packages_distributions()


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
