"""The training loop, rule by rule; mostly on a model that learns nothing but tells what the loop asked of it."""

import os
import pickle
import re

import numpy as np
import pytest

from bnlab.nets import FullyConnectedNet, TwoLayerNet
from bnlab.optim import RULES
from bnlab.published.cell import replay
from bnlab.published.images import find_images
from bnlab.solver import Solver

N, BATCH, PER_EPOCH = 23, 5, 4


class Scripted:
    """A notebook's model: a dict `params` and `loss(X, y=None)`. Its gradient is always 1, so that sgd at rate 1 makes w
    minus the number of updates; its losses and its accuracies follow a script, told the number of updates and minibatches.
    """

    def __init__(self, accuracy=lambda t: 0.0, loss=lambda t: 1.0):
        self.params = {"w": np.zeros(1)}
        self.accuracy, self.next_loss, self.batches = accuracy, loss, []

    def loss(self, X, y=None):
        if y is None:  # image X is right, that is class 0, if its one pixel lies under the accuracy
            right = X[:, 0] < N * self.accuracy(-int(self.params["w"][0]))
            return np.column_stack([right, ~right])
        assert not y.any()
        self.batches.append(X[:, 0].tolist())
        return self.next_loss(len(self.batches)), {"w": np.ones(1)}


class Remembering(FullyConnectedNet):
    """A net that remembers its minibatches."""

    def loss_and_gradients(self, X, y, grads):
        self.__dict__.setdefault("batches", []).append(X.copy())
        return super().loss_and_gradients(X, y, grads)


def numbered(num_val=10):
    """Images that are their own numbers: validation images spread evenly over the training images' range."""
    val = N * (np.arange(num_val) + 0.5) / num_val
    images = {"X_train": np.arange(N, dtype=float)[:, None], "X_val": val[:, None]}
    return {**images, "y_train": np.zeros(N, int), "y_val": np.zeros(num_val, int)}


def pictures(num_train=40, num_val=50):
    """Random images of 2x3 in 3 classes: no net can do well on the validation set for long."""
    rng = np.random.RandomState(231)
    held = {"X_train": rng.randn(num_train, 2, 3), "y_train": rng.randint(3, size=num_train)}
    return {**held, "X_val": rng.randn(num_val, 2, 3), "y_val": rng.randint(3, size=num_val)}


def scripted(model, held=None, **settings):
    settings = {"optim_config": {"learning_rate": 1.0}, "batch_size": BATCH, "num_epochs": 3, "verbose": False, **settings}
    settings.setdefault("rng", np.random.RandomState(1))
    return Solver(model, held or numbered(), **settings)


def trained(model, held=None, **settings):
    solver = scripted(model, held, **settings)
    solver.train()
    return solver


def net(kind=Remembering, **settings):
    settings = {"normalization": "batchnorm", "weight_scale": 0.5, "rng": np.random.RandomState(2), **settings}
    return kind([8, 8], input_dim=6, num_classes=3, **settings)


