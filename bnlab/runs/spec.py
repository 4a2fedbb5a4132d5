"""What a run is: frozen dataclasses that say everything it depends on, with the range and the meaning of each value.

The content hash of a RunSpec is its name. The ranges stand in the annotations, and the names in them come from the tables
of what they name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar

from bnlab.data.dataset import NUM_CLASSES
from bnlab.errors import SettingsError
from bnlab.layers.checks import check_filter_size, check_groups
from bnlab.nets import NORMALIZATIONS, SPATIAL_NORMALIZATIONS
from bnlab.optim import CONVENTIONS, RULES, SETTINGS
from bnlab.runs.fields import Checked, OneOf, Range, Repeated, changed_fields, plain
from bnlab.solver import STATISTICS

ENGINES = {"numpy": "bnlab.engines.numpy", "torch": "bnlab.engines.torch", "tensorflow": "bnlab.engines.tensorflow"}
"""What may train a run: the modules by name. They stand above a run, so none is imported here."""

SPEC_VERSION = 2
"""Part of every hash. Raise it when the same settings come to mean another computation, or when a default changes; a new
field with a default needs no raise, since a hash covers only the fields that differ from their defaults."""

Count = Annotated[int, Range(at_least=1)]
Positive = Annotated[float, Range(above=0)]
NotNegative = Annotated[float, Range(at_least=0)]
Probability = Annotated[float, Range(above=0, at_most=1)]
Decay = Annotated[float, Range(at_least=0, below=1)]
Seed = Annotated[int, Range(at_least=0)]
NormalizationName = Annotated[str, OneOf(("none", *NORMALIZATIONS))]
Normalized = Annotated[str, OneOf(tuple(NORMALIZATIONS))]
NormalizedOrAll = Annotated[str, OneOf(("all", *NORMALIZATIONS))]
SpatialName = Annotated[str, OneOf(("none", *SPATIAL_NORMALIZATIONS))]
ImageSize = Annotated[tuple[Count, ...] | None, Range(at_least=2, at_most=2), Repeated(2)]
"""Height and width; one number stands for both."""
EngineName = Annotated[str, OneOf(tuple(ENGINES))]
DEVICES = ("cpu", "cuda", "mps")
DeviceName = Annotated[str, OneOf(DEVICES)]
ConventionName = Annotated[str, OneOf(tuple(CONVENTIONS))]
DtypeName = Annotated[str, OneOf(("float32", "float64"))]


@dataclass(frozen=True)
class DataSpec(Checked):
    """Which images: the data set, how many of them, and the fingerprint of what was read."""

    section: ClassVar[str] = "data"

    dataset: Annotated[str, "the data set's name"]
    num_train: Annotated[Count, "training images used"]
    fingerprint: Annotated[str, "hash of the images and their mean; of all that are there, if they are drawn"]
    num_val: Annotated[Count | None, "validation images used, the first so many; null for all"] = None
    images: Annotated[str, OneOf(("first", "drawn")), "the first training images, or others drawn for each replicate"] = (
        "first"
    )
    num_classes: Annotated[Count, "classes of the data set; guessing is right once in so many times"] = NUM_CLASSES
    size: Annotated[ImageSize, "height and width that the images were resized to; null where they weren't"] = None

    @property
    def chance(self) -> float:
        """The accuracy of guessing."""
        return 1 / self.num_classes


@dataclass(frozen=True)
class NetSpec(Checked):
    """A fully connected net."""

    section: ClassVar[str] = "net"
    model: ClassVar[str] = "mlp"

    hidden_dims: Annotated[tuple[Count, ...], Range(at_least=1), "widths of the hidden layers, one for each"]
    normalization: Annotated[NormalizationName, "the normalization of each hidden layer"] = "none"
    weight_scale: Annotated[Positive, "standard deviation of the initial weights"] = 1e-2
    keep_prob: Annotated[Probability, "probability of keeping a unit in dropout; 1 is no dropout"] = 1.0
    reg: Annotated[NotNegative, "strength of L2 regularization"] = 0.0

    @property
    def has_running_statistics(self) -> bool:
        """Whether its normalization keeps running averages."""
        return self.normalization != "none" and NORMALIZATIONS[self.normalization].running

    @property
    def needs_a_batch(self) -> bool:
        """Whether population statistics need minibatches of two images: one image gives one value per statistic."""
        return self.has_running_statistics

    @property
    def num_layers(self) -> int:
        """How many layers have weights."""
        return len(self.hidden_dims) + 1

    @property
    def dropout_layers(self) -> int:
        """How many layers draw a mask in each training pass."""
        return len(self.hidden_dims) if self.keep_prob < 1 else 0

    def check_image(self, shape: tuple[int, ...]) -> None:
        """Images of any size will do."""


@dataclass(frozen=True)
class ConvNetSpec(Checked):
    """A three-layer convnet. Raises SettingsError for an even filter_size, or groups that don't divide the filters.

    In a RunSpec num_groups is None where the normalization takes no groups, so that runs without groups have one name.
    """

    section: ClassVar[str] = "net"
    model: ClassVar[str] = "cnn"
    needs_a_batch: ClassVar[bool] = False  # the pixels of one image have a variance
    num_layers: ClassVar[int] = 3
    dropout_layers: ClassVar[int] = 0

    num_filters: Annotated[Count, "filters of the convolution"] = 32
    filter_size: Annotated[Count, "height and width of a filter; odd"] = 7
    hidden_dim: Annotated[Count, "units of the hidden affine layer"] = 100
    normalization: Annotated[SpatialName, "the normalization between convolution and relu"] = "none"
    num_groups: Annotated[Count | None, "groups of channels in spatial_groupnorm; a divisor of num_filters"] = None
    weight_scale: Annotated[Positive, "standard deviation of the initial weights"] = 1e-3
    reg: Annotated[NotNegative, "strength of L2 regularization"] = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            check_filter_size(self.filter_size)
            if self.grouped:
                check_groups(self.num_filters, self.num_groups)
        except ValueError as error:
            raise SettingsError(f"net: {error}") from error

    @property
    def grouped(self) -> bool:
        """Whether its normalization takes a number of groups."""
        return self.normalization != "none" and SPATIAL_NORMALIZATIONS[self.normalization].grouped

    @property
    def has_running_statistics(self) -> bool:
        """Whether its normalization keeps running averages."""
        return self.normalization != "none" and SPATIAL_NORMALIZATIONS[self.normalization].running

    def check_image(self, shape: tuple[int, ...]) -> None:
        """Raises SettingsError for images, of shape (channels, height, width), that are too small to be pooled."""
        if min(shape[1:]) < 2:
            size = " x ".join(map(str, shape[1:]))
            raise SettingsError(
                f"the images are {size}: a convnet needs at least 2 x 2 for its max pool; choose another data set, or a "
                "study of a fully connected net"
            )


MODELS: dict[str, type[NetSpec] | type[ConvNetSpec]] = {"mlp": NetSpec, "cnn": ConvNetSpec}
"""The nets that a run may train, by their `model`."""


@dataclass(frozen=True)
class SolverSpec(Checked):
    """The training. The update rule's own settings are None where they have the rule's default.

    Raises SettingsError for a setting that the update rule doesn't have.
    """

    section: ClassVar[str] = "solver"

    learning_rate: Annotated[Positive, "learning rate at the start"]
    update_rule: Annotated[str, OneOf(tuple(RULES)), "the update rule"] = "adam"
    lr_decay: Annotated[Positive, "factor on the learning rate at the end of each epoch"] = 1.0
    batch_size: Annotated[Count, "images per minibatch"] = 100
    num_epochs: Annotated[Count, "epochs, each as many minibatches as the training images fill"] = 10
    num_train_samples: Annotated[Count, "training accuracy is checked on at most so many images"] = 1000
    statistics: Annotated[str, OneOf(STATISTICS), "what batchnorm normalizes with when accuracy is checked"] = "running"
    momentum: Annotated[Decay | None, "momentum of sgd_momentum"] = None
    decay_rate: Annotated[Decay | None, "decay of rmsprop's average of squared gradients"] = None
    beta1: Annotated[Decay | None, "decay of adam's average of gradients"] = None
    beta2: Annotated[Decay | None, "decay of adam's average of squared gradients"] = None
    epsilon: Annotated[Positive | None, "what rmsprop and adam add to the root they divide by"] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        own = SETTINGS[self.update_rule]
        for name in RULE_SETTINGS:
            value = getattr(self, name)
            if value is not None and name not in own:
                raise SettingsError(
                    f"solver.{name}: {self.update_rule} has no {name}: it has {', '.join(own)}; leave {name} out, or set "
                    f"solver.update_rule to {' or '.join(rule for rule in SETTINGS if name in SETTINGS[rule])}"
                )
            if value is not None and value == own[name]:
                object.__setattr__(self, name, None)

    @property
    def rule_config(self) -> dict[str, float]:
        """The update rule's settings in full, defaults included: what `optim_config` holds."""
        given = {name: getattr(self, name) for name in RULE_SETTINGS if getattr(self, name) is not None}
        return {**SETTINGS[self.update_rule], "learning_rate": self.learning_rate, **given}


