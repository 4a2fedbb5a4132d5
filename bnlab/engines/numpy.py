"""The NumPy engine: our own nets and Solver."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets import FullyConnectedNet, Net, ThreeLayerConvNet
from bnlab.nets.diagnostics import QUANTITIES, diagnose
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import PLACE, Outcome
from bnlab.runs.spec import RunSpec
from bnlab.solver import Solver


def train(spec: RunSpec, data: Mapping[str, Array], draws: Draws) -> Outcome:
    """Build the net, run the Solver, hand out what it recorded. With diagnostics the losses and accuracies are the same."""
    diagnostics = {name: list[Any]() for name in (*PLACE, *QUANTITIES)} if spec.diagnostics else None
    observer = None if diagnostics is None else partial(_record, diagnostics)
    # Settings may ask for weights beyond the dtype's range. Such a run diverges, which is no news for the screen.
    with np.errstate(all="ignore"):
        solver = build_solver(spec, data, draws, observer)
        solver.train()
    return Outcome(
        solver.loss_history,
        solver.check_iterations,
        solver.train_acc_history,
        solver.val_acc_history,
        solver.diverged_at,
        diagnostics,
    )


def build_net(spec: RunSpec, draws: Draws) -> Net:
    """The run's net with its initial weights."""
    net = spec.net
    common = {
        "num_classes": draws.num_classes,
        "normalization": None if net.normalization == "none" else net.normalization,
        "reg": net.reg,
        "weight_scale": net.weight_scale,
        "dtype": spec.dtype,
        "rng": draws.streams.weights,
        "convention": spec.convention,
    }
    return NETS[net.model](net, draws, common)


def _record(table: dict[str, list[Any]], solver: Solver) -> None:
    """Add the rows of a check to the diagnostics, one per layer, on the minibatch of the iteration that ends with it.

    Activations are computed after the update: with the weights whose accuracies are checked, and with dropout under the
    masks that the next iteration will draw. The gradient is the one that the update was made from, so it belongs to the
    weights before.
    """
    images = solver.X_train[solver.last_picked]
    layers = diagnose(solver.model, images, solver.grads, solver.last_update)
    for number, quantities in enumerate(layers, start=1):
        for name, value in {"iteration": solver.t, "layer": number, **quantities}.items():
            table[name].append(value)


def build_solver(
    spec: RunSpec,
    data: Mapping[str, Any],
    draws: Draws,
    observer: Callable[[Solver], object] | None = None,
    patience: int | None = None,
) -> Solver:
    """The run's Solver at its start, for a training that can be stopped and goes on. patience: see there."""
    return Solver(
        build_net(spec, draws),
        data,
        update_rule=spec.solver.update_rule,
        optim_config=spec.solver.rule_config,
        lr_decay=spec.solver.lr_decay,
        batch_size=spec.solver.batch_size,
        num_epochs=spec.solver.num_epochs,
        num_train_samples=spec.solver.num_train_samples,
        statistics=spec.solver.statistics,
        verbose=False,
        rng=draws.streams.minibatches,
        eval_rng=draws.streams.evaluation,
        observer=observer,
        patience=patience,
        convention=spec.convention,
    )


def _fully_connected(net: Any, draws: Draws, common: Mapping[str, Any]) -> Net:
    return FullyConnectedNet(
        net.hidden_dims,
        input_dim=math.prod(draws.image_shape),
        dropout_keep_ratio=net.keep_prob,
        dropout_rng=draws.streams.dropout,
        **common,
    )


def _convolutional(net: Any, draws: Draws, common: Mapping[str, Any]) -> Net:
    own = {name: getattr(net, name) for name in ("num_filters", "filter_size", "hidden_dim", "num_groups")}
    channels, height, width = draws.image_shape
    return ThreeLayerConvNet((channels, height, width), **own, **common)


NETS: dict[str, Callable[[Any, Draws, Mapping[str, Any]], Net]] = {"mlp": _fully_connected, "cnn": _convolutional}
