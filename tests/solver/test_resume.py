"""Stopping, saving, going on, and watching: none of it changes a number."""

import copy
import pickle

import numpy as np
import pytest

from bnlab.nets import FullyConnectedNet, ThreeLayerConvNet
from bnlab.optim import RULES
from bnlab.solver import Solver
from tests.solver.models import Scripted, net, pictures, scripted, trained


class Noisy:
    """A notebook's model with dropout of its own, from NumPy's global stream."""

    def __init__(self, rng):
        self.params = {"W1": 0.5 * rng.randn(6, 3)}
        self.bn_params = [{"running_mean": np.zeros(6)}]

    def loss(self, X, y=None):
        X = X.reshape(len(X), -1)
        if y is None:
            return (X - self.bn_params[0]["running_mean"]) @ self.params["W1"]
        self.bn_params[0]["running_mean"] = 0.9 * self.bn_params[0]["running_mean"] + 0.1 * X.mean(axis=0)
        noisy = X * (np.random.rand(*X.shape) < 0.5)
        return np.sum(noisy @ self.params["W1"] ** 2), {"W1": 2 * noisy.sum(axis=0)[:, None] * self.params["W1"]}


def dense(rng, **settings):
    return FullyConnectedNet([8, 8], 6, 3, weight_scale=0.5, rng=rng, **settings)


def convolutional(rng):
    return ThreeLayerConvNet((1, 2, 3), 4, 3, 5, 3, normalization="spatial_batchnorm", rng=rng)


def images_of(held):
    return {name: array[:, None] if "X" in name else array for name, array in held.items()}


def with_dropout(rng):
    return dense(rng, dropout=0.5, dropout_rng=np.random.RandomState(rng.randint(99)), normalization="layernorm")


CASES = {
    **{rule: (lambda rng: dense(rng, normalization="batchnorm"), {"update_rule": rule, "lr_decay": 0.9}) for rule in RULES},
    "dropout": (with_dropout, {"num_train_samples": 7}),
    "dropout from the global stream": (lambda rng: dense(rng, dropout=0.5), {"rng": None, "num_val_samples": 5}),
    "population statistics": (
        lambda rng: dense(rng, normalization="batchnorm"),
        {"statistics": "population", "eval_rng": np.random.default_rng(3)},
    ),
    "a convnet": (convolutional, {"rng": np.random.default_rng(4)}),
    "a notebook's model": (Noisy, {"optim_config": {"learning_rate": 1e-3}}),
    "one that diverges": (dense, {"optim_config": {"learning_rate": 1e6}}),
}


@pytest.fixture(params=CASES)
def build(request):
    """A function that builds the same Solver again and again, its sources wherever those of the last one got to."""
    model, settings = CASES[request.param]
    held = images_of(pictures()) if model is convolutional else pictures()
    np.random.seed(7)
    settings = {"rng": np.random.RandomState(1), "optim_config": {"learning_rate": 1e-2}, **settings}

    def build(**more):
        return scripted(model(np.random.RandomState(2)), held, **settings, **more)

    return build


def facts(solver):
    """All that can be seen of a Solver and its model."""
    model = solver.model
    statistics = [param.get(key) for param in getattr(model, "bn_params", []) for key in ("running_mean", "running_var")]
    histories = [solver.loss_history, solver.train_acc_history, solver.val_acc_history, solver.check_iterations]
    counters = [solver.t, solver.epoch, solver.diverged_at, solver.best_val_acc]
    return [*counters, *histories, dict(model.params), statistics, solver.best_params, solver.rule_config]


@pytest.mark.parametrize("stops", [[3], [8, 20], [24]], ids=str)
def test_a_saved_training_goes_on_to_the_same_numbers(stops, build):
    states, solver = [], build(num_epochs=3)
    while not solver.step():
        if solver.t in stops:
            states.append(solver.state())
    states = states or [solver.state()]
    expected, after = facts(solver), solver.state()
    for saved in states:
        other = build(num_epochs=3)
        other.load_state(pickle.loads(pickle.dumps(saved)))
        assert other.t == saved["t"]
        other.train()
        np.testing.assert_equal(facts(other), expected)
        np.testing.assert_equal(other.state(), after)


