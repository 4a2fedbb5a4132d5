"""The published facts, for a test to change, and images that pass for CIFAR-10's own."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnlab.published.facts import numbers

RECORD = 3073


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The published numbers, for this test alone."""
    for key, value in copy.deepcopy(numbers()).items():
        monkeypatch.setitem(numbers(), key, value)
    return numbers()


@pytest.fixture
def made_images(facts: Any, tmp_path: Path) -> Callable[..., Path]:
    """A folder with so many random images, whose first 1,000 are taken for CIFAR-10's; 1,000 validation images included."""

    def made_images(count: int = 2000) -> Path:
        records = np.random.RandomState(0).randint(0, 256, (count, RECORD), dtype=np.uint8)
        records[:, 0] %= 10
        folder = tmp_path / "made"
        folder.mkdir()
        (folder / "data_batch_1.bin").write_bytes(records.tobytes())
        facts["training"]["first_images"] = hashlib.sha256(records[:1000].tobytes()).hexdigest()
        return folder

    return made_images