class TestMinibatches:
    def test_are_drawn_with_replacement_from_the_stream_in_order(self):
        model, rng = Scripted(), np.random.RandomState(1)
        trained(model)
        assert model.batches == [rng.choice(N, BATCH).tolist() for _ in range(3 * PER_EPOCH)]
        assert any(len(set(batch)) < BATCH for batch in model.batches)

    @pytest.mark.parametrize(("batch_size", "per_epoch"), [(1, 23), (5, 4), (11, 2), (12, 1), (23, 1), (100, 1)])
    def test_an_epoch_is_as_many_as_fit_but_one_at_least(self, batch_size, per_epoch):
        model = Scripted()
        solver = trained(model, batch_size=batch_size)
        assert solver.iterations_per_epoch == per_epoch
        assert len(solver.loss_history) == len(model.batches) == 3 * per_epoch
        assert {len(batch) for batch in model.batches} == {batch_size}

    def test_images_go_with_their_labels(self):
        held, pairs = pictures(), []

        class Pairs(FullyConnectedNet):
            def loss_and_gradients(self, X, y, grads):
                pairs.extend((image.tobytes(), label) for image, label in zip(X, y, strict=True))
                return super().loss_and_gradients(X, y, grads)

        trained(net(Pairs), held)
        labels = {image.tobytes(): label for image, label in zip(held["X_train"], held["y_train"], strict=True)}
        assert all(labels[image] == label for image, label in pairs)

    @pytest.mark.parametrize(
        "arm",
        [
            {"normalization": None},
            pytest.param({"dropout_keep_ratio": 0.5, "dropout_rng": np.random.RandomState(3)}, id="dropout_rng"),
            {"dropout_keep_ratio": 0.5, "seed": 3},
            {"weight_scale": 0.01, "reg": 0.1},
        ],
        ids=str,
    )
    def test_are_the_same_in_every_arm(self, arm):
        reference, model = net(), net(**arm)
        trained(reference, pictures())
        trained(model, pictures())
        np.testing.assert_array_equal(model.batches, reference.batches)

    @pytest.mark.parametrize(
        "evaluation",
        [{"num_train_samples": 3}, {"num_val_samples": 7}, {"statistics": "population"}, {"num_train_samples": None}],
        ids=str,
    )
    def test_are_the_same_whatever_evaluation_draws(self, evaluation):
        reference, model = net(), net()
        losses = trained(reference, pictures()).loss_history
        solver = trained(model, pictures(), eval_rng=np.random.RandomState(4), **evaluation)
        np.testing.assert_array_equal(model.batches, reference.batches)
        assert solver.loss_history == losses


class TestStreams:
    def test_the_global_one_is_left_alone_where_others_are_given(self):
        np.random.seed(7)
        model = net(dropout_keep_ratio=0.5, dropout_rng=np.random.RandomState(3))
        trained(model, pictures(), num_train_samples=3, eval_rng=np.random.RandomState(4), statistics="population")
        assert np.random.rand() == np.random.RandomState(7).rand()

    @pytest.mark.parametrize("given", [True, False], ids=["given", "global"])
    def test_one_alone_serves_minibatches_and_evaluation_in_turn(self, given):
        np.random.seed(7)
        rng, expected = np.random.RandomState(7) if given else None, np.random.RandomState(7)
        model, batches = Scripted(), []
        trained(model, rng=rng, num_epochs=2, num_train_samples=3, num_val_samples=4)
        for t in range(1, 2 * PER_EPOCH + 1):
            batches.append(expected.choice(N, BATCH).tolist())
            if t in (1, 4, 8):
                expected.choice(N, 3)
                expected.choice(10, 4)
        assert model.batches == batches
        assert (rng or np.random).rand() == expected.rand()

    def test_evaluation_draws_from_its_own(self):
        rng, eval_rng, expected = (np.random.RandomState(seed) for seed in (1, 2, 2))
        trained(Scripted(), rng=rng, eval_rng=eval_rng, num_epochs=2, num_train_samples=3, num_val_samples=4)
        for _ in range(3):
            expected.choice(N, 3)
            expected.choice(10, 4)
        assert eval_rng.rand() == expected.rand()


class TestChecks:
    @pytest.mark.parametrize(
        ("epochs", "batch_size", "expected"),
        [(10, 5, [1, *range(4, 41, 4)]), (1, 5, [1, 4]), (3, 23, [1, 2, 3]), (1, 23, [1])],
    )
    def test_come_after_the_first_iteration_each_epoch_and_the_last(self, epochs, batch_size, expected):
        solver = trained(Scripted(), num_epochs=epochs, batch_size=batch_size)
        assert solver.check_iterations == expected
        assert len(solver.train_acc_history) == len(solver.val_acc_history) == len(expected)

    def test_ten_epochs_give_eleven_points(self):
        assert len(trained(Scripted(), num_epochs=10).val_acc_history) == 11

    def test_see_the_model_as_it_is_after_the_iteration(self):
        solver = trained(Scripted(accuracy=lambda t: t / 20 + 0.01))
        assert solver.val_acc_history == [0.1, 0.2, 0.4, 0.6]
        assert solver.train_acc_history == [2 / 23, 5 / 23, 10 / 23, 15 / 23]

    def test_no_epochs_no_checks(self):
        model = Scripted()
        solver = trained(model, num_epochs=0)
        assert (solver.loss_history, solver.val_acc_history, model.params["w"].tolist()) == ([], [], [0])


