"""What sweeps share: a curve for each normalization with a point for each value, and three panels over the values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from bnlab.report.figure import Panel
from bnlab.runs.fields import Range
from bnlab.runs.spec import DataSpec, NormalizationName
from bnlab.studies.panels import Limits, best_panels, loss_scale, sweep_panel
from bnlab.studies.study import Arm, CommonSettings, Result, arm
from bnlab.studies.words import normalization_label

Normalizations = Annotated[tuple[NormalizationName, ...], Range(at_least=1), "the normalizations, or none"]
LOSS_LIMITS = (0.0, 3.5)
"""The y-axis of the final loss for ten classes: a net that guesses has 2.3; what lies above 3.5 is drawn at the edge."""


class Point(NamedTuple):
    """A swept value: in words ('learning rate 0.001'), its place on the x-axis, and the settings that it gives an arm."""

    text: str
    x: float
    varied: Mapping[str, Any]


def arms_per_normalization(
    settings: CommonSettings, data: DataSpec, normalizations: Iterable[str], points: Iterable[Point]
) -> list[Arm]:
    """An arm for each normalization and point, those of one normalization together: they are a curve."""
    planned = [*points]
    return [
        arm(
            f"{normalization_label(norm)}, {point.text}",
            settings,
            data,
            {"net.normalization": norm, **point.varied},
            curve=normalization_label(norm),
            x=point.x,
        )
        for norm in dict.fromkeys(normalizations)
        for point in planned
    ]


def sweep_panels(
    results: list[Result],
    x_label: str,
    x_scale: Literal["linear", "log"] = "log",
    *,
    x_ticks: Mapping[float, str] | None = None,
    loss_limits: Limits = LOSS_LIMITS,
) -> tuple[Panel, ...]:
    """Best validation accuracy, best training accuracy and final training loss over what is swept. loss_limits: for ten
    classes."""
    last = "mean loss of the last 100 iterations"
    low, high = (limit * loss_scale(results) for limit in loss_limits)
    return (
        *best_panels(results, x_label, x_scale, x_ticks),
        sweep_panel(
            "Final training loss", x_label, last, results, lambda run: run.final_loss, (low, high),
            x_scale=x_scale, x_ticks=x_ticks,
        ),
    )  # fmt: skip


def ticks(points: Iterable[float]) -> dict[float, str]:
    """Ticks at the points of a sweep, each its own label."""
    return {point: f"{point:g}" for point in points}
