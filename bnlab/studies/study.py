"""What every study's module offers, and the words it is written in.

`Settings`: the frozen dataclass its settings file fills. `OPTIONS`: its own options on the command line. `VARIED`: the
settings that its arms take over. `folder(settings)`: where its results go. `runs(settings, fingerprint)`: its arms.
`figure(settings, results)` and `findings(results)`: what is drawn and what is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol, cast

from bnlab.report.figure import Figure
from bnlab.runs.history import History
from bnlab.runs.spec import Checked, ConvNetSpec, Count, DataSpec, EngineName, NetSpec, RunSpec, Seed, SolverSpec


class Option(NamedTuple):
    """A study's own option on the command line: a settings key under a shorter name."""

    flag: str
    key: str
    help: str
    kind: Literal["text", "numbers", "flag"] = "text"
    """One text; a number, repeatable; or nothing but the flag itself, which means true."""


@dataclass(frozen=True)
class DataSettings(Checked):
    """Which images: a data set's name, and how many of its first training images."""

    dataset: str
    num_train: Count


@dataclass(frozen=True, kw_only=True)
class CommonSettings(Checked):
    """The settings that all studies share; each adds its `arms`, and says which net it trains."""

    data: DataSettings
    net: NetSpec | ConvNetSpec
    solver: SolverSpec
    seed: Seed
    dtype: Literal["float32", "float64"] = "float32"
    engine: EngineName = "numpy"


@dataclass(frozen=True, kw_only=True)
class FullyConnectedSettings(CommonSettings):
    """The settings of studies of fully connected nets."""

    net: NetSpec


@dataclass(frozen=True)
class Arm:
    """The runs of a study that differ in the seed alone."""

    label: str
    runs: tuple[RunSpec, ...]


@dataclass(frozen=True)
class Result:
    """An arm and the Histories of its runs, in the same order."""

    arm: Arm
    histories: tuple[History, ...]

    @property
    def history(self) -> History:
        """The first replicate's."""
        return self.histories[0]


class Study(Protocol):
    """A study's module, as the rest of the program sees it."""

    Settings: type[CommonSettings]
    OPTIONS: tuple[Option, ...]
    VARIED: Mapping[str, str]

    folder: Callable[[Any], str]
    runs: Callable[[Any, str], list[Arm]]
    figure: Callable[[Any, list[Result]], Figure]
    findings: Callable[[list[Result]], list[str]]


def load_study(module: str) -> Study:
    """The study's module by its name in the registry."""
    from importlib import import_module

    return cast(Study, import_module(module))


def arm(label: str, settings: CommonSettings, fingerprint: str, **varied: Any) -> Arm:
    """An arm: the settings, with the fields of `net` and `solver` that are named replaced.

    Raises SettingsError where values don't go together.
    """
    net = {name: value for name, value in varied.items() if name in settings.net.__dataclass_fields__}
    solver = {name: value for name, value in varied.items() if name in SolverSpec.__dataclass_fields__}
    if unknown := varied.keys() - net.keys() - solver.keys():
        raise TypeError(f"no field of net or solver: {', '.join(unknown)}")
    run = RunSpec(
        data=DataSpec(settings.data.dataset, settings.data.num_train, fingerprint),
        net=replace(settings.net, **net),
        solver=replace(settings.solver, **solver),
        seed=settings.seed,
        dtype=settings.dtype,
        engine=settings.engine,
    )
    return Arm(label, (run,))