class TestAccuracy:
    def solver(self, **settings):
        return scripted(Scripted(accuracy=lambda t: 0.5), eval_rng=np.random.RandomState(5), **settings)

    @pytest.mark.parametrize("batch_size", [1, 7, 23, 100])
    def test_is_the_share_of_images_whose_label_scores_highest(self, batch_size):
        held = numbered()
        assert self.solver().check_accuracy(held["X_train"], held["y_train"], batch_size=batch_size) == 12 / 23
        assert self.solver().check_accuracy(held["X_train"], 1 - held["y_train"], batch_size=batch_size) == 11 / 23

    def test_goes_through_the_images_in_passes_of_batch_size(self):
        sizes, model = [], Scripted()
        model.loss = lambda X: sizes.append(len(X)) or np.ones((len(X), 2))
        scripted(model).check_accuracy(np.zeros((23, 1)), np.zeros(23, int), batch_size=10)
        scripted(model).check_accuracy(np.zeros((230, 1)), np.zeros(230, int))
        assert sizes == [10, 10, 3, 100, 100, 30]

    def test_of_some_images_draws_them_with_replacement(self):
        held, solver = numbered(), self.solver()
        picked = np.random.RandomState(5).choice(N, 22)
        assert len(set(picked)) < 22
        accuracy = solver.check_accuracy(held["X_train"], held["y_train"], num_samples=22)
        assert accuracy == np.mean(held["X_train"][picked, 0] < N / 2)

    @pytest.mark.parametrize("num_samples", [None, 23, 24])
    def test_of_all_images_draws_nothing(self, num_samples):
        held, solver = numbered(), self.solver()
        assert solver.check_accuracy(held["X_train"], held["y_train"], num_samples) == 12 / 23
        assert solver.eval_rng.rand() == np.random.RandomState(5).rand()

    def test_on_training_images_takes_1000_and_on_validation_images_all(self):
        solver = self.solver()
        assert (solver.num_train_samples, solver.num_val_samples) == (1000, None)


class TestLearningRate:
    def test_decays_at_each_epochs_end(self):
        model, steps = Scripted(), []
        model.next_loss = lambda t: steps.append(model.params["w"][0]) or 1.0
        trained(model, lr_decay=0.5)
        np.testing.assert_allclose(-np.diff(steps), 4 * [1.0] + 4 * [0.5] + 3 * [0.25], rtol=1e-12)

    def test_defaults_to_the_rules_own(self):
        model, steps = Scripted(), []
        model.next_loss = lambda t: steps.append(model.params["w"][0]) or 1.0
        trained(model, optim_config=None, lr_decay=0.1, num_epochs=2)
        np.testing.assert_allclose(-np.diff(steps), 4 * [1e-2] + 3 * [1e-3], rtol=1e-9)

    def test_decay_leaves_the_callers_settings_alone(self):
        config = {"learning_rate": 1.0}
        trained(Scripted(), optim_config=config, lr_decay=0.5)
        assert config == {"learning_rate": 1.0}


class TestUpdateRules:
    @pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "rmsprop", "adam"])
    def test_move_each_parameter_as_the_notebooks_loop_does(self, rule):
        held, ours, theirs = pictures(), net(dtype=np.float64, reg=0.1), net(dtype=np.float64, reg=0.1)
        solver = trained(ours, held, update_rule=rule, optim_config={"learning_rate": 1e-2}, num_epochs=2)
        rng, losses = np.random.RandomState(1), []
        configs = {name: {"learning_rate": 1e-2} for name in theirs.params}
        for _ in range(16):
            picked = rng.choice(40, BATCH)
            loss, grads = theirs.loss(held["X_train"][picked], held["y_train"][picked])
            losses.append(loss)
            for name in theirs.params:
                theirs.params[name], configs[name] = RULES[rule](theirs.params[name], grads[name], configs[name])
        np.testing.assert_allclose(solver.loss_history, losses, rtol=1e-9)
        assert losses[-1] != pytest.approx(losses[0], rel=1e-3)

    def test_an_unknown_one_is_an_error(self):
        with pytest.raises(
            ValueError, match=r"^update_rule is 'adagrad': it must be one of sgd, sgd_momentum, rmsprop, adam$"
        ):
            scripted(Scripted(), update_rule="adagrad")


