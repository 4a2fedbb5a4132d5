"""The cells of the course's notebooks of 2018 to 2020, in other words: only the imports and the sizes are ours.

The data are a dict as the notebooks load it. What these cells compute is tested elsewhere; that they run is tested here.
"""

import pickle

import numpy as np
import pytest

from bnlab.data import load
from bnlab.gradcheck import eval_numerical_gradient, rel_error
from bnlab.nets import FullyConnectedNet, ThreeLayerConvNet, TwoLayerNet
from bnlab.optim import adam, rmsprop, sgd_momentum
from bnlab.solver import Solver

N, D, H1, H2, C = 2, 7, 12, 10, 10
PIXELS = 64


@pytest.fixture
def data():
    return load("synthetic", num_train=200, num_val=100, num_test=50).arrays()


@pytest.fixture
def small_data(data):
    return {
        "X_train": data["X_train"][:50],
        "y_train": data["y_train"][:50],
        "X_val": data["X_val"],
        "y_val": data["y_val"],
    }


@pytest.fixture(autouse=True)
def seeded():
    np.random.seed(231)


def check_gradients(model, X, y, tolerance=1e-5):
    _, grads = model.loss(X, y)
    for name in sorted(grads):
        numeric = eval_numerical_gradient(lambda _: model.loss(X, y)[0], model.params[name], verbose=False, h=1e-5)
        assert rel_error(numeric, grads[name]) < tolerance or np.abs(numeric - grads[name]).max() < 1e-8, name


def test_two_layer_net():
    std = 1e-3
    model = TwoLayerNet(input_dim=D, hidden_dim=50, num_classes=7, weight_scale=std)
    assert abs(model.params["W1"].std() - std) < std / 10
    assert abs(model.params["W2"].std() - std) < std / 10
    assert np.all(model.params["b1"] == 0)
    assert np.all(model.params["b2"] == 0)
    model.params["W1"] = np.linspace(-0.7, 0.3, num=D * 50).reshape(D, 50)
    model.params["b1"] = np.linspace(-0.1, 0.9, num=50)
    model.params["W2"] = np.linspace(-0.3, 0.4, num=50 * 7).reshape(50, 7)
    model.params["b2"] = np.linspace(-0.9, 0.1, num=7)
    X, y = np.linspace(-5.5, 4.5, num=3 * D).reshape(D, 3).T, np.asarray([0, 5, 1])
    hidden = np.maximum(X @ model.params["W1"] + model.params["b1"], 0)
    np.testing.assert_allclose(model.loss(X), hidden @ model.params["W2"] + model.params["b2"], rtol=1e-12)
    loss, _ = model.loss(X, y)
    model.reg = 1.0
    regularized, _ = model.loss(X, y)
    squares = np.sum(model.params["W1"] ** 2) + np.sum(model.params["W2"] ** 2)
    assert regularized - loss == pytest.approx(0.5 * squares, rel=1e-12)
    for reg in [0.0, 0.7]:
        model.reg = reg
        check_gradients(model, X, y)


def test_solver_with_its_defaults_prints_and_reports(data, capsys):
    model = TwoLayerNet(input_dim=PIXELS)
    solver = Solver(
        model, data, update_rule="sgd", optim_config={"learning_rate": 1e-3}, lr_decay=0.95, num_epochs=3, print_every=2
    )
    solver.train()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"(Iteration 1 / 6) loss: {solver.loss_history[0]:.6f}"
    assert lines[1].startswith("(Epoch 0 / 3) train acc: ")
    assert len(solver.loss_history) == 6
    assert len(solver.train_acc_history) == len(solver.val_acc_history) == 4
    assert solver.best_val_acc == max(solver.val_acc_history)