def test_what_is_saved_is_changed_by_no_later_step(build):
    solver = build()
    solver.step()
    saved = solver.state()
    before = copy.deepcopy(saved)
    for _ in range(2):  # the second time, to see that nothing of it was handed to the Solver
        solver.train()
        np.testing.assert_equal(saved, before)
        solver.load_state(saved)


def test_training_is_its_steps():
    whole, stepped = trained(net(), pictures()), scripted(net(), pictures())
    overs = [stepped.step() for _ in range(26)]
    assert overs == 23 * [False] + 3 * [True]
    np.testing.assert_equal(facts(stepped), facts(whole))


def test_more_epochs_go_on_where_training_ended():
    model = Scripted(accuracy=lambda t: t / 30)
    solver = trained(model)
    solver.train()
    assert solver.t == 12
    solver.num_epochs += 1
    solver.train()
    assert (solver.t, solver.check_iterations, model.params["w"].tolist()) == (16, [1, 4, 8, 12, 16], [-16])


@pytest.mark.parametrize(
    "other",
    [
        lambda: scripted(net(), pictures(), update_rule="adam"),
        lambda: scripted(net(normalization=None), pictures()),
        lambda: scripted(net(dtype=np.float64), pictures()),
    ],
    ids=["rule", "net", "dtype"],
)
def test_a_state_of_another_training_is_an_error(other):
    with pytest.raises(
        ValueError, match=r"^this state is of another training: .*; build the Solver from the same arguments$"
    ):
        other().load_state(scripted(net(), pictures()).state())


def test_a_source_that_cannot_be_saved_is_an_error():
    class Source:
        choice = random = np.random.RandomState(1).choice

    solver = scripted(net(), pictures(), rng=Source())
    solver.step()
    with pytest.raises(
        TypeError, match=r"Source object at .* can't be saved: .* needs get_state\(\) and set_state\(state\)"
    ):
        solver.state()


class TestObserver:
    def test_is_called_after_each_check_and_sees_the_last_iteration(self):
        held, seen = pictures(), []

        def observe(solver: Solver):
            seen.append((solver.t, len(solver.val_acc_history), solver.epoch))
            before, picked = net(dtype=np.float64), solver.last_picked
            before.params = {name: solver.model.params[name] - solver.last_update[name] for name in before.params}
            loss, grads = before.loss(held["X_train"][picked], held["y_train"][picked])
            assert loss == pytest.approx(solver.loss_history[-1])
            for name, gradient in grads.items():
                np.testing.assert_allclose(solver.grads[name], gradient, rtol=1e-8, atol=1e-12)
                np.testing.assert_allclose(solver.last_update[name], -0.3 * gradient, rtol=1e-8, atol=1e-12)

        trained(net(dtype=np.float64), held, observer=observe, num_epochs=2, optim_config={"learning_rate": 0.3})
        assert seen == [(1, 1, 0), (8, 2, 1), (16, 3, 2)]

    def test_changes_nothing_by_watching(self):
        """Activations in training draw masks and move running statistics: both are put back."""

        def observe(solver):
            solver.model.activations(solver.X_train[solver.last_picked], mode="train")
            solver.state()

        settings = {"dropout_keep_ratio": 0.5}
        watched, unwatched = (
            trained(net(dropout_rng=np.random.RandomState(3), **settings), pictures(), observer=observer)
            for observer in (observe, None)
        )
        np.testing.assert_equal(facts(watched), facts(unwatched))

    def test_sees_no_update_where_the_loss_left_none(self):
        updates = []
        model = Scripted(loss=lambda t: np.nan if t == 6 else 1.0)
        trained(model, observer=lambda solver: updates.append(solver.last_update))
        assert [update if update is None else update["w"].tolist() for update in updates] == [[-1], [-1], None]
