"""A published number beside ours, and whether the two agree. Each function below is one way to judge that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from bnlab.lab.files import finite_or_none
from bnlab.published.facts import numbers

Status = Literal["agrees", "disagrees", "skipped", "reported", "drawn"]
STATISTIC, LOSS, ERROR, LOG, ACCURACY, RATIO = ".8f", "", ".2e", ".6f", ".3f", ".2f"
"""The format of each kind of number, close to how the notebooks print it. Losses are shown in full."""


@dataclass(frozen=True)
class PublishedNumber:
    """One published number.

    difference: between the two; relative if `limited` says so; None if they are not the same kind of number.
    limited: what may be at most the tolerance: the difference, or our number alone.
    why: why the number isn't judged, or isn't judged by its difference. form: the format of both numbers.
    """

    what: str
    published: float
    ours: float | None
    difference: float | None
    tolerance: float | None
    status: Status
    why: str = ""
    limited: Literal["difference", "relative difference", "ours"] = "difference"
    form: str = STATISTIC

    @property
    def ok(self) -> bool | None:
        """Whether the two agree; None if that isn't judged."""
        return {"agrees": True, "disagrees": False}.get(self.status)

    def to_json(self) -> dict[str, Any]:
        """`{what, published, ours, difference, tolerance, ok}`, and `why` if there is a reason to give."""
        row = {name: finite_or_none(getattr(self, name)) for name in ("published", "ours", "difference", "tolerance")}
        return {"what": self.what, **row, "ok": self.ok, **({"why": self.why} if self.why else {})}


def close(what: str, published: float, ours: float, tolerance: float, form: str = STATISTIC) -> PublishedNumber:
    """Agrees if the difference is at most the tolerance. NaN never agrees, here and below."""
    difference = abs(ours - published)
    return PublishedNumber(
        what, published, ours, difference, tolerance, _status(difference <= tolerance), _oddity(ours), form=form
    )


def relatively_close(what: str, published: float, ours: float) -> PublishedNumber:
    """For losses: agrees if the difference, relative to the published loss, is at most the tolerance for losses."""
    difference, tolerance = abs(ours - published) / abs(published), numbers()["tolerances"]["losses"]
    status = _status(difference <= tolerance)
    return PublishedNumber(what, published, ours, difference, tolerance, status, _oddity(ours), "relative difference", LOSS)


def below(what: str, published: float, ours: float, bound: float, why: str, comparable: bool = True) -> PublishedNumber:
    """For errors: agrees if our absolute value is at most the bound. comparable: whether the two can be subtracted."""
    difference = abs(ours - published) if comparable else None
    why = _oddity(ours) or why
    return PublishedNumber(what, published, ours, difference, bound, _status(abs(ours) <= bound), why, "ours", ERROR)


def unjudged(
    what: str, published: float, ours: float | None, status: Literal["skipped", "reported", "drawn"], why: str, form: str
) -> PublishedNumber:
    """Shown and not judged, for the reason given."""
    difference = None if ours is None else abs(ours - published)
    return PublishedNumber(what, published, ours, difference, None, status, why, form=form)


def _status(agrees: bool) -> Status:
    return "agrees" if agrees else "disagrees"


def _oddity(ours: float) -> str:
    return "" if math.isfinite(ours) else f"ours is {ours}"
