"""The files of a study's folder that not every study has: its own further figures, and the diagnostics of its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bnlab.lab.images import arrays
from bnlab.layers.types import Array
from bnlab.report.draw import draw
from bnlab.report.figure import Figure
from bnlab.report.figure_table import numbers_csv
from bnlab.studies.diagnostics import diagnostics_files
from bnlab.studies.diagnostics_figure import diagnostics_figures
from bnlab.studies.plan import StudyPlan
from bnlab.studies.study import Arm, Result

MoreFigures = Callable[[Any, Sequence[Arm], Mapping[str, Array]], dict[str, Figure]]


def own_files(plan: StudyPlan, changes: str) -> dict[str, bytes]:
    """The study's further figures and their numbers, by the names of the files. They need no run.

    changes: the settings that aren't the study's own, as its captions say them.
    """
    return _files(_more_figures(plan, changes))


def diagnosed_files(plan: StudyPlan, results: Sequence[Result], changes: str) -> dict[str, bytes]:
    """What was recorded with --diagnostics, as figures and as a table, by the names of the files; empty without."""
    return {**_files(diagnostics_figures(results, plan.study.AXIS, changes)), **diagnostics_files(results)}


def _files(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    drawn = {f"{name}.{form}": content for name, each in figures.items() for form, content in draw(each).items()}
    return {**drawn, **{f"{name}-numbers.csv": numbers_csv(each) for name, each in figures.items()}}


def _more_figures(plan: StudyPlan, changes: str) -> dict[str, Figure]:
    """What the study itself draws besides its figure."""
    more: MoreFigures | None = getattr(plan.study, "more_figures", None)
    if more is None:
        return {}
    first = plan.arms[0].runs[0]
    found = more(plan.settings, plan.arms, arrays(first, tuple(map(str, plan.folders))))
    return {name: replace(figure, caption=figure.caption + changes) for name, figure in found.items()}
