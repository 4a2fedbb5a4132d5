"""Small settings files of one training, and trainings of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnlab.fullsize.job import Job, make_job
from bnlab.studies.settings import parse_set

MLP = """
data: {dataset: synthetic, num_train: 60, num_val: 50}
net: {hidden_dims: [8, 6], normalization: batchnorm, weight_scale: 0.1}
solver: {update_rule: adam, learning_rate: 1e-2, lr_decay: 0.9, batch_size: 20, num_epochs: 4}
"""
CNN = """
data: {dataset: synthetic, num_train: 60, num_val: 50}
net: {model: cnn, num_filters: 4, filter_size: 3, hidden_dim: 6, normalization: spatial_batchnorm, weight_scale: 0.1}
solver: {update_rule: rmsprop, learning_rate: 1e-3, batch_size: 20, num_epochs: 3}
"""


@pytest.fixture
def settings_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a settings file."""

    def settings_file(text: str = MLP, name: str = "tiny.yaml") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return settings_file


@pytest.fixture
def job(settings_file: Any) -> Callable[..., Job]:
    """A small training; settings can be given as after -s."""

    def job(*sets: str, text: str = MLP) -> Job:
        return make_job(settings_file(text), map(parse_set, sets))

    return job


@pytest.fixture
def idx_folder(tmp_path: Path) -> Callable[..., Path]:
    """A folder with images in Fashion-MNIST's layout, of the given numbers of training and test images."""

    def write_idx(path: Path, array: Any) -> None:
        header = bytes((0, 0, 8, array.ndim)) + b"".join(size.to_bytes(4, "big") for size in array.shape)
        path.write_bytes(header + array.astype(np.uint8).tobytes())

    def idx_folder(train: int = 1060, test: int = 30, name: str = "idx", size: int = 6) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        random = np.random.RandomState(5)
        for kind, count in (("train", train), ("t10k", test)):
            write_idx(folder / f"{kind}-images-idx3-ubyte", random.randint(0, 256, (count, size, size)))
            write_idx(folder / f"{kind}-labels-idx1-ubyte", random.randint(0, 10, count))
        return folder

    return idx_folder
