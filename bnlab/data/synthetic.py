"""Images made on the spot, for quick trials without any files: one pattern for each class, seen through noise.

A pixel is one quarter pattern and three quarters noise, so that even the best possible classifier gets only about four
fifths right. All is computed in integers, so the images are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bnlab.data.dataset import Dataset
from bnlab.data.description import Description
from bnlab.data.faults import NUM_CLASSES, wanted

SEED = 231
SHAPE = (1, 8, 8)
NUM_TRAIN, NUM_VAL, NUM_TEST = 4_000, 1_000, 1_000


def load(_folders: Sequence[Path], num_train: int | None, num_test: int | None, _num_val: int | None = None) -> Dataset:
    """See `bnlab.data.load`; no folder is searched, and the validation images are always the same."""
    count = wanted("training", "synthetic", num_train, NUM_TRAIN)
    tested = wanted("test", "synthetic", num_test, NUM_TEST)
    random = np.random.RandomState(SEED)
    total = NUM_TRAIN + NUM_VAL + NUM_TEST
    patterns = random.randint(0, 256, (NUM_CLASSES, *SHAPE), dtype=np.uint16)
    y = random.randint(0, NUM_CLASSES, total, dtype=np.int64)
    noise = random.randint(0, 256, (total, *SHAPE), dtype=np.uint16)
    x = ((patterns[y] + 3 * noise) // 4).astype(np.uint8)
    test = NUM_TRAIN + NUM_VAL
    return Dataset(
        x_train=x[:count],
        y_train=y[:count],
        x_val=x[NUM_TRAIN:test],
        y_val=y[NUM_TRAIN:test],
        x_test=x[test : test + tested],
        y_test=y[test : test + tested],
        mean=x[:NUM_TRAIN].sum(axis=0, dtype=np.int64) / NUM_TRAIN,
    )


def describe(_folders: Sequence[Path]) -> Description:
    """See `bnlab.data.describe`."""
    source = f"{NUM_CLASSES} random patterns under noise, seed {SEED}; no licence needed"
    return Description("synthetic", True, "made on the spot", source, SHAPE, NUM_TRAIN, NUM_VAL, NUM_TEST)
