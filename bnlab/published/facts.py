"""The published numbers as data: what stands in `numbers.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

PublishedFacts = dict[str, Any]
"""What is printed of one group, or a part of it."""


@lru_cache
def numbers() -> PublishedFacts:
    """The whole file: `groups` by name, how near ours must come in `judged`, what the logs were made with in `training`."""
    document: PublishedFacts = yaml.safe_load(Path(__file__).with_name("numbers.yaml").read_text(encoding="utf-8"))
    return document


def notebook_stream() -> np.random.RandomState:
    """The stream that every computation begins with, fresh."""
    return np.random.RandomState(231)
