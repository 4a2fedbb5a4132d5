"""From settings files, `--set` and options to a study's checked settings.

Precedence: option, then `--set`, then `--config`, then the shipped file. Each value remembers where it came from, so that
an error can name it; all errors are reported at once, a line each.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, get_type_hints

from bnlab.errors import SettingsError
from bnlab.runs.fields import Setting, normal, settings_of, shown
from bnlab.studies.study import CommonSettings, Study
from bnlab.studies.yaml_files import parse, read

ALSO_CALLED = {
    "lr": "learning_rate", "rate": "learning_rate", "epochs": "num_epochs", "optimizer": "update_rule",
    "optim": "update_rule", "rule": "update_rule", "weight_decay": "reg", "l2": "reg", "batch": "batch_size",
    "hidden": "hidden_dims", "layers": "hidden_dims", "width": "hidden_dims", "dropout": "keep_prob", "keep": "keep_prob",
    "norm": "normalization", "eps": "epsilon", "decay": "lr_decay", "images": "num_train",
}  # fmt: skip
"""Settings under names that other programs give them."""
SHORTCUTS = {"--dataset": "data.dataset", "--seed": "seed", "--replicates": "replicates", "--vary": "vary"} | {
    "--diagnostics": "diagnostics",
    "--engine": "engine",
    "--device": "device",
    "--convention": "convention",
}
"""The options that stand for a setting in all studies."""


class Form(Protocol):
    """What may stand in a settings file: a study's settings, or other ones.

    VARIED: those that aren't the file's to set, each with the setting that says how it is chosen.
    """

    @property
    def Settings(self) -> type[Any]: ...  # noqa: N802

    @property
    def VARIED(self) -> Mapping[str, str]: ...  # noqa: N802


@dataclass(frozen=True)
class Override:
    """A value for the setting at `key` ('net.reg'); `origin` is how errors name it ('-s net.reg', '--seed')."""

    key: str
    value: Any
    origin: str


@dataclass(frozen=True)
class Loaded:
    """A study's checked settings; those of its shipped file alone; and by key, for each that was set at all, who set it
    last."""

    settings: CommonSettings
    shipped: CommonSettings
    origins: Mapping[str, str]


def load_settings(study: Study, experiment: str, config: Path | None = None, overrides: Iterable[Override] = ()) -> Loaded:
    """The settings of a study: its shipped file, then the config file, then the overrides in their order.

    Raises SettingsError with a line for each thing that is wrong.
    """
    shipped = {leaf.key: leaf for leaf in leaves(read(shipped_file(experiment)), experiment)}
    given = leaves(read(config), config.name) if config is not None else []
    merged = merge(study, shipped, [*given, *overrides])
    origins = {key: override.origin for key, override in merged.items()}
    return Loaded(build(study.Settings, merged), build(study.Settings, shipped), origins)


def merge(form: Form, shipped: Mapping[str, Override], given: Iterable[Override]) -> dict[str, Override]:
    """The values that are given, over those shipped, by their dotted keys; the last one counts.

    Raises SettingsError with a line for each one that isn't allowed.
    """
    known, problems, merged = known_settings(form), [], dict(shipped)
    for override in (leaf for each in given for leaf in expanded(each)):
        problem = _refusal(override, known, form) or _wrong_value(override, known[override.key], shipped)
        if problem:
            problems.append(problem)
        else:
            merged[override.key] = override
    if problems:
        raise SettingsError("\n".join(dict.fromkeys(problems)))
    return merged


def parse_set(text: str) -> Override:
    """`key.path=value` as it stands after `-s`; the value is read as YAML. Raises SettingsError if it isn't that."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingsError(f"-s {text!r} is no setting: write it as key.path=value, for instance -s net.reg=0.1")
    return Override(key.strip(), parse(value, f"-s {key.strip()}"), f"-s {key.strip()}")


def flags(study: Study) -> dict[str, str]:
    """The options that stand for settings, by the settings' keys: those of all studies, and the study's own."""
    return {option.key: option.flag for option in study.OPTIONS} | {key: flag for flag, key in SHORTCUTS.items()}


