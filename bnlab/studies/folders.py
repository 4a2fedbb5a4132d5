"""Where a study's results lie. The folder of the faithful study is never written by a variation of it: a variation's folder
says in its name what differs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from bnlab.data import DEFAULT

LONGEST = 60
"""Characters that say what differs. A longer list is cut, and ends in a hash of all of it."""
DATASET = "data.dataset"


def folder_name(base: str, dataset: str, changed: Mapping[str, Any]) -> str:
    """`compare-batchnorm`, `compare-batchnorm-cifar10`, `compare-batchnorm-reg-0.1`.

    base: the faithful study's own name. changed: the settings that differ from the study's file, by key, but for the
    data set and those that the base names. Two different lists never get one name, on any file system.
    """
    where = base if dataset == DEFAULT else f"{base}-{dataset}"
    if not changed:
        return where
    names = [key.rpartition(".")[2] for key in changed]
    text = "-".join(_said(key.rpartition(".")[2], value) for key, value in sorted(changed.items()))
    return f"{where}-{safe_name(text, changed, exact=len(set(names)) == len(names))}"


def _said(name: str, value: Any) -> str:
    """A setting as folders name it: `reg-0.1`; a flag alone, `diagnostics`, for true."""
    return name if value is True else f"{name}-{value_in_name(value)}"


def safe_name(text: str, content: Any, exact: bool = True) -> str:
    """The text as a part of a name: lower case, digits, dots, dashes and underscores, not too long.

    It ends in a hash of the content, which must be plain values, where it lost something, or where the text isn't exact:
    another content could have it.
    """
    safe = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-.")
    if safe == text and len(safe) <= LONGEST and exact:
        return safe
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]
    cut = safe if len(safe) <= LONGEST else safe[: LONGEST + 1].rpartition("-")[0]
    return f"{cut[:LONGEST].rstrip('-.')}-{digest}"


def value_in_name(value: Any) -> str:
    """A value as names have it."""
    if isinstance(value, list | tuple):
        return "-".join(map(value_in_name, value))
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return short.replace("e+", "e")
