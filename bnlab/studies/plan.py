"""From a study's name to the runs that it takes: its settings, its images, its arms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnlab.lab.images import read
from bnlab.lab.store import Store
from bnlab.runs.fields import plain
from bnlab.runs.history import Failure, History
from bnlab.runs.spec import DataSpec, RunSpec
from bnlab.studies import StudyEntry
from bnlab.studies.folders import DATASET, folder_name
from bnlab.studies.settings import Override, leaves, load_settings
from bnlab.studies.study import Arm, CommonSettings, Result, Study, load_study


@dataclass(frozen=True)
class StudyPlan:
    """A study with its settings, and the runs it takes. changed: the settings that differ from its own file, by key."""

    entry: StudyEntry
    study: Study
    settings: CommonSettings
    arms: tuple[Arm, ...]
    changed: Mapping[str, Any]

    @property
    def runs(self) -> list[RunSpec]:
        """All runs of all arms, in order, each once."""
        return list({run.name: run for arm in self.arms for run in arm.runs}.values())

    @property
    def labels(self) -> dict[str, str]:
        """The label of each run's arm, by the run's name."""
        return {run.name: arm.label for arm in reversed(self.arms) for run in arm.runs}

    @property
    def folder(self) -> str:
        """The name of the study's results folder."""
        others = {key: value for key, value in self.changed.items() if key not in self.study.IN_FOLDER and key != DATASET}
        return folder_name(self.study.folder(self.settings), self.settings.data.dataset, others)


def make_plan(
    entry: StudyEntry, config: Path | None = None, overrides: Iterable[Override] = (), folders: Sequence[Path] = ()
) -> StudyPlan:
    """Check the settings and the images, and list the runs. Raises SettingsError or DataError; writes nothing."""
    study = load_study(entry.module)
    loaded = load_settings(study, entry.experiment, config, overrides)
    settings = loaded.settings
    images = read(settings.data.dataset, settings.data.num_train, settings.data.num_val, folders)
    data = DataSpec(settings.data.dataset, settings.data.num_train, images.fingerprint, settings.data.num_val)
    settings.net.check_image(images.x_train.shape[1:])
    return StudyPlan(entry, study, settings, tuple(study.arms(settings, data)), _changed(settings, loaded.shipped))


def results(plan: StudyPlan, store: Store) -> list[Result]:
    """How the runs of each arm ended, as the store has it; a run that isn't there is left out."""
    loaded = []
    for arm in plan.arms:
        ended = [store.read(run) for run in arm.runs]
        histories = tuple(each for each in ended if isinstance(each, History))
        loaded.append(Result(arm, histories, tuple(each for each in ended if isinstance(each, Failure))))
    return loaded


def _changed(settings: CommonSettings, shipped: CommonSettings) -> dict[str, Any]:
    own = {leaf.key: leaf.value for leaf in leaves(plain(shipped))}
    return {leaf.key: leaf.value for leaf in leaves(plain(settings)) if leaf.value != own[leaf.key]}