class TestBestParameters:
    @pytest.mark.parametrize(
        ("script", "best"),
        [
            ({1: 0.1, 4: 0.3, 8: 0.9, 12: 0.5}, 8),
            ({1: 0.9, 4: 0.3, 8: 0.1, 12: 0.5}, 1),
            ({1: 0.1, 4: 0.3, 8: 0.1, 12: 0.5}, 12),
            ({1: 0.1, 4: 0.5, 8: 0.5, 12: 0.5}, 4),
            ({1: 0.0, 4: 0.0, 8: 0.0, 12: 0.0}, 1),
        ],
        ids=["in between", "first", "last", "a tie goes to the earlier", "none beats 0"],
    )
    def test_are_kept_and_restored(self, script, best):
        model = Scripted(accuracy=script.get)
        solver = trained(model)
        assert model.params["w"].tolist() == [-best]
        assert {name: array.tolist() for name, array in solver.best_params.items()} == {"w": [-best]}
        assert solver.best_val_acc == pytest.approx(script[best])

    def test_are_copies(self):
        model = Scripted()
        solver = trained(model)
        model.params["w"] -= 100
        assert solver.best_params["w"].tolist() == [-1]

    def test_come_with_the_running_statistics_that_belong_to_them(self, tmp_path):
        held, model = pictures(), net()
        solver = trained(model, held, optim_config={"learning_rate": 0.3}, num_epochs=8, checkpoint_name=f"{tmp_path}/run")
        best = int(np.argmax(solver.val_acc_history))
        assert 0 < best < 8
        kept = pickle.loads((tmp_path / f"run_epoch_{best}.pkl").read_bytes())["model"]
        np.testing.assert_array_equal(model.params.flat, kept.params.flat)
        for ours, theirs in zip(model.bn_params, kept.bn_params, strict=True):
            np.testing.assert_array_equal(ours["running_mean"], theirs["running_mean"])
            np.testing.assert_array_equal(ours["running_var"], theirs["running_var"])
        assert solver.check_accuracy(held["X_val"], held["y_val"]) == solver.best_val_acc == max(solver.val_acc_history)

    def test_of_a_notebooks_model_come_with_its_bn_params(self):
        model = Scripted(accuracy={1: 0.1, 4: 0.3, 8: 0.9, 12: 0.5}.get)
        model.bn_params = [{"mode": "train", "running_mean": np.zeros(2)}]

        def loss(t):
            model.bn_params[0]["running_mean"] += 1
            return 1.0

        model.next_loss = loss
        trained(model)
        assert model.bn_params[0]["running_mean"].tolist() == [8, 8]


class TestNotebookModels:
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

    def test_train_as_our_own_do(self):
        theirs, ours = self.TwoLayers(np.float64), TwoLayerNet(6, 8, 3, weight_scale=0.5, rng=np.random.RandomState(2))
        settings = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-2}, "num_epochs": 10}
        solvers = [trained(model, pictures(), **settings) for model in (theirs, ours)]
        np.testing.assert_allclose(solvers[0].loss_history, solvers[1].loss_history, rtol=1e-9)
        assert solvers[0].val_acc_history == solvers[1].val_acc_history
        assert np.mean(solvers[0].loss_history[-8:]) < 0.8 * np.mean(solvers[0].loss_history[:8])
        for name in ours.params:
            np.testing.assert_allclose(theirs.params[name], ours.params[name], rtol=1e-7, atol=1e-12)

    def test_keep_their_dtype(self):
        model = self.TwoLayers(np.float32)
        trained(model, {key: array.astype(np.float32) if "X" in key else array for key, array in pictures().items()})
        assert {array.dtype for array in model.params.values()} == {np.dtype(np.float32)}
        assert list(model.params) == ["b2", "W1", "b1", "W2"]

    def test_have_no_population_statistics_to_offer(self):
        with pytest.raises(ValueError, match=r"^population statistics need one of bnlab's own nets"):
            trained(Scripted(), statistics="population")


