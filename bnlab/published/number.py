"""A published number beside ours, and what comes of it. The functions are the ways to judge one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from bnlab.lab.files import finite_or_none
from bnlab.published.facts import numbers

Status = Literal["agrees", "disagrees", "skipped", "reported", "drawn"]
STATISTIC, LOSS, ERROR, LOG, ACCURACY, RATIO = ".8f", "", ".2e", ".6f", ".3f", ".2f"
"""How each kind of number is shown, much as the notebooks print it: losses in full."""


@dataclass(frozen=True)
class PublishedNumber:
    """One printed number.

    difference: between ours and the published one, relative where `judged` says so; None where the two can't be
    subtracted. judged: what has to stay within the tolerance: the difference, or ours alone. why: why it isn't judged, or
    isn't judged by its difference. form: the format that both numbers are shown in.
    """

    what: str
    published: float
    ours: float | None
    difference: float | None
    tolerance: float | None
    status: Status
    why: str = ""
    judged: Literal["difference", "relative difference", "ours"] = "difference"
    form: str = STATISTIC

    @property
    def ok(self) -> bool | None:
        """Whether the two agree; None where that isn't judged."""
        return {"agrees": True, "disagrees": False}.get(self.status)

    def to_json(self) -> dict[str, Any]:
        """`{what, published, ours, difference, tolerance, ok}`, and `why` where there is a reason to give."""
        row = {name: finite_or_none(getattr(self, name)) for name in ("published", "ours", "difference", "tolerance")}
        return {"what": self.what, **row, "ok": self.ok, **({"why": self.why} if self.why else {})}


def close(what: str, published: float, ours: float, tolerance: float, form: str = STATISTIC) -> PublishedNumber:
    """Agrees if the two are at most the tolerance apart. A NaN never agrees, here and below."""
    difference = abs(ours - published)
    return PublishedNumber(
        what, published, ours, difference, tolerance, _status(difference <= tolerance), _oddity(ours), form=form
    )


def relatively_close(what: str, published: float, ours: float) -> PublishedNumber:
    """For losses: agrees if the two are at most the tolerance of losses apart, relative to the published one."""
    difference, tolerance = abs(ours - published) / abs(published), numbers()["judged"]["losses"]
    status = _status(difference <= tolerance)
    return PublishedNumber(what, published, ours, difference, tolerance, status, _oddity(ours), "relative difference", LOSS)


def below(what: str, published: float, ours: float, bound: float, why: str, comparable: bool = True) -> PublishedNumber:
    """For errors: agrees if ours, its sign aside, is at most the bound. comparable: whether published is the same thing."""
    difference = abs(ours - published) if comparable else None
    why = _oddity(ours) or why
    return PublishedNumber(what, published, ours, difference, bound, _status(abs(ours) <= bound), why, "ours", ERROR)


def unjudged(
    what: str, published: float, ours: float | None, status: Literal["skipped", "reported", "drawn"], why: str, form: str
) -> PublishedNumber:
    """Shown, and for the reason given not judged."""
    difference = None if ours is None else abs(ours - published)
    return PublishedNumber(what, published, ours, difference, None, status, why, form=form)


def _status(agrees: bool) -> Status:
    return "agrees" if agrees else "disagrees"


def _oddity(ours: float) -> str:
    return "" if math.isfinite(ours) else f"ours is {ours}"
