"""What a run is: frozen dataclasses that say everything it depends on, with the range each value may have.

The content hash of a RunSpec is its name. The ranges stand in the annotations; the settings files are checked against
them, and nothing else states them; names come from the tables of what they name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from annotated_types import Ge, Gt, Le, MinLen

from bnlab.errors import SettingsError
from bnlab.layers.checks import check_filter_size, check_groups
from bnlab.nets import NORMALIZATIONS, SPATIAL_NORMALIZATIONS
from bnlab.optim import RULES
from bnlab.solver import STATISTICS

ENGINES = {"numpy": "bnlab.engines.numpy"}
"""What may train a run: the modules by name. They stand above a run, so none is imported here."""

SPEC_VERSION = 1
"""Part of every hash: raise it when the same settings come to mean another computation."""

Count = Annotated[int, Ge(1)]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Probability = Annotated[float, Gt(0), Le(1)]
Seed = Annotated[int, Ge(0)]
if TYPE_CHECKING:
    NormalizationName: TypeAlias = str
    Normalized: TypeAlias = str
    SpatialName: TypeAlias = str
    RuleName: TypeAlias = str
    StatisticsName: TypeAlias = str
    EngineName: TypeAlias = str
else:
    NormalizationName = Literal[("none", *NORMALIZATIONS)]
    Normalized = Literal[tuple(NORMALIZATIONS)]
    SpatialName = Literal[("none", *SPATIAL_NORMALIZATIONS)]
    RuleName = Literal[tuple(RULES)]
    StatisticsName = Literal[STATISTICS]
    EngineName = Literal[tuple(ENGINES)]


class Checked:
    """Base of all that settings files can hold: a key it doesn't know is an error, and so is a number that isn't finite."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True)
class DataSpec:
    """Which images: the data set's name, the first so many training images, and the fingerprint of what was read."""

    dataset: str
    num_train: int
    fingerprint: str


@dataclass(frozen=True)
class NetSpec(Checked):
    """A fully connected net. weight_scale: standard deviation of the initial weights; keep_prob: the probability of
    keeping a unit in dropout, 1 for none; reg: L2 strength."""

    hidden_dims: Annotated[tuple[Count, ...], MinLen(1)]
    normalization: NormalizationName = "none"
    weight_scale: Positive = 1e-2
    keep_prob: Probability = 1.0
    reg: NotNegative = 0.0
    model: Literal["mlp"] = "mlp"


@dataclass(frozen=True)
class ConvNetSpec(Checked):
    """A three-layer convnet. num_filters, filter_size: of its convolution; hidden_dim: units of its hidden affine layer;
    num_groups: for spatial_groupnorm, None elsewhere, so that runs without groups have one name; weight_scale, reg: as for
    `NetSpec`. Raises SettingsError for an even filter_size, or groups that don't divide the filters."""

    num_filters: Count = 32
    filter_size: Count = 7
    hidden_dim: Count = 100
    normalization: SpatialName = "none"
    num_groups: Count | None = None
    weight_scale: Positive = 1e-3
    reg: NotNegative = 0.0
    model: Literal["cnn"] = "cnn"

    def __post_init__(self) -> None:
        try:
            check_filter_size(self.filter_size)
            if self.normalization == "spatial_groupnorm":
                check_groups(self.num_filters, self.num_groups)
        except ValueError as error:
            raise SettingsError(f"the convnet's settings, net: {error}") from error


MODELS = {"mlp": NetSpec, "cnn": ConvNetSpec}
"""The nets that a run may train, by their `model`."""


@dataclass(frozen=True)
class SolverSpec(Checked):
    """The training. lr_decay multiplies the rate at each epoch's end; train accuracy is checked on at most
    num_train_samples images; statistics: what batchnorm normalizes with at each check."""

    learning_rate: Positive
    update_rule: RuleName = "adam"
    lr_decay: Positive = 1.0
    batch_size: Count = 100
    num_epochs: Count = 10
    num_train_samples: Count = 1000
    statistics: StatisticsName = "running"


@dataclass(frozen=True)
class RunSpec:
    """One training of one net with one seed, described in full. replicate: the seed index that pairs arms.

    Raises SettingsError where values that are right alone don't go together.
    """

    data: DataSpec
    net: NetSpec | ConvNetSpec
    solver: SolverSpec
    seed: int
    replicate: int = 0
    dtype: Literal["float32", "float64"] = "float32"
    engine: EngineName = "numpy"

    def __post_init__(self) -> None:
        batch_size, num_train = self.solver.batch_size, self.data.num_train
        if batch_size > num_train:
            raise SettingsError(
                f"batch size {batch_size} is above the number of training images, {num_train}: "
                f"give 1 to {num_train}, or more images with -s data.num_train=N"
            )
        if self.solver.statistics == "population" and batch_size < 2 and self.net.model == "mlp":
            raise SettingsError(
                f"batch size {batch_size} has no variance for population statistics: "
                "give at least 2, or -s solver.statistics=running"
            )

    @cached_property
    def name(self) -> str:
        """The hash of all of the above: 32 hexadecimal digits."""
        text = json.dumps({"version": SPEC_VERSION, **asdict(self)}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunSpec:
        """The inverse of `dataclasses.asdict`, as read back from JSON."""
        net = dict(values["net"])
        if "hidden_dims" in net:
            net["hidden_dims"] = tuple(net["hidden_dims"])
        parts = {
            "data": DataSpec(**values["data"]),
            "net": MODELS[net["model"]](**net),
            "solver": SolverSpec(**values["solver"]),
        }
        return cls(**{**values, **parts})