def test_initial_loss_and_gradients_with_regularization():
    X, y = np.random.randn(N, D), np.random.randint(C, size=(N,))
    for reg in [0, 3.14]:
        model = FullyConnectedNet([H1, H2], input_dim=D, num_classes=C, reg=reg, weight_scale=5e-2, dtype=np.float64)
        loss, _ = model.loss(X, y)
        assert loss - np.log(C) < 0.1 if reg == 0 else loss - np.log(C) > 0.1
        check_gradients(model, X, y)


def test_a_few_images_are_learnt_by_heart(small_data):
    model = FullyConnectedNet([100, 100], input_dim=PIXELS, weight_scale=5e-2, dtype=np.float64)
    solver = Solver(
        model,
        small_data,
        print_every=10,
        num_epochs=20,
        batch_size=25,
        update_rule="sgd",
        optim_config={"learning_rate": 1e-3},
        verbose=False,
    )
    solver.train()
    assert solver.train_acc_history[-1] > 0.9


def test_update_rules_keep_their_state_in_config(data):
    w, dw = np.linspace(-0.4, 0.6, num=20).reshape(4, 5), np.linspace(-0.6, 0.4, num=20).reshape(4, 5)
    _, config = sgd_momentum(w, dw, config={"learning_rate": 1e-3, "velocity": np.full((4, 5), 0.7)})
    assert config["velocity"].shape == (4, 5)
    _, config = rmsprop(w, dw, config={"learning_rate": 1e-2, "cache": np.full((4, 5), 0.7)})
    assert config["cache"].shape == (4, 5)
    _, config = adam(w, dw, config={"learning_rate": 1e-2, "m": np.zeros((4, 5)), "v": np.zeros((4, 5)), "t": 5})
    assert config["t"] == 6
    solvers = {}
    for update_rule, learning_rate in {"sgd": 5e-3, "sgd_momentum": 5e-3, "rmsprop": 1e-4, "adam": 1e-3}.items():
        model = FullyConnectedNet([20, 20], input_dim=PIXELS, weight_scale=5e-2)
        config = {"learning_rate": learning_rate}
        solver = Solver(
            model, data, num_epochs=2, batch_size=100, update_rule=update_rule, optim_config=config, verbose=False
        )
        solvers[update_rule] = solver
        solver.train()
    assert all(len(solver.loss_history) == 4 for solver in solvers.values())


@pytest.mark.parametrize("normalization", ["batchnorm", "layernorm"])
def test_normalization_against_the_baseline(normalization, data):
    X, y = np.random.randn(N, D), np.random.randint(C, size=(N,))
    for reg in [0, 3.14]:
        model = FullyConnectedNet(
            [H1, H2], input_dim=D, num_classes=C, reg=reg, weight_scale=5e-2, dtype=np.float64, normalization=normalization
        )
        check_gradients(model, X, y, tolerance=1e-3)
    hidden_dims, weight_scale = [20, 20, 20], 2e-2
    bn_model = FullyConnectedNet(hidden_dims, input_dim=PIXELS, weight_scale=weight_scale, normalization=normalization)
    model = FullyConnectedNet(hidden_dims, input_dim=PIXELS, weight_scale=weight_scale, normalization=None)
    histories = []
    for net in (bn_model, model):
        solver = Solver(
            net,
            data,
            num_epochs=10,
            batch_size=50,
            update_rule="adam",
            optim_config={"learning_rate": 1e-3},
            verbose=False,
            print_every=20,
        )
        solver.train()
        histories.append(solver.train_acc_history)
    assert max(histories[0]) > max(histories[1])
    assert bn_model.bn_params[0]["mode"] == "test"


def test_dropout_initial_losses_and_gradients():
    X, y = np.random.randn(N, D), np.random.randint(C, size=(N,))
    for dropout in [1, 0.75, 0.5]:
        model = FullyConnectedNet(
            [H1, H2], input_dim=D, num_classes=C, weight_scale=5e-2, dtype=np.float64, dropout=dropout, seed=123
        )
        loss, _ = model.loss(X, y)
        assert loss == pytest.approx(np.log(C), abs=0.1)
        check_gradients(model, X, y)


