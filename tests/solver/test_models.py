"""What may be trained: a notebook's own model, our nets with another `loss` or `scores`; and population statistics."""

import numpy as np
import pytest

from bnlab.nets import FullyConnectedNet, ThreeLayerConvNet, TwoLayerNet
from tests.solver.models import BATCH, Scripted, net, pictures, scripted, trained


class TwoLayers:
    """As a notebook writes it; dtype and order of its parameters its own."""

    def __init__(self, dtype):
        rng = np.random.RandomState(2)
        self.params = {"b2": np.zeros(3, dtype), "W1": (0.5 * rng.randn(6, 8)).astype(dtype)}
        self.params |= {"b1": np.zeros(8, dtype), "W2": (0.5 * rng.randn(8, 3)).astype(dtype)}

    def loss(self, X, y=None):
        X, p = X.reshape(len(X), -1), self.params
        hidden = np.maximum(X @ p["W1"] + p["b1"], 0)
        scores = hidden @ p["W2"] + p["b2"]
        if y is None:
            return scores
        dout = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss = -np.log(dout[np.arange(len(y)), y]).mean()
        dout[np.arange(len(y)), y] -= 1
        dout /= len(y)
        dhidden = dout @ p["W2"].T * (hidden > 0)
        grads = {"W1": X.T @ dhidden, "b1": dhidden.sum(axis=0), "W2": hidden.T @ dout, "b2": dout.sum(axis=0)}
        return loss, grads


class TestNotebookModels:
    def test_train_as_our_own_do(self):
        theirs, ours = TwoLayers(np.float64), TwoLayerNet(6, 8, 3, weight_scale=0.5, rng=np.random.RandomState(2))
        settings = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-2}, "num_epochs": 10}
        solvers = [trained(model, pictures(), **settings) for model in (theirs, ours)]
        np.testing.assert_allclose(solvers[0].loss_history, solvers[1].loss_history, rtol=1e-9)
        assert solvers[0].val_acc_history == solvers[1].val_acc_history
        assert np.mean(solvers[0].loss_history[-8:]) < 0.8 * np.mean(solvers[0].loss_history[:8])
        for name in ours.params:
            np.testing.assert_allclose(theirs.params[name], ours.params[name], rtol=1e-7, atol=1e-12)

    def test_keep_their_dtype(self):
        model = TwoLayers(np.float32)
        trained(model, {key: array.astype(np.float32) if "X" in key else array for key, array in pictures().items()})
        assert {array.dtype for array in model.params.values()} == {np.dtype(np.float32)}
        assert list(model.params) == ["b2", "W1", "b1", "W2"]

    def test_have_no_population_statistics_to_offer(self):
        with pytest.raises(ValueError, match=r"^population statistics need one of bnlab's own nets"):
            trained(Scripted(), statistics="population")


class DoubledLoss(FullyConnectedNet):
    """Trains on twice the loss, and says so in plain dicts, as an exercise in a notebook might."""

    def loss(self, X, y=None):
        if y is None:
            return super().loss(X)
        loss, grads = super().loss(X, y)
        return 2 * loss, {name: 2 * gradient for name, gradient in reversed(grads.items())}


class Contrary(FullyConnectedNet):
    """Its best class is the net's worst one."""

    def scores(self, X):
        return -super().scores(X)


class ContraryByLoss(FullyConnectedNet):
    def loss(self, X, y=None):
        return -super().loss(X) if y is None else super().loss(X, y)


class TestNetsWithOwnMethods:
    def test_are_trained_with_their_own_loss(self):
        """Twice the loss at half the rate makes the same training; running statistics and all else stay the net's."""
        rates = {DoubledLoss: 0.05, FullyConnectedNet: 0.1}
        solvers = [
            trained(net(kind, dtype=np.float64), pictures(), optim_config={"learning_rate": rate})
            for kind, rate in rates.items()
        ]
        np.testing.assert_allclose(solvers[0].loss_history, 2 * np.array(solvers[1].loss_history), rtol=1e-9)
        assert solvers[0].val_acc_history == solvers[1].val_acc_history
        for ours, theirs in zip(*(solver.model.bn_params for solver in solvers), strict=True):
            np.testing.assert_allclose(ours["running_var"], theirs["running_var"], rtol=1e-9)

    def test_a_loss_given_to_the_net_itself_counts_too(self):
        model, seen = net(), []
        ours = model.loss
        model.loss = lambda X, y=None: seen.append(len(X)) or ours(X, y)
        trained(model, pictures(), num_epochs=1)
        assert seen.count(BATCH) == 8

    @pytest.mark.parametrize("kind", [Contrary, ContraryByLoss])
    def test_are_checked_with_their_own_scores(self, kind):
        solver, plain = (scripted(net(k, normalization=None), pictures()) for k in (kind, FullyConnectedNet))
        held = pictures()
        worst = np.argmin(plain.model.loss(held["X_val"]), axis=1)
        assert solver.check_accuracy(held["X_val"], worst) == 1
        solver.train()
        plain.train()
        assert solver.loss_history == plain.loss_history
        assert solver.val_acc_history != plain.val_acc_history


class TestPopulationStatistics:
    def test_come_from_as_many_minibatches_as_an_epoch_has_before_each_check(self):
        held, model, twin = pictures(), net(), net()
        eval_rng, expected = np.random.RandomState(4), np.random.RandomState(4)
        solver = trained(model, held, eval_rng=eval_rng, statistics="population", num_epochs=1)
        draws = [[expected.choice(40, BATCH) for _ in range(8)] for _ in solver.check_iterations]
        assert eval_rng.rand() == expected.rand()

        twin.params = solver.best_params
        twin.estimate_population_statistics(held["X_train"][picked] for picked in draws[np.argmax(solver.val_acc_history)])
        for ours, theirs in zip(model.bn_params, twin.bn_params, strict=True):
            np.testing.assert_allclose(ours["running_mean"], theirs["running_mean"], rtol=1e-6)
            np.testing.assert_allclose(ours["running_var"], theirs["running_var"], rtol=1e-6)
        assert solver.best_val_acc == solver.check_accuracy(held["X_val"], held["y_val"])

    @pytest.mark.parametrize("batch_size", [1, BATCH])
    @pytest.mark.parametrize("normalization", [None, "layernorm"])
    def test_change_nothing_for_a_net_without_any(self, normalization, batch_size):
        running, population = (
            trained(
                net(normalization=normalization), pictures(), batch_size=batch_size, statistics=statistics, eval_rng=rng
            )
            for statistics, rng in (("running", None), ("population", np.random.RandomState(4)))
        )
        assert running.val_acc_history == population.val_acc_history

    @pytest.mark.parametrize("normalization", ["spatial_batchnorm", "spatial_groupnorm"])
    def test_of_single_images_are_of_their_pixels(self, normalization):
        held = {name: array[:, None] if "X" in name else array for name, array in pictures().items()}
        model = ThreeLayerConvNet((1, 2, 3), 4, 3, 5, 3, normalization=normalization, num_groups=2)
        solver = trained(model, held, batch_size=1, statistics="population", num_epochs=1)
        assert solver.check_iterations == [1, 40]

    def test_of_single_rows_are_an_error(self):
        message = (
            r"^population statistics need minibatches of at least 2 images, not 1: a single value has no variance; "
            r"give a larger batch_size, or statistics='running'$"
        )
        with pytest.raises(ValueError, match=message):
            trained(net(), pictures(), batch_size=1, statistics="population")