class TestPrinting:
    def test_is_the_notebooks(self, capsys):
        model = Scripted(accuracy={1: 0.1, 2: 0.2, 4: 0.3}.get, loss=lambda t: t / 3)
        trained(model, num_epochs=2, batch_size=11, print_every=2, verbose=True)
        assert capsys.readouterr().out == (
            "(Iteration 1 / 4) loss: 0.333333\n"
            "(Epoch 0 / 2) train acc: 0.130435; val_acc: 0.100000\n"
            "(Epoch 1 / 2) train acc: 0.217391; val_acc: 0.200000\n"
            "(Iteration 3 / 4) loss: 1.000000\n"
            "(Epoch 2 / 2) train acc: 0.304348; val_acc: 0.300000\n"
        )

    def test_every_tenth_loss_is_printed_unless_told_otherwise(self, capsys):
        trained(Scripted(), num_epochs=6, verbose=True)
        assert re.findall(r"Iteration (\d+) / 24", capsys.readouterr().out) == ["1", "11", "21"]

    def test_can_be_switched_off(self, capsys):
        trained(Scripted())
        assert capsys.readouterr().out == ""


class TestDivergence:
    @pytest.mark.parametrize("loss", [np.nan, np.inf])
    @pytest.mark.parametrize(("at", "checks"), [(1, [1]), (3, [1, 3]), (4, [1, 4]), (6, [1, 4, 6]), (12, [1, 4, 8, 12])])
    def test_ends_the_run_at_once(self, loss, at, checks):
        model = Scripted(loss=lambda t: loss if t == at else 1.0)
        solver = trained(model, lr_decay=0.5)
        assert solver.diverged_at == at
        np.testing.assert_array_equal(solver.loss_history, [*(at - 1) * [1.0], loss])
        assert solver.check_iterations == checks
        assert len(solver.train_acc_history) == len(solver.val_acc_history) == len(checks)
        assert solver.epoch == (at - 1) // PER_EPOCH

    def test_has_no_update_and_gives_the_best_parameters_back(self):
        model = Scripted(accuracy={1: 0.1, 4: 0.5, 5: 0.2}.get, loss=lambda t: np.nan if t == 6 else 1.0)
        solver = trained(model)
        assert (model.params["w"].tolist(), solver.best_val_acc) == ([-4], 0.5)

    def test_a_run_that_ends_well_has_none(self):
        assert trained(Scripted()).diverged_at is None

    def test_is_printed(self, capsys):
        trained(Scripted(loss=lambda t: np.nan), verbose=True)
        assert (
            capsys.readouterr().out
            == "(Iteration 1 / 12) loss: nan\n(Epoch 0 / 3) train acc: 0.000000; val_acc: 0.000000\n"
        )

    @pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
    @pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "rmsprop", "adam"])
    def test_by_a_huge_learning_rate_comes_without_warnings(self, normalization, rule):
        model = net(normalization=normalization)
        solver = trained(model, pictures(), update_rule=rule, optim_config={"learning_rate": 1e30}, num_epochs=5)
        assert solver.diverged_at == len(solver.loss_history) < 40
        assert np.isfinite(solver.loss_history[:-1]).all()
        assert solver.check_iterations[-1] == solver.diverged_at

    def test_by_huge_weights_comes_without_warnings_at_the_first_iteration(self):
        solver = trained(net(normalization=None, weight_scale=1e30), pictures())
        assert (solver.diverged_at, solver.check_iterations) == (1, [1])
        assert not np.isfinite(solver.loss_history[0])

    def test_batchnorm_stands_huge_weights(self):
        solver = trained(net(weight_scale=1e15), pictures(), optim_config={"learning_rate": 1e-3})
        assert solver.diverged_at is None


