"""All that `bnlab reproduce` does, planned as a whole: the studies and their further forms, as the registry has them, the
published numbers, and the gradients. A run that several studies share is in the plan once.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bnlab.errors import SettingsError, did_you_mean
from bnlab.published import verify
from bnlab.published.groups import GROUPS
from bnlab.report import gradients
from bnlab.runs.spec import RunSpec
from bnlab.studies import STUDIES, Form, StudyEntry
from bnlab.studies.asked import settings_as_options
from bnlab.studies.plan import StudyPlan, make_plan
from bnlab.studies.settings import Override
from bnlab.studies.study import load_study

VERIFY, GRADCHECK = "verify", "gradcheck"
OF_THE_ENGINE = ("engine", "device", "convention")
"""The settings that the published training logs are computed with too."""
PARTS = (*(entry.name for entry in STUDIES), VERIFY, GRADCHECK)
"""What can be done alone, by name."""


@dataclass(frozen=True)
class Reproduction:
    """studies: the plans by name, such as 'compare --norm layernorm'. verify: None if it isn't asked for."""

    studies: Mapping[str, StudyPlan]
    verify: verify.VerifyPlan | None
    gradcheck: bool

    @property
    def runs(self) -> list[RunSpec]:
        """All runs, in order, each once."""
        return list({run.name: run for _, runs, _ in self._parts() for run in runs}.values())

    @property
    def labels(self) -> dict[str, str]:
        """The first study and arm of each run, by the run's name."""
        found: dict[str, str] = {}
        for name, _, labels in self._parts():
            found = {run: f"{name}: {label}" for run, label in labels.items()} | found
        return found

    @property
    def folders(self) -> list[str]:
        """The folders that are written in the results folder."""
        others = {verify.FOLDER: self.verify is not None, gradients.FOLDER: self.gradcheck}
        return [plan.folder for plan in self.studies.values()] + [folder for folder, asked in others.items() if asked]

    def _parts(self) -> Iterator[tuple[str, list[RunSpec], dict[str, str]]]:
        for name, plan in self.studies.items():
            yield name, plan.runs, plan.labels
        if self.verify is not None:
            yield VERIFY, self.verify.runs, self.verify.labels


def plan_all(only: Sequence[str], overrides: Iterable[Override], folders: Sequence[Path]) -> Reproduction:
    """Plan all parts, or those named in `only`. overrides: of the settings of all studies.

    Raises SettingsError for a part that there isn't, and as `make_plan` does.
    """
    parts = _chosen(only)
    given = [*overrides]
    studies = {
        name: make_plan(entry, None, [*_overrides(form), *given], folders)
        for entry in STUDIES
        if entry.name in parts
        for name, form in _forms(entry).items()
    }
    engine = {each.key: each.value for each in given if each.key in OF_THE_ENGINE}
    verification = verify.make_plan([*GROUPS], folders, engine) if VERIFY in parts else None
    return Reproduction(studies, verification, GRADCHECK in parts)


def _chosen(only: Sequence[str]) -> Collection[str]:
    for name in only:
        if name not in PARTS:
            hint = did_you_mean(name, PARTS)
            raise SettingsError(f"--only {name}: there is nothing called that: choose from {', '.join(PARTS)}{hint}")
    return only or PARTS


def _forms(entry: StudyEntry) -> dict[str, Form | None]:
    """The study as its file has it, and its further forms, each by the words of its command."""
    study = load_study(entry.module)
    named = {f"{entry.name} {shlex.join(settings_as_options(study, form.settings))}": form for form in entry.forms}
    return {entry.name: None, **named}


def _overrides(form: Form | None) -> list[Override]:
    return [Override(key, value, key) for key, value in form.settings.items()] if form else []
