"""The NumPy engine: our own nets and Solver."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets import FullyConnectedNet, Net, ThreeLayerConvNet
from bnlab.runs.outcome import Outcome
from bnlab.runs.streams import Streams
from bnlab.solver import Solver


def train(
    net: Mapping[str, Any], solver: Mapping[str, Any], dtype: str, data: Mapping[str, Array], streams: Streams
) -> Outcome:
    """Build the net, run the Solver, hand out what it recorded."""
    # Settings may ask for weights beyond the dtype's range: that is a run that diverges, and no news for the screen.
    with np.errstate(all="ignore"):
        trained = _solver(net, solver, dtype, data, streams)
        trained.train()
    return Outcome(
        trained.loss_history,
        trained.check_iterations,
        trained.train_acc_history,
        trained.val_acc_history,
        trained.iterations_per_epoch,
        trained.diverged_at,
    )


def _solver(
    net: Mapping[str, Any], solver: Mapping[str, Any], dtype: str, data: Mapping[str, Array], streams: Streams
) -> Solver:
    common = {
        "num_classes": int(max(data["y_train"].max(), data["y_val"].max(), 9)) + 1,
        "normalization": None if net["normalization"] == "none" else net["normalization"],
        "reg": net["reg"],
        "weight_scale": net["weight_scale"],
        "dtype": dtype,
        "rng": streams.weights,
    }
    return Solver(
        MODELS[net["model"]](net, data["X_train"].shape[1:], streams, common),
        data,
        update_rule=solver["update_rule"],
        optim_config={"learning_rate": solver["learning_rate"]},
        lr_decay=solver["lr_decay"],
        batch_size=solver["batch_size"],
        num_epochs=solver["num_epochs"],
        num_train_samples=solver["num_train_samples"],
        statistics=solver["statistics"],
        verbose=False,
        rng=streams.minibatches,
        eval_rng=streams.evaluation,
    )


def _fully_connected(net: Mapping[str, Any], image: tuple[int, ...], streams: Streams, common: Mapping[str, Any]) -> Net:
    return FullyConnectedNet(
        net["hidden_dims"],
        input_dim=math.prod(image),
        dropout_keep_ratio=net["keep_prob"],
        dropout_rng=streams.dropout,
        **common,
    )


def _convolutional(net: Mapping[str, Any], image: tuple[int, int, int], streams: Streams, common: Mapping[str, Any]) -> Net:
    own = {name: net[name] for name in ("num_filters", "filter_size", "hidden_dim", "num_groups")}
    return ThreeLayerConvNet(image, **own, **common)


MODELS: dict[str, Callable[..., Net]] = {"mlp": _fully_connected, "cnn": _convolutional}
