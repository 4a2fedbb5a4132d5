"""What the NumPy engine records of each layer at each check, against steps done by hand; training stays as it is."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bnlab import engines
from bnlab import layers as layer_functions
from bnlab.engines.numpy import build_net
from bnlab.lab.images import arrays
from bnlab.lab.train import train
from bnlab.nets.diagnostics import QUANTITIES, diagnose
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import planned_checks

RATE = 0.05


def with_and_without(spec):
    with np.errstate(all="ignore"):
        data = arrays(spec, ())
        return [engines.train(replace(spec, diagnostics=asked), data) for asked in (True, False)]


def records(outcome):
    """The rows of the diagnostics, a dict each."""
    names, columns = zip(*outcome.diagnostics.items(), strict=True)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


NETS = {
    "plain": {},
    "dropout": {"keep_prob": 0.5},
    "batchnorm": {"normalization": "batchnorm"},
    "batchnorm with dropout": {"normalization": "batchnorm", "keep_prob": 0.5, "reg": 0.1},
    "population statistics": {"normalization": "batchnorm", "keep_prob": 0.5, "statistics": "population"},
    "layernorm": {"normalization": "layernorm", "update_rule": "rmsprop"},
    "a sample of the training images": {"normalization": "batchnorm", "num_train_samples": 30},
    "diverging": {"weight_scale": 1e30},
}


@pytest.mark.parametrize("case", NETS)
def test_training_is_the_same_to_the_last_bit(make_spec, case):
    recorded, plain = with_and_without(make_spec(**NETS[case]))
    assert recorded.diagnostics
    assert plain.diagnostics is None
    np.testing.assert_equal({**vars(recorded), "diagnostics": None}, vars(plain))  # holds NaN and NaN to be equal


@pytest.mark.parametrize("normalization", ["none", "spatial_batchnorm", "spatial_groupnorm"])
def test_training_of_a_convnet_is_the_same_to_the_last_bit(make_convnet, normalization):
    recorded, plain = with_and_without(make_convnet(normalization))
    assert replace(recorded, diagnostics=None) == plain


def passed(net, x, normalization):
    """By hand, for each layer in turn: the outputs of the affine layer, the normalization and the relu, None for none."""
    p = net.params
    for i in (1, 2):
        affine = x.reshape(len(x), -1) @ p[f"W{i}"] + p[f"b{i}"]
        normalized = None
        if normalization != "none":
            forward = getattr(layer_functions, f"{normalization}_forward")
            normalized, _ = forward(affine, p[f"gamma{i}"], p[f"beta{i}"], {"mode": "train"})
        x = np.maximum(affine if normalized is None else normalized, 0)
        yield affine, normalized, x
    yield x @ p["W3"] + p["b3"], None, None


def size(x):
    return math.sqrt(sum(entry * entry for entry in x.ravel().tolist()))


def spread(x):
    return math.sqrt(np.mean((x - x.mean()) ** 2))


@pytest.mark.parametrize("normalization", ["none", "batchnorm", "layernorm"])
def test_the_records_are_those_of_steps_done_by_hand(make_spec, normalization):
    spec = make_spec(
        **{"normalization": normalization, "update_rule": "sgd", "learning_rate": RATE, "dtype": "float64"},
        **{"weight_scale": 0.1, "reg": 0.2, "diagnostics": True},
    )
    data = arrays(spec, ())
    found = records(engines.train(spec, data))
    draws = Draws(spec, data)
    net, expected = build_net(spec, draws), []
    for t in range(1, spec.num_iterations + 1):
        picked = draws.minibatch(t)
        _, grads = net.loss(data["X_train"][picked], data["y_train"][picked])
        for name, gradient in grads.items():
            net.params[name] -= RATE * gradient
        if t in planned_checks(spec):
            for i, (affine, normalized, rectified) in enumerate(passed(net, data["X_train"][picked], normalization), 1):
                has, relu = normalized is not None, rectified is not None
                expected.append({
                    "iteration": t,
                    "layer": i,
                    "preactivation_mean": affine.mean(),
                    "preactivation_std": spread(affine),
                    "normalized_mean": normalized.mean() if has else None,
                    "normalized_std": spread(normalized) if has else None,
                    "dead_units": np.mean([not unit.any() for unit in rectified.T]) if relu else None,
                    "weight_norm": size(net.params[f"W{i}"]),
                    "gradient_norm": size(grads[f"W{i}"]),
                    "update_norm": RATE * size(grads[f"W{i}"]),
                })  # fmt: skip
    assert [[*record] for record in found] == [["iteration", "layer", *QUANTITIES]] * 9
    for record, other in zip(found, expected, strict=True):
        for name, value in other.items():
            assert record[name] == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)), name


def test_a_convnet_has_a_record_of_each_layer(make_convnet):
    spec = replace(make_convnet("spatial_batchnorm"), diagnostics=True)
    rows = records(train(spec).outcome)
    assert [(row["iteration"], row["layer"]) for row in rows] == [(t, i) for t in (1, 3, 6) for i in (1, 2, 3)]
    lacking = [{name for name in QUANTITIES if row[name] is None} for row in rows[:3]]
    assert lacking == [
        set(),
        {"normalized_mean", "normalized_std"},
        {"normalized_mean", "normalized_std", "dead_units"},
    ]


def test_dead_units_are_counted(make_spec):
    """With biases far below zero all units are dead, and with biases far above none is."""
    spec = make_spec(diagnostics=True)
    data = arrays(spec, ())
    net = build_net(spec, Draws(spec, data))
    _, grads = net.loss(data["X_train"], data["y_train"])
    net.params["b1"][...] = [-1e9] * 3 + [1e9] * 5
    net.params["b2"][...] = -1e12
    before = net.snapshot()
    layers = diagnose(net, data["X_train"], grads, None)
    np.testing.assert_equal(net.snapshot(), before)
    assert [layer["dead_units"] for layer in layers] == [3 / 8, 1.0, None]
    assert [layer["update_norm"] for layer in layers] == [None] * 3


def test_tiny_gradients_have_a_norm(make_spec):
    """Their squares would be zero in float32."""
    recorded = train(make_spec(weight_scale=1e-15, diagnostics=True)).outcome
    first = records(recorded)[0]
    assert 0 < first["gradient_norm"] < 1e-20
    assert first["preactivation_std"] > 0


def test_a_diverged_run_has_no_update_at_its_last_check(make_spec):
    ended = train(make_spec(weight_scale=1e30, diagnostics=True))
    assert ended.status == "diverged"
    last = records(ended.outcome)[-3:]
    assert {record["iteration"] for record in last} == {ended.diverged_at}
    assert [record["update_norm"] for record in last] == [None] * 3
    assert None in {record["preactivation_std"] for record in last}
    assert all(value is None or math.isfinite(value) for record in last for value in record.values())
