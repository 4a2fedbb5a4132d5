"""Claims of the user's own, from a YAML file: a list under `claims`, each with the fields of
`bnlab.evidence.claims.Claim`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict
from pathlib import Path
from typing import Any

from bnlab.errors import SettingsError, did_you_mean
from bnlab.evidence.claims import EACH, Claim
from bnlab.runs.fields import normal, settings_of, shown
from bnlab.studies.yaml_files import dumped, read

CLAIMS_FILE = "claims.yaml"
"""In the folder of a study whose user stated claims."""
OF_STUDIES = ("title", "subject", "when", "unless")
"""Fields for the claims of studies alone."""
SETTINGS = {setting.name: setting for setting in settings_of(Claim) if setting.name not in OF_STUDIES}
FIELDS = tuple(SETTINGS)
NEEDED = tuple(name for name, setting in SETTINGS.items() if setting.default is MISSING)


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims in the file. Raises SettingsError with a line for each thing that is wrong."""
    document = read(path, "--claims")
    rows = document.get("claims")
    if [*document] != ["claims"] or not isinstance(rows, list) or not rows:
        raise SettingsError(
            f"claims file {path} holds no claims: write a list under the one key 'claims', as the README shows"
        )
    problems = [
        f"{path.name}, claim {number}: {problem}" for number, row in enumerate(rows, start=1) for problem in _problems(row)
    ]
    if problems:
        raise SettingsError("\n".join(problems))
    return tuple(Claim(**row) for row in rows)


def claims_yaml(claims: Sequence[Claim]) -> bytes:
    """The claims as a file that `read_claims` reads. Fields that have their defaults are left out."""
    rows = [
        {
            name: [*value] if isinstance(value, tuple) else value
            for name, value in asdict(claim).items()
            if name in FIELDS and value != SETTINGS[name].default
        }
        for claim in claims
    ]
    return dumped({"claims": rows}).encode()


def _problems(row: Any) -> list[str]:
    """What is wrong with a claim, in words."""
    if not isinstance(row, dict):
        return [f"{shown(row)} is not allowed: it must be a mapping with {', '.join(NEEDED)}"]
    unknown = [
        f"there is no field {name}: there are {', '.join(FIELDS)}{did_you_mean(str(name), FIELDS)}"
        for name in row
        if name not in FIELDS
    ]
    missing = [name for name in NEEDED if name not in row]
    lacking = [f"{' and '.join(missing)} missing: give {', '.join(NEEDED)}"] if missing else []
    wrong = [problem for name in FIELDS if name in row if (problem := _problem(name, row[name]))]
    return unknown + lacking + wrong or _as_a_whole(row)


def _problem(name: str, value: Any) -> str:
    """What is wrong with the value of one field."""
    try:
        normal(value, SETTINGS[name])
    except ValueError as error:
        return f"{name}: {error}"
    return ""


def _as_a_whole(row: dict[str, Any]) -> list[str]:
    """What doesn't go together, of fields that are right by themselves."""
    try:
        Claim(**row)
    except SettingsError as error:
        return [str(error)]
    return []


def check_testable(claims: Sequence[Claim], curves: Mapping[str, Sequence[float]]) -> None:
    """Refuse claims that can't be tested on these curves, given by label with their values of x. Raises SettingsError with
    a line for each thing that is wrong."""
    problems = [
        f"claim {number}: {problem}"
        for number, claim in enumerate(claims, start=1)
        for problem in (_unknown_curves(claim, curves) or _untestable(claim, curves))
    ]
    if problems:
        raise SettingsError("\n".join(problems))


def _unknown_curves(claim: Claim, curves: Mapping[str, Sequence[float]]) -> list[str]:
    named = {"of": None if claim.of == EACH else claim.of, "against": claim.against}
    return [
        f"{field}: no arm is called {label!r}: there are {', '.join(curves)}{did_you_mean(label, curves)}"
        for field, label in named.items()
        if label is not None and label not in curves
    ]


def _untestable(claim: Claim, curves: Mapping[str, Sequence[float]]) -> list[str]:
    """claim: one whose curves are there."""
    tested = [curve for curve in curves if claim.of in (EACH, curve) and curve != claim.against]
    if not tested:
        return [f"of: {EACH} leaves no arm to test against {claim.against}, which is the only one; leave against out"]
    numbers = f" {[*claim.arguments]}" if claim.arguments else ""
    return [
        f"over: {claim.over}{numbers} doesn't fit {curve}, which has {_runs_at(curves[curve])}: name other arms in of and "
        "against, or choose another over or other arguments"
        for curve in (*tested, *([claim.against] if claim.against else []))
        if not claim.reduction.fits(curves[curve], *claim.arguments)
    ]


def _runs_at(xs: Sequence[float]) -> str:
    return "runs at " + ", ".join(f"{x:g}" for x in xs) if xs else "no runs over a swept setting"