def test_dropout_against_none(small_data):
    solvers = {}
    for dropout in [1, 0.25]:
        model = FullyConnectedNet([100], PIXELS, C, dropout)
        solver = Solver(
            model,
            small_data,
            num_epochs=25,
            batch_size=10,
            update_rule="adam",
            optim_config={"learning_rate": 5e-4},
            verbose=False,
            print_every=100,
        )
        solver.train()
        solvers[dropout] = solver
    assert np.mean(solvers[1].loss_history[-20:]) < np.mean(solvers[0.25].loss_history[-20:])
    assert len(solvers[0.25].val_acc_history) == 26


def test_the_signature_by_position():
    model = FullyConnectedNet([H1], D, C, 0.5, "layernorm", 0.1, 5e-2, np.float64, 123)
    named = {
        "dropout": 0.5,
        "normalization": "layernorm",
        "reg": 0.1,
        "weight_scale": 5e-2,
        "dtype": np.float64,
        "seed": 123,
    }
    np.random.seed(231)
    other = FullyConnectedNet([H1], input_dim=D, num_classes=C, **named)
    X, y = np.random.randn(N, D), np.random.randint(C, size=(N,))
    assert model.loss(X, y)[0] == other.loss(X, y)[0]
    assert list(model.params) == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]


def test_the_best_model_on_validation_and_test_images(data, tmp_path):
    best_model, best_val = None, -1
    for learning_rate in [1e-4, 1e-2]:
        model = FullyConnectedNet([50], input_dim=PIXELS, weight_scale=5e-2, normalization="batchnorm", dropout=0.8)
        solver = Solver(
            model,
            data,
            update_rule="adam",
            optim_config={"learning_rate": learning_rate},
            num_epochs=5,
            batch_size=20,
            verbose=False,
            checkpoint_name=str(tmp_path / "net"),
        )
        solver.train()
        if solver.best_val_acc > best_val:
            best_model, best_val = solver.model, solver.best_val_acc
    y_val_pred = np.argmax(best_model.loss(data["X_val"]), axis=1)
    y_test_pred = np.argmax(best_model.loss(data["X_test"]), axis=1)
    assert (y_val_pred == data["y_val"]).mean() == best_val
    assert (y_test_pred == data["y_test"]).mean() > 0.3
    assert solver.check_accuracy(data["X_test"], data["y_test"], num_samples=20, batch_size=7) >= 0
    assert pickle.loads((tmp_path / "net_epoch_5.pkl").read_bytes())["epoch"] == 5
    assert solver.best_params["W1"].shape == (PIXELS, 50)


def test_three_layer_conv_net(small_data):
    X, y = np.random.randn(5, 3, 32, 32), np.random.randint(10, size=5)
    model = ThreeLayerConvNet()
    loss, _ = model.loss(X, y)
    model.reg = 0.5
    assert loss == pytest.approx(np.log(10), abs=1e-2)
    assert model.loss(X, y)[0] > loss

    X, y = np.random.randn(2, 3, 4, 4), np.random.randint(10, size=2)
    model = ThreeLayerConvNet(
        num_filters=3, filter_size=3, input_dim=(3, 4, 4), hidden_dim=7, weight_scale=0.3, dtype=np.float64
    )
    check_gradients(model, X, y, tolerance=1e-2)

    model = ThreeLayerConvNet(input_dim=(1, 8, 8), filter_size=3, weight_scale=1e-2)
    solver = Solver(
        model,
        small_data,
        num_epochs=15,
        batch_size=25,
        update_rule="adam",
        optim_config={"learning_rate": 1e-3},
        verbose=False,
        print_every=1,
    )
    solver.train()
    assert solver.train_acc_history[-1] > 0.8
    assert model.params["W1"].transpose(0, 2, 3, 1).shape == (32, 3, 3, 1)
