"""YAML as settings files use it: safe, and with numbers like 1e-3, which YAML 1.1 takes for strings, read as numbers; and
values as YAML.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from bnlab.errors import SettingsError

SETTINGS_FILE = "settings file", "seed: 231"
KINDS = {"--config": SETTINGS_FILE, "FILE": SETTINGS_FILE, "--claims": ("claims file", "claims: [...]")}
"""The files by the options, or the arguments, that name them, and how one may begin."""
REMEDIES = {
    yaml.constructor.ConstructorError: "give plain values, and each key once",
    yaml.YAMLError: "quote texts, and put a space after each colon",
}


class _Loader(yaml.SafeLoader):
    """The safe loader with the floats of YAML 1.2, and no key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        own = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(key, deep=True) for key in own]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice!r} stands there twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def read(path: Path, option: str = "--config") -> dict[str, Any]:
    """The mapping in a file that the option names. Raises SettingsError if it can't be read, isn't YAML or isn't a
    mapping."""
    what, beginning = KINDS[option]
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{what} {path}: {error.strerror}; give {option} a YAML file that can be read") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{what} {path} is no text in UTF-8: give {option} a YAML file") from error
    document = parse(text, f"{what} {path}")
    if document is None:
        return {}
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise SettingsError(f"{what} {path} holds a {kind}: it must be a mapping, such as '{beginning}'")
    return document


def parse(text: str, what: str) -> Any:
    """The value of a YAML text; `what` names it in errors. Raises SettingsError if it doesn't parse."""
    try:
        document = yaml.load(text, _Loader)
        # Settings are trees of plain values: none holds itself, no key is a list, and texts are Unicode.
        json.dumps(document, default=str, ensure_ascii=False).encode()
        return document
    except Exception as error:  # a tag can make PyYAML raise nearly anything
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        remedy = next((text for kind, text in REMEDIES.items() if isinstance(error, kind)), "give plain values")
        raise SettingsError(f"{what} is not YAML as settings use it{where}: {problem}; {remedy}") from error


def as_yaml(value: Any) -> str:
    """One value as YAML, on one line."""
    plain = [*value] if isinstance(value, tuple) else value
    text: str = yaml.safe_dump(plain, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def dumped(document: Any) -> str:
    """A mapping of plain values as a YAML file, in its own order."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text
