"""Draws: an engine that knows nothing of our nets and Solver gets the very same numbers, and gives the same run."""

import numpy as np
import pytest

from bnlab import engines
from bnlab.data import load
from bnlab.engines import numpy as numpy_engine
from bnlab.engines.numpy import build_net
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import Outcome, check_outcome, planned_checks

DATA = load("synthetic", num_train=60).arrays("float64")


def plain_engine(spec, data, draws):
    """A net of one hidden layer with relu and dropout, trained by sgd: every line written out here."""
    p = draws.parameters()
    losses, checks, train_acc, val_acc = [], planned_checks(spec), [], []
    flat = {name: data[name].reshape(len(data[name]), -1) for name in ("X_train", "X_val")}

    def scores(x, mask=1.0):
        hidden = np.maximum(x @ p["W1"] + p["b1"], 0) * mask
        return hidden, hidden @ p["W2"] + p["b2"]

    def accuracy(x, y):
        return float(np.mean(scores(x)[1].argmax(axis=1) == y))

    for t in range(1, spec.num_iterations + 1):
        picked = draws.minibatch(t)
        x, y = flat["X_train"][picked], data["y_train"][picked]
        keep = spec.net.keep_prob
        mask = (draws.uniforms(t, 1, (len(x), len(p["b1"]))) < keep) / keep
        hidden, out = scores(x, mask)
        softmax = np.exp(out - out.max(axis=1, keepdims=True))
        softmax /= softmax.sum(axis=1, keepdims=True)
        losses.append(float(-np.log(softmax[range(len(y)), y]).mean()))
        dout = softmax
        dout[range(len(y)), y] -= 1
        dout /= len(y)
        dhidden = dout @ p["W2"].T * mask * (hidden > 0)
        grads = {"W1": x.T @ dhidden, "b1": dhidden.sum(axis=0), "W2": hidden.T @ dout, "b2": dout.sum(axis=0)}
        for name, grad in grads.items():
            p[name] = p[name] - spec.solver.learning_rate * grad
        if t in checks:
            sample = draws.evaluation_sample()
            train_acc.append(accuracy(flat["X_train"][sample], data["y_train"][sample]))
            val_acc.append(accuracy(flat["X_val"], data["y_val"]))
    return Outcome(losses, checks, train_acc, val_acc)


@pytest.mark.parametrize("num_train_samples", [1000, 40])
def test_an_engine_written_from_scratch_gives_the_same_run(make_spec, num_train_samples):
    spec = make_spec(hidden_dims=(8,), keep_prob=0.5, update_rule="sgd", learning_rate=1e-5, dtype="float64",
                     num_train_samples=num_train_samples)  # fmt: skip
    ours, plain = engines.train(spec, DATA), plain_engine(spec, DATA, Draws(spec, DATA))
    check_outcome(plain, spec)
    np.testing.assert_allclose(plain.loss_history, ours.loss_history, rtol=1e-12)
    assert plain.train_acc_history == ours.train_acc_history
    assert plain.val_acc_history == ours.val_acc_history


NETS = [
    {"hidden_dims": (8, 6), "normalization": "batchnorm"},
    {"hidden_dims": (8, 6), "normalization": "layernorm", "keep_prob": 0.5},
]


@pytest.mark.parametrize("net", NETS)
def test_the_parameters_are_those_of_our_nets(make_spec, net):
    spec = make_spec(**net)
    drawn, ours = Draws(spec, DATA).parameters(), build_net(spec, Draws(spec, DATA)).params
    assert [*drawn] == [*ours]
    for name, array in drawn.items():
        assert array.dtype == ours[name].dtype
        np.testing.assert_array_equal(array, ours[name])


@pytest.mark.parametrize("normalization", ["none", "spatial_batchnorm", "spatial_groupnorm"])
def test_the_parameters_are_those_of_our_convnet(make_spec, make_convnet, normalization):
    spec = make_convnet(normalization)
    drawn, ours = Draws(spec, DATA).parameters(), build_net(spec, Draws(spec, DATA)).params
    assert {name: array.shape for name, array in drawn.items()} == {name: array.shape for name, array in ours.items()}
    for name, array in drawn.items():
        np.testing.assert_array_equal(array, ours[name])


def test_draws_come_in_turn(make_spec):
    draws = Draws(make_spec(keep_prob=0.5), DATA)
    draws.minibatch(1)
    with pytest.raises(ValueError, match="minibatch 3 was asked for where 2 is next"):
        draws.minibatch(3)
    draws.uniforms(1, 1, (2, 8))
    draws.uniforms(1, 2, (2, 6))
    with pytest.raises(ValueError, match="mask 5 was asked for where 3 is next"):
        draws.uniforms(3, 1, (2, 8))


class Recorder:
    """A stream that notes what it hands out."""

    def __init__(self, stream):
        self.stream, self.picked = stream, []

    def choice(self, *args):
        self.picked.append(self.stream.choice(*args))
        return self.picked[-1]


@pytest.mark.parametrize("num_train_samples", [1000, 40])
@pytest.mark.parametrize("statistics", ["running", "population"])
@pytest.mark.parametrize("normalization", ["none", "layernorm", "batchnorm"])
def test_evaluation_draws_what_our_solver_draws(make_spec, normalization, statistics, num_train_samples):
    spec = make_spec(normalization=normalization, statistics=statistics, num_train_samples=num_train_samples)
    ours, other = Draws(spec, DATA), Draws(spec, DATA)
    recorder = Recorder(ours.streams.evaluation)
    ours.streams = ours.streams._replace(evaluation=recorder)
    numpy_engine.train(spec, DATA, ours)
    drawn = []
    for _ in planned_checks(spec):
        drawn += other.statistics_batches()
        sample = other.evaluation_sample()
        drawn += [] if len(sample) == 60 else [sample]
    assert len(drawn) == len(recorder.picked)
    for one, another in zip(drawn, recorder.picked, strict=True):
        np.testing.assert_array_equal(one, another)
