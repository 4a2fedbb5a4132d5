"""Why the scale of the initial weights matters: how large the signal is at each layer, from one forward and one backward
pass at initialization.

Without normalization each layer multiplies the signal by about `weight_scale · sqrt(width / 2)` on the way forward, width
being that of the layer before, and the gradient by as much on the way back (He et al., 2015, "Delving deep into
rectifiers", section 2.2; relu halves the mean square). Over many layers that vanishes or explodes, unless the factor is
near 1. Batchnorm divides the factor away in each layer, in both directions, until the variance falls below its epsilon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from bnlab.engines.numpy import build_net
from bnlab.layers.types import Array
from bnlab.nets.diagnostics import std
from bnlab.nets.stages import Normalization
from bnlab.report.figure import Figure, HeatMap
from bnlab.runs.draws import Draws
from bnlab.runs.spec import RunSpec
from bnlab.studies.study import Arm, FullyConnectedSettings
from bnlab.studies.words import layers

TITLE = "How the signal passes through the layers at initialization, by weight scale"
DIRECTIONS = {"forward": "Forward", "backward": "Backward"}
WHAT = (
    "One minibatch, the first of replicate 0, before any update. Forward: what each relu gets, after the normalization "
    "where there is one; at the last layer, the scores. Backward: the gradient with respect to the output of each affine "
    "layer"
)
NO_VALUE = ". Hatched: zero, or not finite"


class Signals(NamedTuple):
    """The standard deviation of the signal at each layer, first layer first, over all images of a minibatch and all units.

    forward: of what each relu gets, that is of the affine layer's outputs, after the normalization where there is one; for
    the last layer, of the scores. backward: of the gradient of the loss with respect to the affine layer's outputs, which
    W's gradient is made from.
    """

    forward: list[float]
    backward: list[float]


def signals(spec: RunSpec, data: Mapping[str, Array]) -> Signals:
    """The signals of a run's net at initialization, on the run's first minibatch. A net far from a good scale overflows
    or underflows: a value may be 0, infinite or NaN. data: the arrays that the run trains on, by name."""
    draws = Draws(spec, data)
    # One thread for BLAS, as in training: with more, sums may be taken in another order.
    with np.errstate(all="ignore"), threadpool_limits(limits=1, user_api="blas"):
        net = build_net(spec, draws)
        picked = draws.streams.minibatches.choice(len(data["X_train"]), spec.solver.batch_size)
        X, y = data["X_train"][picked], data["y_train"][picked]
        outputs, gradients = net.activations(X, "train"), net.output_gradients(X, y)
        into_relu = {
            stage.layer: outputs[stage.name]
            for stage in net.stages
            if stage.weighted or isinstance(stage, Normalization)  # the later of the two counts
        }
        backward = [std(gradients[stage.name]) for stage in net.stages if stage.weighted]
        return Signals([*map(std, into_relu.values())], backward)


def signal_figure(settings: FullyConnectedSettings, arms: Sequence[Arm], data: Mapping[str, Array]) -> Figure:
    """Heat maps of the signals, forward above and backward below, one for each curve of the arms, which must have an x: the
    weight scale. data: the arrays that the first run of each arm trains on, by name."""
    curves: dict[str, list[tuple[float, Signals]]] = {}
    for arm in arms:
        if arm.x is None:
            raise ValueError(f"the arm {arm.label!r} has no x: it must be the weight scale")
        curves.setdefault(arm.curve, []).append((arm.x, signals(arm.runs[0], data)))
    panels = [
        _heat_map(f"{title}, {curve}", [x for x, _ in points], [getattr(each, direction) for _, each in points])
        for direction, title in DIRECTIONS.items()
        for curve, points in curves.items()
    ]
    made_with = f"{settings.data.dataset}; {layers(settings.net)}; batch {settings.solver.batch_size}; seed {settings.seed}"
    gaps = any(math.isnan(value) for panel in panels for row in panel.values for value in row)
    return Figure(TITLE, f"{WHAT}{NO_VALUE * gaps}. {made_with}", tuple(panels), rows=len(DIRECTIONS))


def _heat_map(title: str, scales: list[float], deviations: list[list[float]]) -> HeatMap:
    values = [[_log10(deviation) for deviation in row] for row in deviations]
    label = "log10 of the standard deviation"
    return HeatMap(title, "layer", "weight scale", range(1, len(values[0]) + 1), scales, values, label, y_scale="log")


def _log10(deviation: float) -> float:
    """NaN for a signal that is zero or not finite."""
    return math.log10(deviation) if 0 < deviation < math.inf else math.nan
