"""The figure of the training logs and our trainings: a row of panels for each log, a column for each of its curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnlab.published.facts import numbers
from bnlab.published.images import Images
from bnlab.published.runs import CURVES, Trainings
from bnlab.report.figure import Band, Figure, Line, Panel

TITLES = {"compare_batchnorm": "With batchnorm", "compare_baseline": "Without normalization"}
SEEDS = "ours, {} seeds: median, and band from lowest to highest"
CELL = "ours, from the published run's draws of weights and minibatches"
PUBLISHED = "published"


def figure(images: Images, trainings: Trainings) -> Figure:
    """All curves of all logs."""
    panels = tuple(_panel(log, name, trainings) for log in trainings.histories for name in CURVES)
    return Figure("The published training logs and ours", _caption(images), panels, rows=len(trainings.histories))


def _panel(log: str, name: str, trainings: Trainings) -> Panel:
    curve, printed = CURVES[name], numbers()["groups"][log][name]
    seeds = np.array([curve.values(history.outcome) for history in trainings.histories[log]])
    x, label = curve.x(len(printed)), SEEDS.format(len(seeds))
    ours = [Line(label, x, np.median(seeds, axis=0).tolist())] if len(seeds) else []
    bands = [Band(label, x, seeds.min(axis=0).tolist(), seeds.max(axis=0).tolist())] if len(seeds) else []
    lines = (*ours, Line(CELL, x, curve.values(trainings.cell[log])), Line(PUBLISHED, x, printed))
    return Panel(
        f"{TITLES[log]}: {curve.title}",
        curve.x_label,
        "loss of the minibatch" if name == "loss" else "accuracy",
        lines,
        y_group="loss" if name == "loss" else "accuracy",
        bands=tuple(bands),
    )


def _caption(images: Images) -> str:
    facts: dict[str, Any] = numbers()["training"]
    dims, last = facts["hidden_dims"], facts["replicates"] - 1
    others = f" (published: {facts['mean_of']:,}; other validation images)" if images.shortfall else ""
    return (
        f"cifar10, first {facts['num_train']:,} training images; {len(dims)} hidden layers of {dims[0]}, weight scale "
        f"{facts['weight_scale']:g}; {facts['update_rule']} at {facts['learning_rate']:g}, batch {facts['batch_size']}, "
        f"{facts['num_epochs']} epochs; our seeds: replicates 0 to {last} of seed {facts['seed']}; mean image "
        f"of {images.mean_of:,} images{others}"
    )