def shipped_file(experiment: str) -> Path:
    """Where the settings file lies: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "experiments" / experiment
    return installed if installed.exists() else package.parent / "experiments" / experiment


def leaves(tree: Mapping[str, Any], origin: str = "") -> list[Override]:
    """The values of a nested mapping, each under its dotted key. origin: the file they stand in."""
    named = f"{origin}: " if origin else ""
    return [leaf for key, value in tree.items() for leaf in expanded(Override(str(key), value, f"{named}{key}"))]


def known_settings(study: Form) -> dict[str, Setting]:
    """The settings that the study has and doesn't vary itself, by their dotted keys, in the order of its dataclasses."""
    return {key: setting for key, setting in all_settings(study).items() if key not in study.VARIED}


def all_settings(study: Form) -> dict[str, Setting]:
    """The settings that the study has, by their dotted keys, those included that its arms take over."""
    return _settings(study.Settings)


def _settings(owner: Any, prefix: str = "") -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for setting in settings_of(owner):
        if is_dataclass(setting.kind):
            found |= _settings(setting.kind, f"{prefix}{setting.name}.")
        else:
            found[prefix + setting.name] = setting
    return found


def expanded(override: Override) -> list[Override]:
    """A value is itself; a section is what stands in it, so that the rest of the section stays as it was."""
    if not isinstance(override.value, dict):
        return [override]
    return [
        leaf
        for key, value in override.value.items()
        for leaf in expanded(Override(f"{override.key}.{key}", value, f"{override.origin}.{key}"))
    ]


def _refusal(override: Override, known: Mapping[str, Setting], study: Form) -> str | None:
    """What is wrong with the override's key, or with its value as a text; or None."""
    if isinstance(override.value, str) and not override.value.isprintable():
        return f"{override.origin}: {override.value!a} is no plain text: give printable characters"
    if override.key in study.VARIED:
        return f"{override.origin}: this study varies {override.key} itself: set {study.VARIED[override.key]} instead"
    if override.key in known:
        return None
    if inside := [key for key in known if key.startswith(f"{override.key}.")]:
        wrong = f"{override.origin}: {shown(override.value)} is not allowed: it must be a mapping"
        return f"{wrong}; set what is in it: {', '.join(inside)}"
    return f"{override.origin}: {unknown_key(override.key, known, study)}"


def unknown_key(key: str, known: Iterable[str], study: Form) -> str:
    """That there is no such setting, and which one of the study may be meant, or which are known."""
    near = suggested_key(study, key)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
    return f"there is no setting {key}: {hint}"


def suggested_key(study: Form, name: str) -> str | None:
    """The setting that may be meant by a word such as 'lr', 'solver.lr' or 'batch-size'; for one that the study varies, the
    setting that says how."""
    every = all_settings(study)
    *section, last = name.lower().replace("-", "_").split(".")
    named = {key: key.rpartition(".")[2] for key in every}
    last = last if last in named.values() else ALSO_CALLED.get(last, last)
    found = [key for key in named if named[key] == last]
    found = found or difflib.get_close_matches(".".join([*section, last]), every, n=1, cutoff=0.75)
    found = found or [
        key for key in named if named[key] in difflib.get_close_matches(last, named.values(), n=1, cutoff=0.75)
    ]
    return study.VARIED.get(found[0], found[0]) if found else None


def _wrong_value(override: Override, setting: Setting, shipped: Mapping[str, Override]) -> str | None:
    """What is wrong with the override's value, and what the study itself has there; or None."""
    try:
        normal(override.value, setting)
        return None
    except ValueError as error:
        own = shipped.get(override.key)
        remedy = "" if own is None or own.value is None else f"; the study's own is {shown(own.value)}"
        return f"{override.origin}: {error}{remedy}"


def build(owner: Any, merged: Mapping[str, Override]) -> Any:
    """The dataclass with the values that are given by their dotted keys. Raises SettingsError for one that has to be given
    and isn't, and where values don't go together."""
    values: dict[str, Any] = {}
    hints = get_type_hints(owner)
    for field in fields(owner):
        section = f"{field.name}."
        inside = {key.removeprefix(section): each for key, each in merged.items() if key.startswith(section)}
        if is_dataclass(hints[field.name]):
            values[field.name] = build(hints[field.name], inside)
        elif field.name in merged:
            values[field.name] = merged[field.name].value
        elif field.default is MISSING and field.default_factory is MISSING:
            raise SettingsError(
                f"the setting {owner.section}.{field.name} is missing: give it with -s or in a settings file"
            )
    return owner(**values)
