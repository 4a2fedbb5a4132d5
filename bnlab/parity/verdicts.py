"""A study's claims on each engine: whether the verdicts agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnlab.errors import SettingsError, did_you_mean
from bnlab.lab.files import finite_or_none
from bnlab.lab.store import Store
from bnlab.parity.trainings import OURS
from bnlab.studies import STUDIES
from bnlab.studies.plan import StudyPlan, judged, make_plan, results
from bnlab.studies.settings import Override

KNOWN = {entry.name: entry for entry in STUDIES}


@dataclass(frozen=True)
class Compared:
    """A claim, and for each engine its verdict, the mean of what the claim is about, and the interval's ends."""

    text: str
    verdicts: Mapping[str, str]
    means: Mapping[str, float]
    lows: Mapping[str, float]
    highs: Mapping[str, float]

    @property
    def ok(self) -> bool:
        """Whether all engines have the same verdict."""
        return len({*self.verdicts.values()}) == 1

    def to_json(self) -> dict[str, Any]:
        """By engine; numbers that aren't finite are null."""
        numbers = {"mean": self.means, "low": self.lows, "high": self.highs}
        engines = {
            engine: {"verdict": word, **{name: finite_or_none(own[engine]) for name, own in numbers.items()}}
            for engine, word in self.verdicts.items()
        }
        return {"claim": self.text, "engines": engines, "ok": self.ok}


def make_plans(
    study: str, engines: Sequence[str], overrides: Sequence[Override], folders: Sequence[Path]
) -> dict[str, StudyPlan]:
    """The study on each engine, ours first. Raises SettingsError for a study that there isn't."""
    if study not in KNOWN:
        hint = did_you_mean(study, KNOWN)
        raise SettingsError(f"--claims {study}: there is no such study: choose from {', '.join(KNOWN)}{hint}")
    return {
        engine: make_plan(KNOWN[study], None, [*overrides, Override("engine", engine, "--engine")], folders)
        for engine in (OURS, *engines)
    }


def compare(plans: Mapping[str, StudyPlan], store: Store) -> list[Compared]:
    """Every claim on every engine. The runs are stored."""
    found = {engine: judged(plan, results(plan, store)) for engine, plan in plans.items()}
    return [
        Compared(
            findings[0].contrast.text,
            {engine: each.verdict.word for engine, each in zip(found, findings, strict=True)},
            {engine: each.interval.mean for engine, each in zip(found, findings, strict=True)},
            {engine: each.interval.low for engine, each in zip(found, findings, strict=True)},
            {engine: each.interval.high for engine, each in zip(found, findings, strict=True)},
        )
        for findings in zip(*found.values(), strict=True)
    ]
