"""What the programs here share: reading a task, spreading its trainings over processes, and printing what was reached.

A task is a JSON file: `images`, a file of NumPy's with X_train, y_train, X_val and y_val; `hidden_dims`, `batch_size`,
`num_epochs` and `learning_rate`; `processes`; and `runs`, a list of [normalization, weight scale]. Here numbers are drawn
as each library's users draw them, so accuracies agree with bnlab's about as well as those of two seeds.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

Task = Mapping[str, Any]
Reached = tuple[float, float]
"""The best training and the best validation accuracy of a training."""
Train = Callable[[Task, str, float], Reached]
SEED = 231


@lru_cache
def images(path: str) -> dict[str, Any]:
    """The arrays of the file, each image a row; read once per process."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    return {name: array.reshape(len(array), -1) if name[0] == "X" else array for name, array in arrays.items()}


def read_task() -> Task:
    """The task named on the command line."""
    task: Task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return task


def in_processes(train: Train, task: Task, start: str, in_blocks: bool = False) -> list[Reached]:
    """What each training reached. start: how processes are started, 'fork' or 'spawn'. in_blocks: each process gets one
    block of runs that follow each other; else each run is handed out by itself."""
    runs, processes = task["runs"], task["processes"]
    with multiprocessing.get_context(start).Pool(processes) as pool:
        return pool.map(partial(_carry_out, train, task), runs, chunksize=-(-len(runs) // processes) if in_blocks else 1)


def _carry_out(train: Train, task: Task, run: Sequence[Any]) -> Reached:
    return train(task, *run)


def print_best(task: Task, reached: Sequence[Reached]) -> None:
    """Print the best accuracies by normalization, as JSON."""
    print(json.dumps(best(task["runs"], reached)))


def best(runs: Sequence[Sequence[Any]], reached: Sequence[Reached]) -> dict[str, dict[str, float]]:
    """The best accuracies by normalization. runs: [normalization, weight scale] of each."""
    table: dict[str, dict[str, float]] = {}
    for (normalization, _), (train, val) in zip(runs, reached, strict=True):
        row = table.setdefault(normalization, {"best_train_acc": 0.0, "best_val_acc": 0.0})
        row["best_train_acc"], row["best_val_acc"] = max(row["best_train_acc"], train), max(row["best_val_acc"], val)
    return table
