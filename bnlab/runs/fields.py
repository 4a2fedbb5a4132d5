"""Settings that check themselves: what each field may hold stands in its annotation, and nowhere else.

A field is annotated with its type, its range or names, and its meaning in words:

    batch_size: Annotated[int, Range(at_least=1), "images per minibatch"] = 100

`normal` gives a value in the one form that equal settings share: 1 and 1.0 are one float, -0.0 is 0.0, 1e2 is a whole
number, a list is a tuple. So equal settings compare equal, and their runs have one name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, ClassVar, NamedTuple, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from bnlab.errors import SettingsError, did_you_mean


@dataclass(frozen=True)
class Range:
    """The numbers allowed, or for a tuple the number of items. None: no bound on that side."""

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )

    def __str__(self) -> str:
        if self.at_least is not None and self.at_least == self.at_most:
            return f"exactly {self.at_least:g}"
        words = ("above", self.above), ("at least", self.at_least), ("below", self.below), ("at most", self.at_most)
        return " and ".join(f"{word} {bound:g}" for word, bound in words if bound is not None)


@dataclass(frozen=True)
class OneOf:
    """The names allowed: those of a table, so that a row more there is a name more here."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.names)


@dataclass(frozen=True)
class NoneAs:
    """The word that files may write for None, besides null."""

    word: str


@dataclass(frozen=True)
class Repeated:
    """A single value stands for a tuple of so many of it."""

    times: int


class Setting(NamedTuple):
    """A field of a settings dataclass: its name, its kind, what it may hold, and what it means.

    kind: int, float, bool or str, a settings dataclass, or the kind of a tuple's items. many: it is a tuple of those.
    allowed: the range or names of each value; length: of the tuple; optional: None is allowed too; none: its word;
    repeated: a single value stands for so many of it, 0 if it doesn't.
    """

    name: str
    kind: Any
    many: bool
    allowed: Range | OneOf | None
    length: Range | None
    optional: bool
    meaning: str
    default: Any
    none: str = "null"
    repeated: int = 0

    @property
    def one(self) -> str:
        """What one value may be, in words: 'a number above 0'."""
        word = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(self.kind, "a mapping")
        if isinstance(self.allowed, OneOf):
            word = f"one of {self.allowed}"
        elif self.allowed is not None:
            word = f"{word} {self.allowed}".replace("number at", "number of at")
        return word

    @property
    def choices(self) -> str:
        """What the whole field may hold, in words."""
        least = f" {self.length} item(s)" if self.length else " items"
        word = f"a list, written [..., ...], of{least}, each {self.one}" if self.many else self.one
        if self.repeated:
            word += ", or one for all of them"
        return f"{word}, or {self.none}" if self.optional else word


class Checked:
    """Base of all that settings files can hold: its values are checked and put into their normal form as it is built.

    Raises SettingsError, naming the field, the value and what is allowed.
    """

    section: ClassVar[str] = ""
    """The settings files' name for where it stands, as errors give it."""

    def __post_init__(self) -> None:
        for setting in settings_of(type(self)):
            value = getattr(self, setting.name)
            try:
                # Frozen dataclasses refuse assignments, so the normal form is set behind their back.
                object.__setattr__(self, setting.name, normal(value, setting))
            except ValueError as error:
                name = f"{self.section}.{setting.name}" if self.section else setting.name
                raise SettingsError(f"{name}: {error}") from error


def settings_of(owner: Any) -> tuple[Setting, ...]:
    """The settings that a dataclass holds, in order."""
    if owner not in _settings:
        _settings[owner] = _read_settings(owner)
    return _settings[owner]


_settings: dict[Any, tuple[Setting, ...]] = {}


def _read_settings(owner: Any) -> tuple[Setting, ...]:
    hints = get_type_hints(owner, include_extras=True)
    defaults = {field.name: field.default for field in fields(owner)}
    return tuple(_setting(name, hints[name], default) for name, default in defaults.items())


