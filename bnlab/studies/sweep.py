"""Any settings over lists of values. The first KEY is the x axis. Each further KEY gives a curve for each of its values,
and several give a curve for each combination. Each --against gives one more curve, the baseline: the settings as they are,
but for that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim
from bnlab.report.figure import Figure
from bnlab.runs.spec import DataSpec
from bnlab.studies.axes import Axis, as_typed, in_words, parse_axes, value_text
from bnlab.studies.folders import safe_name, value_in_name
from bnlab.studies.plan import read_images
from bnlab.studies.study import Arm, FullyConnectedSettings, Option, Result, Study, arm
from bnlab.studies.sweeps import sweep_panels
from bnlab.studies.words import best_of_sweep, normalization_label, sweep_caption

NUM_TRAIN = "data.num_train"
DECADE = 10
MOST_LISTED = 8
"""Values that a question names one by one."""


@dataclass(frozen=True, kw_only=True)
class SweepSettings(FullyConnectedSettings):
    """experiments/sweep.yaml"""


@dataclass(frozen=True)
class Sweep:
    """A `Study` made of axes, x first, and baselines. folders: where data sets that come as files are looked for."""

    axes: tuple[Axis, ...] = ()
    baselines: tuple[Axis, ...] = ()
    folders: tuple[Path, ...] = ()

    Settings: ClassVar[type[SweepSettings]] = SweepSettings
    OPTIONS: ClassVar[tuple[Option, ...]] = ()
    IN_FOLDER: ClassVar[frozenset[str]] = frozenset()
    CLAIMS: ClassVar[tuple[Claim, ...]] = ()

    @cached_property
    def VARIED(self) -> Mapping[str, str]:  # noqa: N802  # a constant of other studies' modules
        """The settings that every arm has its own value of. A baseline takes what it doesn't name from the settings."""
        others = [axis.key for axis in self.axes[1:] if all(axis.key == baseline.key for baseline in self.baselines)]
        return {key: f"the sweep's {key}=V1,V2" for key in (*(axis.key for axis in self.axes[:1]), *others)}

    @property
    def AXIS(self) -> str:  # noqa: N802
        """What stands on the x axis, in words."""
        return self.axes[0].name.replace("_", " ")

    @property
    def QUESTION(self) -> str:  # noqa: N802
        """What the sweep asks, in words."""
        [x, *others] = self.axes
        curves = [f"for {axis.key} {_listed(axis, ' and ')}" for axis in others]
        baselines = [in_words(each.key, value) for each in self.baselines for value in each.values]
        against = [f"against {' and '.join(baselines)}"] if baselines else []
        return ", ".join([f"How does training depend on {x.key} ({_listed(x)})", *curves, *against]) + "?"

    @property
    def words(self) -> list[str]:
        """The axes and baselines as they are typed."""
        return [*map(as_typed, self.axes), *(word for each in self.baselines for word in ("--against", as_typed(each)))]

    def folder(self, settings: SweepSettings) -> str:
        """The name says the axes in their order; where that is too long or could be read in two ways, it ends in a hash."""
        words = ["", *["by"] * len(self.axes[1:]), *["against"] * len(self.baselines)]
        axes = [*self.axes, *self.baselines]
        texts = [
            "-".join(filter(None, (word, axis.name, *map(value_in_name, axis.values))))
            for word, axis in zip(words, axes, strict=True)
        ]
        exact = not any(isinstance(value, tuple) for axis in axes for value in axis.values)
        content = [(word, axis.key, axis.values) for word, axis in zip(words, axes, strict=True)]
        return f"sweep-{safe_name('-'.join(texts), content, exact)}"

    def images(self, settings: SweepSettings) -> SweepSettings:
        """The settings whose images are read first: those of the arm with most of them, where each arm has its own
        number."""
        counts = [
            value for axis in self.axes if axis.key == NUM_TRAIN and NUM_TRAIN in self.VARIED for value in axis.values
        ]
        return replace(settings, data=replace(settings.data, num_train=max(counts))) if counts else settings

    def arms(self, settings: SweepSettings, data: DataSpec) -> list[Arm]:
        """Raises SettingsError for two equal curves, and where values don't go together; DataError for too many images."""
        images = {data.num_train: data}
        arms = []
        for curve in self._curves(settings):
            label = ", ".join(in_words(key, value) for key, value in curve.items())
            for x, value in self._points():
                varied = {self.axes[0].key: value, **curve}
                count = varied.get(NUM_TRAIN, settings.data.num_train)
                if count not in images:
                    own = replace(settings.data, num_train=count)
                    images[count] = read_images(replace(settings, data=own), self.folders)
                text = ", ".join(filter(None, (label, f"{self.axes[0].name} {value_text(value)}")))
                arms.append(arm(text, settings, images[count], varied, curve=label or self.axes[0].key, x=x))
        return arms

    def figure(self, settings: SweepSettings, results: list[Result]) -> Figure:
        """Three panels over the x axis."""
        varied = {axis.key for axis in (*self.axes, *self.baselines)}
        net = [] if "net.normalization" in varied else [normalization_label(settings.net.normalization)]
        [x, *_] = self.axes
        scale = _scale([at for at, _ in self._points()]) if x.numeric else "linear"
        ticks = None if x.numeric else {at: value_text(value) for at, value in self._points()}
        panels = sweep_panels(results, x.key, scale, x_ticks=ticks)
        caption = sweep_caption(settings, f"Training against {x.key}", varied, *net)
        return Figure(best_of_sweep(results), caption, panels, ordered=self._ordered(results))

    def _ordered(self, results: list[Result]) -> tuple[tuple[str, ...], ...]:
        """The curves of a setting that is a number, the lowest first, if it is the only one besides the x axis."""
        if len(self.axes) != 2 or not self.axes[1].numeric:
            return ()
        labels = dict.fromkeys(result.arm.curve for result in results)  # those of baselines come last
        return (tuple(label for _, label in sorted(zip(self.axes[1].values, labels, strict=False))),)

    def remarks(self, results: list[Result]) -> list[str]:
        """The best point of each curve."""
        return [best_of_sweep(results)]

    def _curves(self, settings: SweepSettings) -> list[dict[str, Any]]:
        """For each curve, baselines last, the values that tell it from the others, by their keys."""
        others = self.axes[1:]
        own = {axis.key: attrgetter(axis.key)(settings) for axis in (*others, *self.baselines)}
        keys = [axis.key for axis in others]
        curves = [own | dict(zip(keys, values, strict=True)) for values in product(*(axis.values for axis in others))]
        for baseline in self.baselines:
            [value] = baseline.values
            curve = own | {baseline.key: value}
            if curve in curves:
                raise SettingsError(
                    f"--against {baseline.key}={value_text(value)} is a curve of the sweep already: give another value, or "
                    f"set that of the other curves by -s {baseline.key}=VALUE"
                )
            curves.append(curve)
        return curves

    def _points(self) -> list[tuple[float, Any]]:
        """The values on the x axis, each with its place: numbers in their order, others as they were given."""
        [x, *_] = self.axes
        return sorted((float(value), value) for value in x.values) if x.numeric else [*enumerate(x.values)]


STUDY = cast(Study, Sweep())
"""The study before its axes are known, for what asks for its settings alone."""


def make_sweep(texts: Sequence[str], against: Sequence[str] = (), folders: Iterable[Path] = ()) -> Study:
    """The study of axes as they are typed: 'net.reg=0,0.1'. Raises SettingsError for what isn't allowed."""
    if not texts:
        raise SettingsError("no KEY=V1,V2 is given: give at least one setting with its values, for instance net.reg=0,0.1")
    return cast(Study, Sweep(*parse_axes(texts, against, STUDY), tuple(folders)))


def _listed(axis: Axis, last: str = ", ") -> str:
    """Its values in words. last: what stands before the last one."""
    texts = [value_text(value) for value in axis.values]
    if len(texts) > MOST_LISTED:
        return f"{len(texts)} values from {texts[0]} to {texts[-1]}"
    return last.join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _scale(xs: Sequence[float]) -> Literal["linear", "log"]:
    """Logarithmic for positive numbers that span more than a decade."""
    return "log" if min(xs) > 0 and max(xs) / min(xs) > DECADE else "linear"