LATER = ("diagnostics", "device", "convention")
"""Fields of a run that its file names only where they differ from their defaults, so that files of runs are as they were
before there were such fields."""
RULE_SETTINGS = tuple(dict.fromkeys(name for own in SETTINGS.values() for name in own if name != "learning_rate"))
"""The settings, apart from the learning rate, that one update rule or another has."""


@dataclass(frozen=True)
class RunSpec(Checked):
    """One training of one net with one seed, described in full.

    Raises SettingsError where values that are right alone don't go together.
    """

    data: DataSpec
    net: NetSpec | ConvNetSpec
    solver: SolverSpec
    seed: Annotated[Seed, "seed of all random streams"]
    replicate: Annotated[Seed, "the seed index that pairs arms"] = 0
    dtype: Annotated[DtypeName, "the dtype of weights, images and gradients"] = "float32"
    engine: Annotated[EngineName, "what trains the run"] = "numpy"
    diagnostics: Annotated[bool, "whether each check records signals, gradients and updates of each layer"] = False
    device: Annotated[DeviceName, "where the engine computes; the numpy engine has the cpu alone"] = "cpu"
    convention: Annotated[ConventionName, "whose running variance and momentum are computed"] = "notebook"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.net, ConvNetSpec) and not self.net.grouped and self.net.num_groups is not None:
            object.__setattr__(self, "net", replace(self.net, num_groups=None))
        batch_size, num_train = self.solver.batch_size, self.data.num_train
        if batch_size > num_train:
            raise SettingsError(
                f"batch size {batch_size} is above the number of training images, {num_train}: "
                f"give 1 to {num_train}, or more images with -s data.num_train=N"
            )
        if self.engine != "torch" and self.device != "cpu":
            raise SettingsError(
                f"device: the {self.engine} engine has no {self.device}: leave it out, or set the engine to torch"
            )
        if self.device == "mps" and self.dtype == "float64":
            raise SettingsError("dtype: device mps has no float64: set it to float32, or leave the device out")
        if self.engine == "tensorflow" and self.convention != "notebook":
            raise SettingsError(
                f"convention: the tensorflow engine has no {self.convention}: leave it out, or set the engine to torch"
            )
        if self.convention == "torch" and batch_size < 2 and self.net.needs_a_batch:
            raise SettingsError(
                f"batch size {batch_size} has no corrected variance, which convention torch keeps: "
                "give at least 2, or --convention notebook"
            )
        if self.solver.statistics == "population" and batch_size < 2 and self.net.needs_a_batch:
            raise SettingsError(
                f"batch size {batch_size} has no variance for population statistics: "
                "give at least 2, or -s solver.statistics=running"
            )

    @cached_property
    def name(self) -> str:
        """The hash of all that differs from the defaults: 32 hexadecimal digits."""
        return self.name_at(SPEC_VERSION)

    def name_at(self, version: int) -> str:
        """The name that these settings have at a version of the spec."""
        text = json.dumps({"version": version, **self.to_json(changed=True)}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def iterations_per_epoch(self) -> int:
        """Minibatches per epoch."""
        return max(self.data.num_train // self.solver.batch_size, 1)

    @property
    def num_iterations(self) -> int:
        """Minibatches of the whole training."""
        return self.solver.num_epochs * self.iterations_per_epoch

    @property
    def num_images(self) -> int:
        """How many images the training takes, an image each time that it is in a minibatch."""
        return self.num_iterations * min(self.solver.batch_size, self.data.num_train)

    def to_json(self, changed: bool = False) -> dict[str, Any]:
        """All fields as plain values, the net's with its model; those of LATER only where they differ from their defaults.
        changed: only fields that differ from their defaults."""
        own = changed_fields(self)
        values = (
            own if changed else {name: value for name, value in plain(self).items() if name in own or name not in LATER}
        )
        return {**values, "net": {"model": self.net.model, **values["net"]}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunSpec:
        """The inverse of `to_json`. Raises KeyError, ValueError, TypeError, AttributeError or SettingsError for others."""
        net = dict(values["net"])
        name = net.pop("model")
        if name not in MODELS:
            raise ValueError(f"model {name!r} is not known: there are {', '.join(MODELS)}")
        model = MODELS[name]
        parts = {"data": DataSpec(**values["data"]), "net": model(**net), "solver": SolverSpec(**values["solver"])}
        return cls(**{**values, **parts})
