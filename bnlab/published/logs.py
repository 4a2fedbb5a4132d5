"""The training logs beside the same cell run again. The first loss is judged; the other numbers are shown and drawn."""

from __future__ import annotations

from collections.abc import Sequence

from bnlab.published.facts import PublishedFacts, numbers
from bnlab.published.images import Images
from bnlab.published.number import LOG, PublishedNumber, close, unjudged
from bnlab.published.runs import CURVES, Trainings

DRIFT = "after the first iteration, float32 trainings drift apart with the order of rounding: see the figure"


def compare(log: str, facts: PublishedFacts, trainings: Trainings) -> list[PublishedNumber]:
    """A row for each number of the log."""
    first, *rest = [row for name, printed in facts.items() for row in _column(name, printed, log, trainings)]
    return [_judged(first, log, trainings.images), *rest]


def _column(name: str, printed: Sequence[float], log: str, trainings: Trainings) -> list[PublishedNumber]:
    """The numbers of one column of the log; if there are images, with those of the cell run again beside them."""
    curve = CURVES[name]
    named = [(f"{name}, {curve.x_label} {x}", value) for x, value in zip(curve.x(len(printed)), printed, strict=True)]
    images = trainings.images
    if isinstance(images, str):
        why = f"neither computed nor drawn: {images}"
        return [unjudged(what, published, None, "skipped", why, curve.form) for what, published in named]
    why = DRIFT + (f"; and {images.shortfall}, so mean and validation images differ" if images.shortfall else "")
    return [
        unjudged(what, published, ours, "drawn", why, curve.form)
        for (what, published), ours in zip(named, curve.values(trainings.cell[log]), strict=True)
    ]


def _judged(row: PublishedNumber, log: str, images: Images | str) -> PublishedNumber:
    """The row of the first loss, judged if everything that it depends on is here."""
    if isinstance(images, str) or row.ours is None:
        return row
    if numbers()["training"]["nets"][log] == "none" and images.shortfall:
        why = f"it depends on the mean image, and {images.shortfall}: put all five batches of CIFAR-10 into one folder"
        return unjudged(row.what, row.published, row.ours, "skipped", why, LOG)
    return close(row.what, row.published, row.ours, numbers()["tolerances"]["first_iteration"], LOG)
