"""Claims of the user's own, from a YAML file: a list under `claims`, each with the fields of
`bnlab.evidence.claims.Claim`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bnlab.errors import SettingsError, did_you_mean
from bnlab.evidence.claims import EACH, Claim
from bnlab.runs.fields import settings_of, shown
from bnlab.studies.yaml_files import read

FIELDS = tuple(setting.name for setting in settings_of(Claim) if setting.name not in ("title", "when", "unless"))
NEEDED = FIELDS[:5]
"""Those without a default."""


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims in the file. Raises SettingsError with a line for each that is wrong."""
    document = read(path, "--claims")
    rows = document.get("claims")
    if [*document] != ["claims"] or not isinstance(rows, list) or not rows:
        raise SettingsError(
            f"claims file {path} holds no claims: write a list under the one key 'claims', as the README shows"
        )
    found, problems = [], []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_claim(row))
        except SettingsError as error:
            problems.append(f"{path.name}, claim {number}: {error}")
    if problems:
        raise SettingsError("\n".join(problems))
    return tuple(found)


def _claim(row: Any) -> Claim:
    if not isinstance(row, dict):
        raise SettingsError(f"{shown(row)} is not allowed: it must be a mapping with {', '.join(NEEDED)}")
    for name in row:
        if name not in FIELDS:
            raise SettingsError(f"there is no field {name}: there are {', '.join(FIELDS)}{did_you_mean(str(name), FIELDS)}")
    if missing := [name for name in NEEDED if name not in row]:
        raise SettingsError(f"{', '.join(missing)} missing: give {', '.join(NEEDED)}")
    return Claim(**row)


def check_testable(claims: Sequence[Claim], curves: Mapping[str, Sequence[float]]) -> None:
    """Refuse claims that can't be tested on these curves, given by label with their values of x. Raises SettingsError."""
    for number, claim in enumerate(claims, start=1):
        for label in (claim.of, claim.against):
            if label not in (EACH, None, *curves):
                hint = did_you_mean(str(label), curves)
                raise SettingsError(f"claim {number}: no arm is called {label!r}: there are {', '.join(curves)}{hint}")
        tested = [curve for curve in curves if claim.of in (EACH, curve) and curve != claim.against]
        for curve in (*tested, *([claim.against] if claim.against else [])):
            if not claim.reduction.fits(curves[curve], *claim.arguments):
                xs = ", ".join(f"{x:g}" for x in curves[curve])
                raise SettingsError(
                    f"claim {number}: over {claim.over} {[*claim.arguments]} doesn't fit {curve}, which has runs at {xs}: "
                    "choose values that it has, or another `over`"
                )
        if not tested:
            raise SettingsError(f"claim {number}: it is about no arm: there are {', '.join(curves)}; name one in `of`")
