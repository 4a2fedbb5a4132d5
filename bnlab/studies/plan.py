"""From a study's name to the runs that it takes: its settings, its images, its arms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bnlab.data import DATASETS
from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim, Contrast, contrasts
from bnlab.evidence.judge import Finding, curves, judge
from bnlab.evidence.looks import Look, looks_up_to, one_look
from bnlab.lab.images import read
from bnlab.lab.store import Store
from bnlab.runs.fields import plain
from bnlab.runs.history import Failure, History
from bnlab.runs.spec import DataSpec, RunSpec
from bnlab.studies import StudyEntry
from bnlab.studies.claims_file import check_testable
from bnlab.studies.folders import DATASET, folder_name
from bnlab.studies.settings import Loaded, Override, leaves, load_settings
from bnlab.studies.study import Arm, CommonSettings, Result, Study, load_study

REPLICATES = "replicates"
"""The setting that no folder names: more replicates are the same study."""


@dataclass(frozen=True)
class StudyPlan:
    """A study with its settings, and the runs it takes.

    changed: the settings that differ from its own file, by key. claims: its own and the user's. looks: when the claims are
    looked at; the arms have the replicates of the last look. folders: where data sets that come as files were looked for.
    """

    entry: StudyEntry
    study: Study
    settings: CommonSettings
    data: DataSpec
    arms: tuple[Arm, ...]
    changed: Mapping[str, Any]
    claims: tuple[Claim, ...]
    looks: tuple[Look, ...]
    folders: tuple[Path, ...] = ()

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
        named = self.study.IN_FOLDER | {DATASET, REPLICATES}
        others = {key: value for key, value in self.changed.items() if key not in named}
        return folder_name(self.study.folder(self.settings), self.settings.data.dataset, others)

    @property
    def curves(self) -> dict[str, list[float]]:
        """The values of x of each curve, ascending, by its label; none for an arm that is no part of a sweep."""
        xs: dict[str, list[float]] = {arm.curve: [] for arm in self.arms}
        for arm in self.arms:
            if arm.x is not None:
                xs[arm.curve].append(arm.x)
        return {curve: sorted(each) for curve, each in xs.items()}

    @property
    def contrasts(self) -> list[Contrast]:
        """What is tested: the claims on the curves that there are."""
        by_key = {leaf.key: leaf.value for leaf in leaves(plain(self.settings))}
        return contrasts(self.claims, self.curves, by_key)

    def at(self, look: Look) -> StudyPlan:
        """The plan as far as this look."""
        settings = replace(self.settings, replicates=look.replicates)
        changed = {**self.changed, REPLICATES: look.replicates} if REPLICATES in self.changed else self.changed
        return replace(self, settings=settings, arms=tuple(self.study.arms(settings, self.data)), changed=changed)


def make_plan(
    entry: StudyEntry,
    config: Path | None = None,
    overrides: Iterable[Override] = (),
    folders: Sequence[Path] = (),
    claims: Sequence[Claim] = (),
    most: int | None = None,
    study: Study | None = None,
) -> StudyPlan:
    """Check the settings and the images, and list the runs. Raises SettingsError or DataError; writes nothing.

    claims: besides the study's own. most: look at the claims several times, and add replicates up to so many.
    study: without it, the one that the entry names.
    """
    study = study or load_study(entry.module)
    overrides = [*overrides]
    loaded = load_settings(study, entry.experiment, config, overrides)
    if most is not None:
        _check_replicates_are_free(loaded, entry)
        loaded = load_settings(
            study, entry.experiment, config, [*overrides, Override(REPLICATES, most, "--max-replicates")]
        )
    settings = loaded.settings
    data = read_images(getattr(study, "images", lambda own: own)(settings), folders)
    looks = one_look(settings.replicates) if most is None else looks_up_to(most)
    arms = tuple(study.arms(settings, data))
    changed = _changed(settings, loaded.shipped)
    plan = StudyPlan(entry, study, settings, data, arms, changed, (*study.CLAIMS, *claims), looks, tuple(folders))
    check_testable(claims, plan.curves)
    return plan


def _check_replicates_are_free(loaded: Loaded, entry: StudyEntry) -> None:
    """Refuse a number of replicates that somebody set, where the looks choose it."""
    origin = loaded.origins.get(REPLICATES, entry.experiment)
    if not origin.startswith(entry.experiment):
        raise SettingsError(
            f"{origin} is not allowed with --until-decided, which adds replicates: give --max-replicates instead"
        )


def judged(plan: StudyPlan, results: Sequence[Result]) -> list[Finding]:
    """What the results so far say about the claims: at the looks that there are replicates for."""
    reached = [look for look in plan.looks if look.replicates <= plan.settings.replicates]
    return judge(plan.contrasts, curves(result.runs for result in results), reached)


def read_images(settings: CommonSettings, folders: Sequence[Path]) -> DataSpec:
    """The images that the runs need, read once. Raises DataError, and SettingsError where none are left to vary."""
    own, drawn = settings.data, settings.vary == "images"
    images = read(own.dataset, None if drawn else own.num_train, own.num_val, folders, own.size)
    settings.net.check_image(images.x_train.shape[1:])
    there = len(images.x_train)
    if drawn and own.num_train >= there:
        raise SettingsError(
            f"vary: images is not allowed with data.num_train {own.num_train:,}: {own.dataset} has {there:,} training "
            f"images in all, so each replicate would have the same ones; set data.num_train below {there:,}"
        )
    which = "drawn" if drawn else "first"
    num_val = own.num_val if own.dataset in DATASETS else len(images.x_val)  # else None would mean as many as there are
    return DataSpec(own.dataset, own.num_train, images.fingerprint, num_val, which, images.num_classes, own.size)


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
