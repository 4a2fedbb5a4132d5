"""What `bnlab train` is asked to do: its settings, its images, its run, and where the results go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnlab.data import DEFAULT, Dataset, load
from bnlab.engines import solver_builder
from bnlab.fullsize.settings import Settings, load_training
from bnlab.runs.spec import DataSpec, RunSpec
from bnlab.studies.folders import folder_name, safe_name
from bnlab.studies.settings import Override

ROOM = "train"
"""The folder in the results folder that holds a folder per training."""


@dataclass(frozen=True)
class Job:
    """A training. file: its settings file; changed: the settings, by key, that differ from it; spec: the run, with the
    numbers of images in place of 'all'."""

    file: Path
    settings: Settings
    changed: Mapping[str, Any]
    spec: RunSpec
    dataset: Dataset

    @property
    def folder(self) -> str:
        """Where its results lie in the results folder: named by the file, and by what differs from it."""
        return f"{ROOM}/{folder_name(safe_name(self.file.stem, self.file.stem), DEFAULT, self.changed)}"


def make_job(file: Path, overrides: Iterable[Override] = (), folders: Sequence[Path] = ()) -> Job:
    """Check the settings, and read the images for training and validation; those for test stay unread.

    Raises SettingsError or DataError; writes nothing.
    """
    settings, changed = load_training(file, overrides)
    solver_builder(settings.engine)  # better now than in the folder of its results
    own = settings.data
    dataset = load(own.dataset, folders, own.num_train, num_val=own.num_val, size=own.size)
    settings.net.check_image(dataset.x_train.shape[1:])
    counts = len(dataset.x_train), dataset.fingerprint, len(dataset.x_val)
    data = DataSpec(own.dataset, *counts, num_classes=dataset.num_classes, size=own.size)
    spec = RunSpec(data, settings.net, settings.solver.of_run, settings.seed, dtype=settings.dtype, engine=settings.engine)
    return Job(file, settings, changed, spec, dataset)
