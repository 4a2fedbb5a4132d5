"""The settings file of one training: as a study's, without arms, and with `net.model` to say which kind of net it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from bnlab.data import DEFAULT
from bnlab.errors import SettingsError
from bnlab.runs.fields import Checked, NoneAs, OneOf, normal, plain, shown
from bnlab.runs.spec import MODELS, ConvNetSpec, Count, DtypeName, EngineName, ImageSize, NetSpec, Seed, SolverSpec
from bnlab.studies.settings import Override, build, expanded, known_settings, leaves, merge, shipped_file
from bnlab.studies.yaml_files import read

MODEL = "net.model"
ALL = NoneAs("all")


@dataclass(frozen=True)
class DataSettings(Checked):
    """Which images: a data set's name, and how many of its first training and validation images."""

    section: ClassVar[str] = "data"

    dataset: Annotated[str, "the data set's name; see bnlab data list"] = DEFAULT
    num_train: Annotated[Count | None, ALL, "training images used, the first so many"] = None
    num_val: Annotated[Count | None, ALL, "validation images used; above 1,000, so many are held out"] = None
    size: Annotated[ImageSize, "height and width that images of your own are resized to; null for as they are"] = None


@dataclass(frozen=True)
class SolverSettings(SolverSpec):
    """The training of a run, and when it may end early."""

    patience: Annotated[
        Count | None, NoneAs("never"), "epochs without a better validation accuracy after which training stops"
    ] = None

    @property
    def of_run(self) -> SolverSpec:
        """What a run has of it. Stopping early takes nothing but epochs away."""
        return SolverSpec(**{field.name: getattr(self, field.name) for field in fields(SolverSpec)})


@dataclass(frozen=True, kw_only=True)
class Settings(Checked):
    """A training of a fully connected net."""

    data: DataSettings
    net: NetSpec | ConvNetSpec
    solver: SolverSettings
    seed: Annotated[Seed, "seed of all random streams"] = 231
    dtype: Annotated[DtypeName, "the dtype of weights, images and gradients"] = "float32"
    engine: Annotated[EngineName, "what trains the net"] = "numpy"


@dataclass(frozen=True, kw_only=True)
class OfFullyConnected(Settings):
    """A training of a fully connected net."""

    net: NetSpec


@dataclass(frozen=True, kw_only=True)
class OfConvNet(Settings):
    """A training of a convnet."""

    net: ConvNetSpec


class TrainingForm(NamedTuple):
    """What may stand in the file; see `bnlab.studies.settings.Form`."""

    Settings: type[Settings]
    VARIED: Mapping[str, str] = {}


FORMS = {"mlp": TrainingForm(OfFullyConnected), "cnn": TrainingForm(OfConvNet)}
"""What may stand in the file for each kind of net."""


class Loaded(NamedTuple):
    """The settings of a training, and by key those that differ from its file."""

    settings: Settings
    changed: Mapping[str, Any]


def load_training(file: Path, overrides: Iterable[Override] = ()) -> Loaded:
    """The settings in the file, and the overrides over them in their order.

    Raises SettingsError with a line for each thing that is wrong.
    """
    in_file = leaves(read(found_file(file), "FILE"), file.name)
    given = [leaf for each in overrides for leaf in expanded(each)]
    form = FORMS[_model([*in_file, *given])]
    merged = merge(form, {}, (leaf for leaf in (*in_file, *given) if leaf.key != MODEL))
    return Loaded(build(form.Settings, merged), _changed(form, in_file, given))


def found_file(file: Path) -> Path:
    """The file itself; or, if there is none, the one that comes along under this name, with or without its folder."""
    shipped = shipped_file(file.name)
    named = file.parent in (Path(), Path(shipped.parent.name))
    return shipped if named and not file.exists() and shipped.exists() else file


def _model(given: Iterable[Override]) -> str:
    """The kind of net that was named last."""
    named = [leaf for leaf in given if leaf.key == MODEL]
    for leaf in named:
        if leaf.value not in [*MODELS]:  # a list, since a value may be one itself
            raise SettingsError(f"{leaf.origin}: {shown(leaf.value)} is not allowed: it must be one of {OneOf((*MODELS,))}")
    return named[-1].value if named else NetSpec.model


def _changed(form: TrainingForm, in_file: Iterable[Override], given: Iterable[Override]) -> dict[str, Any]:
    """The values given last that aren't those in the file, nor the defaults of what it leaves out; None by its word."""
    known = known_settings(form)
    own = {key: setting.default for key, setting in known.items()} | {MODEL: NetSpec.model}
    found = {leaf.key: leaf.value if leaf.key == MODEL else normal(leaf.value, known[leaf.key]) for leaf in given}
    for leaf in in_file:
        if leaf.key in known:
            own[leaf.key] = normal(leaf.value, known[leaf.key])
        elif leaf.key == MODEL:
            own[MODEL] = leaf.value
    words = {key: setting.none for key, setting in known.items() if setting.none != "null"}
    return {key: words.get(key) if value is None else value for key, value in found.items() if value != own[key]}


def as_table(settings: Settings) -> dict[str, Any]:
    """The settings as plain values, the net's with its model, in the form of the file."""
    values = plain(settings)
    return {**values, "net": {"model": settings.net.model, **values["net"]}}
