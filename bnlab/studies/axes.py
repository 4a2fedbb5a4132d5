"""Axes of a sweep as they are typed: `KEY=V1,V2,…`, a setting of a run and its values. Values are YAML; a list stands in
brackets, as in `net.hidden_dims=[100],[100,100]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bnlab.errors import SettingsError
from bnlab.runs.fields import Setting, normal, shown
from bnlab.studies.grids import DRAWABLE
from bnlab.studies.settings import known_settings, unknown_key
from bnlab.studies.study import Study
from bnlab.studies.words import normalization_label
from bnlab.studies.yaml_files import as_yaml, parse

FIXED = {
    "data.dataset": "--dataset NAME", "data.num_val": "-s data.num_val=N", "data.size": "-s data.size=[H,W]",
    "seed": "--seed N", "replicates": "--replicates N", "vary": "--vary WHAT", "diagnostics": "-s diagnostics=true",
}  # fmt: skip
"""Settings that are the same for all runs of a sweep, and how they are set. Runs with other images or seeds would differ in
more than what is swept.
"""


@dataclass(frozen=True)
class Axis:
    """A setting, by its dotted key, and the values that it takes in a sweep, each once."""

    key: str
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The last word of the key."""
        return self.key.rpartition(".")[2]

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers that an axis can show."""
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)
        return numbers and all(value == 0 or DRAWABLE.holds(abs(value)) for value in self.values)


def parse_axes(texts: Sequence[str], against: Sequence[str], study: Study) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
    """The axes, and the baselines: axes of one value each.

    study: whose settings they may name. Raises SettingsError, one line, for what is wrong with one of them or does not go
    together.
    """
    axes = tuple(_parse(text, text, study) for text in texts)
    baselines = tuple(_parse(text, f"--against {text}", study) for text in against)
    keys = [axis.key for axis in axes]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise SettingsError(f"{twice} is given {keys.count(twice)} times: give each KEY once, with all its values")
    for text, baseline in zip(against, baselines, strict=True):
        _check_baseline(f"--against {text}", baseline, axes)
    given = [(each.key, each.values) for each in baselines]
    again = next((text for text, each in zip(against, given, strict=True) if given.count(each) > 1), None)
    if again is not None:
        raise SettingsError(f"--against {again} is given twice: give each baseline once")
    return axes, baselines


def as_typed(axis: Axis) -> str:
    """The axis as `parse_axes` reads it."""
    return f"{axis.key}={','.join(as_yaml([value])[1:-1].replace(', ', ',') for value in axis.values)}"


def in_words(key: str, value: Any) -> str:
    """A value with the name of its setting, as curves and arms are labelled: 'batch_size 50', but 'no normalization'."""
    name = key.rpartition(".")[2]
    if name == "normalization":
        return normalization_label(value)
    return value if isinstance(value, str) else f"{name} {value_text(value)}"


def value_text(value: Any) -> str:
    """A value as ticks and labels show it. Many equal items are counted: '20 x 100'."""
    if isinstance(value, tuple):
        same = len(value) > 2 and len(set(value)) == 1
        return f"{len(value)} x {value[0]}" if same else repr([*value])
    return value if isinstance(value, str) else shown(value)


def _parse(text: str, origin: str, study: Study) -> Axis:
    """One axis. origin: how errors name it."""
    origin = origin if len(origin) <= 60 else origin[:57] + "..."
    key, equals, values = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise SettingsError(f"{origin!r} is no setting with values: write it as KEY=V1,V2, for instance net.reg=0,0.1")
    if key in FIXED:
        raise SettingsError(f"{origin}: {key} is the same for all runs of a sweep: set it by {FIXED[key]}")
    known = {name: setting for name, setting in known_settings(study).items() if name not in FIXED}
    if key not in known:
        raise SettingsError(f"{origin}: {unknown_key(key, known, study)}")
    found = tuple(_normal(value, known[key], origin) for value in _values(values, origin))
    if not found:
        raise SettingsError(f"{origin}: no value is given: write {key}=V1,V2, each {known[key].choices}")
    repeated = [value for i, value in enumerate(found) if value in found[:i]]
    if repeated:
        raise SettingsError(f"{origin}: the value {shown(repeated[0])} is given twice: give each value once")
    return Axis(key, found)


def _values(text: str, origin: str) -> list[Any]:
    """The values of a text: the items of a list in YAML, without its brackets."""
    try:
        values: list[Any] = parse(f"[{text}]", origin)
        return values
    except SettingsError as error:
        remedy = "separate them by commas, and put lists in brackets, such as [100],[100,100]"
        raise SettingsError(f"{origin}: its values can't be read: {remedy}") from error


def _normal(value: Any, setting: Setting, origin: str) -> Any:
    try:
        return normal(value, setting)
    except ValueError as error:
        raise SettingsError(f"{origin}: {error}") from error


def _check_baseline(origin: str, baseline: Axis, axes: Sequence[Axis]) -> None:
    """A baseline is one curve, over the whole x axis, and not a curve that is there anyway."""
    if len(baseline.values) > 1:
        raise SettingsError(
            f"{origin}: {len(baseline.values)} values are given, and a baseline has one: give --against once for each"
        )
    if axes and baseline.key == axes[0].key:
        raise SettingsError(
            f"{origin}: {baseline.key} is the x axis, and a baseline is a curve over all of it: give another setting"
        )
    [value] = baseline.values
    if value in chain.from_iterable(axis.values for axis in axes[1:] if axis.key == baseline.key):
        raise SettingsError(f"{origin}: {shown(value)} is among the values of {baseline.key} already: give it in one place")
