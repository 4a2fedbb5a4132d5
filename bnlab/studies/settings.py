"""From settings files, `--set` and options to a study's checked settings.

Precedence: option, then `--set`, then `--config`, then the shipped file. Each value remembers where it came from, so that
an error can name it; all errors are reported at once, a line each.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from bnlab.errors import SettingsError, did_you_mean
from bnlab.studies.study import CommonSettings, Study
from bnlab.studies.yaml_files import parse, read


@dataclass(frozen=True)
class Override:
    """A value for the setting at `key` ('net.reg'); `origin` is how errors name it ('-s net.reg', '--seed')."""

    key: str
    value: Any
    origin: str


def load_settings(
    study: Study, experiment: str, config: Path | None = None, overrides: Iterable[Override] = ()
) -> CommonSettings:
    """The settings of a study: its shipped file, then the config file, then the overrides in their order.

    Raises SettingsError with a line for each thing that is wrong.
    """
    shipped = read(shipped_file(experiment))
    known = _known_keys(study.Settings)
    given = [*(leaves(read(config), f"{config.name}: ") if config is not None else [])]
    for override in overrides:
        given += _expanded(override)
    refused = {id(override): text for override in given if (text := _refusal(override, known, study.VARIED))}
    merged: dict[str, Any] = {}
    for override in [*leaves(shipped, ""), *given]:
        if id(override) not in refused:
            _put(merged, override.key, override.value)
    problems = list(refused.values())
    try:
        settings = TypeAdapter(study.Settings).validate_json(json.dumps(merged, default=str), strict=True)
    except ValidationError as error:
        origins = {override.key: override for override in given}
        problems += _complaints(error, origins, shipped)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def parse_set(text: str) -> Override:
    """`key.path=value` as it stands after `-s`; the value is read as YAML. Raises SettingsError if it isn't that."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingsError(f"-s {text!r} is no setting: write it as key.path=value, for instance -s net.reg=0.1")
    return Override(key.strip(), parse(value, f"-s {key.strip()}"), f"-s {key.strip()}")


def shipped_file(experiment: str) -> Path:
    """Where the settings file lies: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "experiments" / experiment
    return installed if installed.exists() else package.parent / "experiments" / experiment


def leaves(tree: Mapping[str, Any], origin: str) -> list[Override]:
    """The values of a nested mapping, each under its dotted key; origin goes before the key."""
    return [leaf for key, value in tree.items() for leaf in _expanded(Override(str(key), value, f"{origin}{key}"))]


def _expanded(override: Override) -> list[Override]:
    """A value is itself; a section is what stands in it, so that the rest of the section stays as it was."""
    if not isinstance(override.value, dict):
        return [override]
    return [
        leaf
        for key, value in override.value.items()
        for leaf in _expanded(Override(f"{override.key}.{key}", value, f"{override.origin}.{key}"))
    ]


def _known_keys(settings: type, prefix: str = "") -> set[str]:
    """The dotted keys that a settings dataclass has, sections and values alike."""
    hints = get_type_hints(settings)
    keys = set()
    for field in fields(settings):
        keys.add(prefix + field.name)
        if is_dataclass(hints[field.name]):
            keys |= _known_keys(hints[field.name], f"{prefix}{field.name}.")
    return keys


def _refusal(override: Override, known: set[str], varied: Mapping[str, str]) -> str | None:
    """What is wrong with the override's key, or with its value as a text; or None."""
    if isinstance(override.value, str) and not override.value.isprintable():
        return f"{override.origin}: {override.value!a} is no plain text: give printable characters"
    if override.key in varied:
        return f"{override.origin}: this study varies {override.key} itself: set {varied[override.key]} instead"
    if override.key in known:
        return None
    near = difflib.get_close_matches(override.key, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
    return f"{override.origin}: there is no setting {override.key}: {hint}"


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set the value at a dotted key. A value where a section belongs stays to be refused by the check of types."""
    *sections, last = key.split(".")
    for section in sections:
        below = tree.get(section)
        if not isinstance(below, dict):
            below = tree[section] = {}
        tree = below
    tree[last] = value


def _complaints(error: ValidationError, origins: Mapping[str, Override], shipped: Mapping[str, Any]) -> list[str]:
    """A line for each error: where it was set, the value, what is allowed, and what the study itself has there."""
    lines = []
    problems = error.errors()
    inner = {problem["loc"][:n] for problem in problems for n in range(len(problem["loc"]))}
    for problem in problems:
        if problem["loc"] in inner:
            continue  # an item is wrong, and that makes the list wrong: the item's own line says it
        if problem["type"] == "json_invalid":
            lines.append("the settings are nested too deep: give plain values")
            continue
        location = [str(part) for part in problem["loc"]]
        key = next((k for n in range(len(location), 0, -1) if (k := ".".join(location[:n])) in origins), ".".join(location))
        origin = origins[key].origin if key in origins else key
        allowed = re.sub(r"^(Input|Tuple) should", "it should", problem["msg"]).replace("an object", "a mapping")
        lines.append(
            f"{origin}: {_shown(problem['input'])} is not allowed: {allowed}{_near(problem)}{_remedy(key, shipped)}"
        )
    return list(dict.fromkeys(lines))


def _near(problem: Any) -> str:
    """For a name that isn't one of a few: the one that may have been meant."""
    if problem["type"] != "literal_error" or not isinstance(problem["input"], str):
        return ""
    return did_you_mean(problem["input"], re.findall(r"'([^']*)'", problem["ctx"]["expected"]))


def _remedy(key: str, shipped: Mapping[str, Any]) -> str:
    value: Any = shipped
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        return f"; set what is in it: {', '.join(f'{key}.{name}' for name in value)}"
    return "" if value is None else f"; the study's own is {_shown(value)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
