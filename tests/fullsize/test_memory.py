"""Images stay bytes while a net trains on them: no step, and no check, makes floats of all of them at once."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from bnlab.data.dataset import Dataset
from bnlab.fullsize.train import train

COUNT, SIZE = 12_000, 1024
FLOATS = COUNT * SIZE * 8


@pytest.mark.parametrize("samples", [100, COUNT // 2, COUNT], ids=["few", "half", "all"])
def test_training_and_checks_take_little_more_than_the_bytes(samples, job, tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (COUNT, 1, 32, 32), dtype=np.uint8)
    labels = np.arange(COUNT) % 10
    dataset = Dataset(pixels, labels, pixels, labels, pixels[:0], labels[:0], np.full((1, 32, 32), 127.5))
    sets = ["dtype=float64", "net.hidden_dims=[4]", "solver.num_epochs=1", "solver.batch_size=60"]
    small = job(*sets, f"solver.num_train_samples={samples}")
    data = replace(small.spec.data, num_train=COUNT, num_val=COUNT)
    large = replace(small, spec=replace(small.spec, data=data), dataset=dataset)
    tracemalloc.start()
    solver = train(large, tmp_path, 1).solver
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert solver.t == COUNT // 60
    assert peak < FLOATS / 8
