"""The published numbers as data, read from `numbers.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

PublishedFacts = dict[str, Any]
"""The published numbers of one group, or a part of them."""


@lru_cache
def numbers() -> PublishedFacts:
    """The whole file: the numbers in `groups`, how near to them we must come in `tolerances`, the logs' `training`."""
    document: PublishedFacts = yaml.safe_load(Path(__file__).with_name("numbers.yaml").read_text(encoding="utf-8"))
    return document


def notebook_stream() -> np.random.RandomState:
    """A fresh copy of the stream that every computation starts with."""
    return np.random.RandomState(231)