def normal(value: Any, setting: Setting) -> Any:
    """The value in its normal form. Raises ValueError, which says in words what is wrong and what is allowed."""
    if setting.optional and (value is None or (isinstance(value, str) and value == setting.none)):
        return None
    if not setting.many:
        return _one(value, setting)
    if setting.repeated and not isinstance(value, list | tuple):
        value = (_one(value, setting),) * setting.repeated
    if not isinstance(value, list | tuple) or (setting.length and not setting.length.holds(len(value))):
        raise ValueError(f"{shown(value)} is not allowed: it must be {setting.choices}")
    return tuple(_one(item, setting) for item in value)


def shown(value: Any) -> str:
    """The value as a settings file has it, cut where it is long."""
    text = {None: "null", True: "true", False: "false"}.get(value) if value is None or isinstance(value, bool) else None
    text = text or (repr([*value]) if isinstance(value, tuple) else _repr(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _repr(value: Any) -> str:
    return repr(value) if isinstance(value, str | int | float | list | dict) else str(value)


def changed_fields(part: Any) -> dict[str, Any]:
    """The fields that differ from their defaults, or have none; fields that are dataclasses likewise."""
    found = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if is_dataclass(value) and not isinstance(value, type):
            found[field.name] = changed_fields(value)
        elif field.default is MISSING or value != field.default:
            found[field.name] = value
    return found


def plain(part: Any) -> dict[str, Any]:
    """All fields as plain values; fields that are dataclasses likewise."""
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    return {name: plain(value) if is_dataclass(value) else value for name, value in values.items()}


_CONVERTERS: dict[Any, Any] = {
    int: lambda value: int(value) if _is_number(value) and value == int(value) else None,
    float: lambda value: float(value) + 0.0 if _is_number(value) and math.isfinite(value) else None,  # -0.0 becomes 0.0
    bool: lambda value: value if isinstance(value, bool) else None,
    str: lambda value: str(value) if isinstance(value, str) else None,
}


def _one(value: Any, setting: Setting) -> Any:
    """One value, not a tuple of them."""
    if is_dataclass(setting.kind) or isinstance(setting.kind, UnionType):
        found = value if isinstance(value, cast(type, setting.kind)) else None
    else:
        found = _converted(value, setting.kind)
    allowed = setting.allowed
    if found is None or (allowed is not None and not _is_allowed(found, allowed)):
        hint = did_you_mean(value, allowed.names) if isinstance(value, str) and isinstance(allowed, OneOf) else ""
        what = "each item" if setting.many else "it"
        or_null = f", or {setting.none}" if setting.optional else ""
        raise ValueError(f"{shown(value)} is not allowed: {what} must be {setting.one}{or_null}{hint}")
    return found


def _converted(value: Any, kind: Any) -> Any:
    """The value as one of that kind; None if it is none."""
    try:
        return _CONVERTERS[kind](value)
    except (OverflowError, ValueError):  # a whole number beyond all floats; an infinity or NaN for a whole number
        return None


def _is_allowed(value: Any, allowed: Range | OneOf) -> bool:
    return value in allowed.names if isinstance(allowed, OneOf) else allowed.holds(value)


def _is_number(value: Any) -> bool:
    """True and False are numbers to Python, and not here."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.bool_)


def _setting(name: str, hint: Any, default: Any) -> Setting:
    notes = [*_notes(hint)]
    kind = _bare(hint)
    optional = get_origin(kind) in (Union, UnionType) and type(None) in get_args(kind)
    if optional:
        inner = [each for each in get_args(kind) if each is not type(None)]
        notes += _notes(inner[0])
        kind = _bare(inner[0])
    repeated = next((note.times for note in notes if isinstance(note, Repeated)), 0)
    many, length = get_origin(kind) is tuple, None
    if many:
        item = get_args(kind)[0]
        length = next((note for note in notes if isinstance(note, Range)), None)
        notes = [note for note in notes if isinstance(note, str)] + [*_notes(item)]
        kind = _bare(item)
    allowed = next((note for note in notes if isinstance(note, Range | OneOf)), None)
    meaning = next((note for note in notes if isinstance(note, str)), "")
    none = next((note.word for note in notes if isinstance(note, NoneAs)), "null")
    return Setting(name, kind, many, allowed, length, optional, meaning, default, none, repeated)


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _notes(hint: Any) -> Iterator[Any]:
    yield from get_args(hint)[1:] if get_origin(hint) is Annotated else ()
