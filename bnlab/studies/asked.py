"""What a plan asks: its title and its question in words, and the command that asks it again."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bnlab.report.text import for_readers
from bnlab.studies import SWEEP, StudyEntry
from bnlab.studies.axes import value_text
from bnlab.studies.folders import DATASET
from bnlab.studies.plan import REPLICATES, StudyPlan
from bnlab.studies.settings import flags
from bnlab.studies.study import Study, load_study
from bnlab.studies.yaml_files import as_yaml

PROGRAM = "bnlab"
MOST_NAMED = 5
"""Curves, or settings, that a title names one by one."""
FOLLOWING = re.compile(r" at [\d.e+-]+$| \([^()]*\)$")
"""What follows the name of a curve: ' at 0.005', ' (8 groups)'."""
NOT_IN_TITLES = (DATASET, REPLICATES, "seed")


def description(entry: StudyEntry) -> str:
    """The docstring of the study's module, on one line."""
    load_study(entry.module)
    return " ".join((sys.modules[entry.module].__doc__ or "").split())


def question(plan: StudyPlan) -> str:
    """What the study asks: its own words, or the first paragraph of its module's docstring, without marks."""
    own: str | None = getattr(plan.study, "QUESTION", None)
    if own is not None:
        return own
    first, _, _ = (sys.modules[plan.entry.module].__doc__ or "").partition("\n\n")
    return " ".join(first.replace("`", "").split())


def title(plan: StudyPlan) -> str:
    """What the study is about, what it compares, and what is not as in its own file: 'Batch size: batchnorm and layernorm'.

    Replicates aren't told, nor is the seed, which is the same for most studies of a folder.
    """
    topic = plan.entry.title or plan.study.AXIS.capitalize()
    curves = _short([for_readers(curve) for curve in plan.curves])
    compared = f": {_listed(curves)}" if len(curves) > 1 else ""
    differs = [*_differs(plan)]
    return topic + compared + (f" ({_listed(differs)})" if differs else "")


def _short(curves: Sequence[str]) -> Sequence[str]:
    """The curves' names without what follows them, a rate or a remark in brackets, if that tells them apart."""
    short = [FOLLOWING.sub("", curve) for curve in curves]
    return short if len({*short}) == len(curves) else curves


def _listed(items: Sequence[str]) -> str:
    """'a, b and c'; of many, the first few and how many more."""
    named = items if len(items) <= MOST_NAMED else [*items[: MOST_NAMED - 1], f"{len(items) - MOST_NAMED + 1} more"]
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def _differs(plan: StudyPlan) -> Iterator[str]:
    """The settings that aren't the study's own, less those of its arms that the names of the curves show."""
    if DATASET in plan.changed:
        yield f"on {plan.settings.data.dataset}"
    for key, value in plan.changed.items():
        section, _, last = key.rpartition(".")
        if value is True:
            yield last.replace("_", " ")
        elif section != "arms" and key not in NOT_IN_TITLES:
            yield f"{last.replace('_', ' ')} {value_text(value)}"


def command(plan: StudyPlan) -> str:
    """The command that makes the study again, quoted for a shell.

    It gives the settings that differ from the study's file, however they were given: by options where there are some, else
    by -s. A file of claims stands there as FILE, and folders not at all, since they may be others elsewhere.
    """
    return shlex.join([PROGRAM, *_words(plan)])


def _words(plan: StudyPlan) -> Iterator[str]:
    yield from plan.entry.name.split()
    if plan.entry is SWEEP:
        yield from plan.study.words  # type: ignore[attr-defined]
    looks, changed = plan.looks, dict(plan.changed)
    if len(looks) > 1:  # then the replicates are what was enough
        changed.pop(REPLICATES, None)
    yield from settings_as_options(plan.study, changed)
    if len(looks) > 1:
        yield from ("--until-decided", "--max-replicates", str(looks[-1].replicates))
    if plan.claims != plan.study.CLAIMS:
        yield from ("--claims", "FILE")


def settings_as_options(study: Study, changed: Mapping[str, Any]) -> Iterator[str]:
    """Settings, by their keys, as the words of a command: by options where there are some, these first, else by -s."""
    named = {key: flag for key, flag in flags(study).items() if _fits(changed.get(key))}
    for key, flag in named.items():
        yield from _option(flag, changed[key])
    for key, value in changed.items():
        if key not in named:
            yield from ("-s", f"{key}={as_yaml(value)}")


def _fits(value: Any) -> bool:
    """Whether there is a value, and one that an option can give: not null, false or an empty list."""
    return value not in (None, False, ())


def _option(flag: str, value: Any) -> Iterator[str]:
    if value is True:
        yield flag
        return
    for each in value if isinstance(value, tuple) else (value,):
        yield from (flag, str(each))
