"""What every study's module offers, and the words it is written in.

`Settings`: the frozen dataclass that its settings file fills. `OPTIONS`: its own options on the command line. `VARIED`: the
settings that its arms take over, each with the setting that says how. `IN_FOLDER`: the settings that its folder names.
`CLAIMS`: what it claims. `AXIS`: what it sweeps, in words; empty if it is no sweep. `folder(settings)`: where the results
of the faithful study go. `arms(settings, data)`: its arms. `figure(settings, results)` and `remarks(results)`: what is
drawn, and what is said besides the findings about its claims. A study may also have
`more_figures(settings, arms, data)`: further figures by the names of their files, from the arrays that the first run of
each arm trains on; and `images(settings)`: the settings that say which images are read first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Protocol, cast

from bnlab.evidence.claims import Claim
from bnlab.evidence.judge import ArmRuns
from bnlab.report.figure import Figure
from bnlab.runs.fields import Checked, OneOf, Range
from bnlab.runs.history import Ended, Failure, History
from bnlab.runs.spec import (
    ConventionName,
    ConvNetSpec,
    Count,
    DataSpec,
    DeviceName,
    DtypeName,
    EngineName,
    ImageSize,
    NetSpec,
    RunSpec,
    Seed,
    SolverSpec,
)

MOST_REPLICATES = 10_000
"""As many as are ever said to decide a claim; more than this is a slip of the keyboard."""


class Option(NamedTuple):
    """A study's own option on the command line: a settings key under a shorter name."""

    flag: str
    key: str
    help: str
    kind: Literal["text", "numbers", "flag"] = "text"
    """One text; a number, repeatable; or nothing but the flag itself, which means true."""


@dataclass(frozen=True)
class DataSettings(Checked):
    """Which images: a data set's name, and how many of its first training and validation images."""

    section: ClassVar[str] = "data"

    dataset: Annotated[str, "the data set's name; see bnlab data list"]
    num_train: Annotated[Count, "training images used, the first so many"]
    num_val: Annotated[Count | None, "validation images used, the first so many; null for all"] = None
    size: Annotated[ImageSize, "height and width that images of your own are resized to; null for as they are"] = None


@dataclass(frozen=True, kw_only=True)
class CommonSettings(Checked):
    """The settings that all studies share; each adds its `arms`, and says which net it trains."""

    data: DataSettings
    net: NetSpec | ConvNetSpec
    solver: SolverSpec
    seed: Annotated[Seed, "seed of all random streams"]
    replicates: Annotated[
        int, Range(at_least=1, at_most=MOST_REPLICATES), "runs per arm, each with random streams of its own"
    ] = 5
    vary: Annotated[str, OneOf(("seeds", "images")), "what replicates differ in: seeds, or seeds and training images"] = (
        "seeds"
    )
    dtype: Annotated[DtypeName, "the dtype of weights, images and gradients"] = "float32"
    engine: Annotated[EngineName, "what trains the runs"] = "numpy"
    diagnostics: Annotated[bool, "whether each check records signals, gradients and updates of each layer"] = False
    device: Annotated[DeviceName, "where the engine computes; the numpy engine has the cpu alone"] = "cpu"
    convention: Annotated[ConventionName, "whose running variance and momentum are computed"] = "notebook"


OF_A_RUN = ("seed", "dtype", "engine", "diagnostics", "device", "convention")
"""The settings that a run takes as they are."""


@dataclass(frozen=True, kw_only=True)
class FullyConnectedSettings(CommonSettings):
    """The settings of studies of fully connected nets."""

    net: NetSpec


@dataclass(frozen=True)
class Arm:
    """The runs of a study that differ in the seed alone.

    label: its name in tables. curve: the curve that it is, or in a sweep is a point of; x: where on that curve. varied: the
    values of the settings that tell it from other arms, by their keys; follows: the keys of settings that differ because of
    that. runs: one per replicate.
    """

    label: str
    curve: str
    x: float | None
    varied: Mapping[str, Any]
    follows: tuple[str, ...]
    runs: tuple[RunSpec, ...]


@dataclass(frozen=True)
class Result:
    """An arm, and how its runs ended: the Histories and the failures, each in the order of the runs."""

    arm: Arm
    histories: tuple[History, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def diverged(self) -> int:
        """How many of its runs diverged."""
        return sum(history.diverged_at is not None for history in self.histories)

    @property
    def runs(self) -> ArmRuns:
        """Its finished and diverged runs, and the arm's place among the curves."""
        return ArmRuns(self.arm.curve, self.arm.x, self.histories)

    @property
    def ended(self) -> tuple[Ended, ...]:
        """All of them: histories, then failures."""
        return (*self.histories, *self.failures)


class Study(Protocol):
    """A study's module, as the rest of the program sees it."""

    Settings: type[CommonSettings]
    OPTIONS: tuple[Option, ...]
    VARIED: Mapping[str, str]
    IN_FOLDER: frozenset[str]
    CLAIMS: tuple[Claim, ...]
    AXIS: str

    folder: Callable[[Any], str]
    arms: Callable[[Any, DataSpec], list[Arm]]
    figure: Callable[[Any, list[Result]], Figure]
    remarks: Callable[[list[Result]], list[str]]


def load_study(module: str) -> Study:
    """The study's module by its name in the registry, or what the module offers as its `STUDY`."""
    from importlib import import_module

    found = import_module(module)
    return cast(Study, getattr(found, "STUDY", found))


def arm(
    label: str,
    settings: CommonSettings,
    data: DataSpec,
    varied: Mapping[str, Any],
    *,
    curve: str | None = None,
    x: float | None = None,
    also: Mapping[str, Any] | None = None,
) -> Arm:
    """An arm: the settings, with those in `varied` and `also` replaced, a run for each replicate. varied is what the arm is
    about, by keys such as 'net.normalization' or 'dtype'; also: what follows from it. curve: the label, where it isn't
    given.

    Raises SettingsError where values don't go together, and KeyError or TypeError for a key that there isn't.
    """
    parts: dict[str, Any] = {"data": data, "net": settings.net, "solver": settings.solver}
    values: dict[str, Any] = {name: getattr(settings, name) for name in OF_A_RUN}
    changes: dict[str, dict[str, Any]] = {}
    for key, value in {**varied, **(also or {})}.items():
        section, _, name = key.rpartition(".")
        changes.setdefault(section, {})[name] = value
    values |= changes.pop("", {})
    # All values of a section at once: an update rule and its own settings go together only as a whole.
    parts |= {section: replace(parts[section], **own) for section, own in changes.items()}
    first = RunSpec(**parts, **values)
    runs = tuple(replace(first, replicate=replicate) for replicate in range(settings.replicates))
    return Arm(label, label if curve is None else curve, x, dict(varied), tuple(also or ()), runs)
