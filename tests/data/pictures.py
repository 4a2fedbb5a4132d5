"""Small folders of pictures, made by Pillow, for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def pixels(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    """Random bytes: (count, *shape)."""
    return np.random.RandomState(seed).randint(0, 256, (count, *shape), dtype=np.uint8)


def make_folder(folder: Path, classes: Mapping[str, int], *shape: int, suffix: str = ".png") -> Path:
    """So many pictures of each class, (H, W) grey or (H, W, 3); the names of the files count from 0."""
    for seed, (name, count) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True)
        for i, each in enumerate(pixels(count, *(shape or (5, 4, 3)), seed=seed)):
            Image.fromarray(each).save(folder / name / f"{i}{suffix}")
    return folder