class TestCheckpoints:
    def test_are_written_at_each_check(self, tmp_path):
        held = pictures()
        solver = trained(net(), held, num_epochs=2, lr_decay=0.5, checkpoint_name=f"{tmp_path}/run")
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"run_epoch_{n}.pkl" for n in range(3)]
        for epoch in range(3):
            saved = pickle.loads((tmp_path / f"run_epoch_{epoch}.pkl").read_bytes())
            settings = {"update_rule": "sgd", "lr_decay": 0.5, "optim_config": {"learning_rate": 1.0}, "batch_size": BATCH}
            settings |= {"num_train_samples": 1000, "num_val_samples": None, "epoch": epoch}
            assert {key: saved[key] for key in settings} == settings
            assert saved["loss_history"] == solver.loss_history[: max(1, 8 * epoch)]
            assert saved["train_acc_history"] == solver.train_acc_history[: epoch + 1]
            assert saved["val_acc_history"] == solver.val_acc_history[: epoch + 1]
            again = Solver(saved["model"], held, verbose=False)
            assert again.check_accuracy(held["X_val"], held["y_val"]) == solver.val_acc_history[epoch]

    def test_are_not_written_unless_asked_for(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        trained(Scripted())
        assert list(tmp_path.iterdir()) == []


class TestPopulationStatistics:
    def test_come_from_an_epochs_worth_of_minibatches_before_each_check(self):
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

    @pytest.mark.parametrize("normalization", [None, "layernorm"])
    def test_change_nothing_for_a_net_without_any(self, normalization):
        settings = {"num_train_samples": None}
        histories = [
            trained(
                net(normalization=normalization), pictures(), statistics=statistics, eval_rng=rng, **settings
            ).val_acc_history
            for statistics, rng in (("running", None), ("population", np.random.RandomState(4)))
        ]
        assert histories[0] == histories[1]

    def test_another_kind_is_an_error(self):
        with pytest.raises(ValueError, match=r"^statistics is 'moving': it must be one of running, population$"):
            scripted(Scripted(), statistics="moving")


def test_the_data_are_left_alone():
    held = pictures()
    before = {name: array.copy() for name, array in held.items()}
    trained(net(), held, num_train_samples=3)
    for name, array in held.items():
        np.testing.assert_array_equal(array, before[name])


CIFAR_FOLDERS = [os.environ["BNLAB_DATA_DIR"]] if os.environ.get("BNLAB_DATA_DIR") else []


@pytest.mark.skipif(isinstance(find_images(CIFAR_FOLDERS), str), reason="BNLAB_DATA_DIR names no folder with CIFAR-10")
def test_the_first_loss_of_the_notebooks_normalization_study():
    """Their printed number, from their order of draws: both nets' weights, then the minibatches."""
    solvers = replay(find_images(CIFAR_FOLDERS))
    assert solvers["compare_batchnorm"].loss_history[0] == pytest.approx(2.340974, abs=2e-5)


def test_the_check_of_a_diverged_net_does_not_count_as_the_best() -> None:
    labels = np.zeros(8, int)  # a net of NaN scores guesses class 0, which is always right here

    class Scripted:
        """Right about nothing, and then diverged."""

        def __init__(self) -> None:
            self.params, self.calls = {"W1": np.ones((1, 1))}, 0

        def loss(self, X, y=None):
            if y is None:
                scores = np.zeros((len(X), 2))
                scores[:, 1] = 1
                return scores if self.calls < 3 else scores * np.nan
            self.calls += 1
            return (1.0 if self.calls < 3 else np.nan), {"W1": np.ones((1, 1))}

    data = {"X_train": np.ones((8, 1)), "y_train": labels, "X_val": np.ones((8, 1)), "y_val": labels}
    solver = Solver(Scripted(), data, batch_size=8, num_epochs=5, verbose=False)
    solver.train()
    assert solver.diverged_at == 3
    assert solver.val_acc_history == [0, 0, 1]
    assert solver.best_val_acc == 0
    np.testing.assert_array_equal(solver.best_params["W1"], [[0.99]])
