"""The training logs beside the same cell run again: the first loss is judged, the rest is there to be seen."""

from __future__ import annotations

from collections.abc import Sequence

from bnlab.published.facts import PublishedFacts, numbers
from bnlab.published.images import Images
from bnlab.published.number import LOG, PublishedNumber, close, unjudged
from bnlab.published.runs import CURVES, Ours

DRIFT = "after its first iteration a float32 training drifts apart with the order of rounding; the figure shows it"


def compare(log: str, facts: PublishedFacts, ours: Ours) -> list[PublishedNumber]:
    """A row for each number of the log."""
    first, *rest = [row for name, printed in facts.items() for row in _column(name, printed, log, ours)]
    return [_judged(first, log, ours.images), *rest]


def _column(name: str, printed: Sequence[float], log: str, ours: Ours) -> list[PublishedNumber]:
    """The numbers of one column, ours beside them where there are images."""
    curve = CURVES[name]
    named = [(f"{name}, {curve.x_label} {x}", value) for x, value in zip(curve.x(len(printed)), printed, strict=True)]
    if isinstance(ours.images, str):
        why = f"neither computed nor drawn: {ours.images}"
        return [unjudged(what, published, None, "skipped", why, curve.form) for what, published in named]
    why = DRIFT + (f"; and {ours.images.shortfall}, so mean and validation images differ" if ours.images.shortfall else "")
    return [
        unjudged(what, published, mine, "drawn", why, curve.form)
        for (what, published), mine in zip(named, curve.ours(ours.cell[log]), strict=True)
    ]


def _judged(row: PublishedNumber, log: str, images: Images | str) -> PublishedNumber:
    """The row of the first loss, judged if all that goes into it is here."""
    if isinstance(images, str) or row.ours is None:
        return row
    if numbers()["training"]["nets"][log] == "none" and images.shortfall:
        why = f"the mean image goes into it, and {images.shortfall}: put all five batches of CIFAR-10 into one folder"
        return unjudged(row.what, row.published, row.ours, "skipped", why, LOG)
    return close(row.what, row.published, row.ours, numbers()["judged"]["first_iteration"], LOG)
