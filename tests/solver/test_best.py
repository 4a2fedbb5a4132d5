"""Which check is the best, which parameters are kept for it, and how a diverged training ends."""

import pickle

import numpy as np
import pytest

from bnlab.nets import FullyConnectedNet
from bnlab.optim import RULES
from bnlab.training import best_check
from tests.solver.models import PER_EPOCH, Scripted, net, pictures, scripted, trained


@pytest.mark.parametrize(
    ("accuracies", "diverged", "best"),
    [
        ([0.1, 0.3, 0.9, 0.5], False, 2),
        ([0.1, 0.5, 0.5, 0.5], False, 1),
        ([0.0, 0.0], False, 0),
        ([0.1, 0.3, 0.9], True, 1),
        ([0.1, 0.3, 0.2], True, 1),
        ([0.9], True, None),
        ([], False, None),
        ([], True, None),
    ],
)
def test_the_best_check_is_the_first_of_the_highest_and_never_that_of_a_diverged_net(accuracies, diverged, best):
    assert best_check(accuracies, diverged) == best


class TestBestParameters:
    @pytest.mark.parametrize(
        ("script", "best"),
        [
            ({1: 0.1, 4: 0.3, 8: 0.9, 12: 0.5}, 8),
            ({1: 0.1, 4: 0.5, 8: 0.5, 12: 0.5}, 4),
            ({1: 0.0, 4: 0.0, 8: 0.0, 12: 0.0}, 1),
        ],
        ids=["in between", "a tie goes to the earlier", "none beats 0"],
    )
    def test_are_kept_and_restored(self, script, best):
        model = Scripted(accuracy=script.get)
        solver = trained(model)
        assert model.params["w"].tolist() == [-best]
        assert {name: array.tolist() for name, array in solver.best_params.items()} == {"w": [-best]}
        assert solver.best_val_acc == pytest.approx(script[best])
        model.params["w"] -= 100
        assert solver.best_params["w"].tolist() == [-best]

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


class TestDivergence:
    @pytest.mark.parametrize("loss", [np.nan, np.inf])
    @pytest.mark.parametrize(("at", "checks"), [(1, [1]), (4, [1, 4]), (6, [1, 4, 6]), (12, [1, 4, 8, 12])])
    def test_ends_the_run_at_once(self, loss, at, checks):
        model = Scripted(loss=lambda t: loss if t == at else 1.0)
        solver = trained(model, lr_decay=0.5)
        assert solver.diverged_at == at
        np.testing.assert_array_equal(solver.loss_history, [*(at - 1) * [1.0], loss])
        assert solver.check_iterations == checks
        assert len(solver.train_acc_history) == len(solver.val_acc_history) == len(checks)
        assert solver.epoch == (at - 1) // PER_EPOCH

    @pytest.mark.parametrize("good", [0.5, 1.0], ids=["it scores less", "it scores most"])
    def test_has_no_update_and_never_makes_the_best_check(self, good):
        model = Scripted(accuracy={1: 0.1, 4: 0.5, 5: good}.get, loss=lambda t: np.nan if t == 6 else 1.0)
        solver = trained(model)
        assert (model.params["w"].tolist(), solver.best_val_acc) == ([-4], 0.5)

    @pytest.mark.parametrize(("at", "found"), [(1, 1), (2, 4), (4, 4), (9, 12)])
    def test_is_found_at_the_next_check_if_an_update_overflows_and_the_loss_does_not_show_it(self, at, found):
        """As the bias of a dead unit hides: minus infinity leaves the loss as it was."""
        model = Scripted(accuracy=lambda t: 0.9 if np.isinf(t) else t / 20, gradient=lambda t: np.inf if t == at else 1.0)
        solver = trained(model)
        checks = [t for t in (1, 4, 8, 12) if t <= found]
        assert (solver.diverged_at, len(solver.loss_history), solver.check_iterations) == (found, found, checks)
        assert np.isfinite(solver.loss_history).all()
        assert solver.epoch == (found - 1) // PER_EPOCH
        assert model.params["w"].tolist() == [-checks[-2] if len(checks) > 1 else 0]

    def test_by_the_first_update_of_a_net_leaves_the_initial_parameters(self):
        held = pictures()
        held["X_train"] *= 100
        model = net(normalization=None, dtype=np.float64)
        initial = model.params.arrays()
        solver = trained(model, held, optim_config={"learning_rate": 1e308}, num_epochs=1, batch_size=40)
        assert np.isfinite(solver.loss_history).all()
        assert (solver.diverged_at, solver.check_iterations, solver.best_val_acc) == (1, [1], -np.inf)
        for name, array in initial.items():
            np.testing.assert_array_equal(model.params[name], array)
            np.testing.assert_array_equal(solver.best_params[name], array)

    def test_by_a_dead_unit_of_a_net_is_found(self):
        model = net(normalization=None)
        solver = scripted(model, pictures(), num_epochs=1)
        model.params["b1"][0] = -np.inf
        solver.train()
        assert np.isfinite(solver.loss_history[0])
        assert solver.diverged_at == 1

    def test_at_a_huge_rate_leaves_the_model_that_makes_the_best_check(self):
        held, told_apart = pictures(), 0
        for seed in range(20):
            rng = np.random.RandomState(seed)
            model = FullyConnectedNet([8, 8], 6, 3, weight_scale=0.5, rng=rng)
            solver = trained(model, held, optim_config={"learning_rate": 1e6}, rng=rng)
            accuracies = solver.val_acc_history
            best = best_check(accuracies, solver.diverged_at is not None)
            assert solver.best_val_acc == (-np.inf if best is None else accuracies[best])
            with np.errstate(over="ignore", invalid="ignore"):
                assert best is None or solver.check_accuracy(held["X_val"], held["y_val"]) == accuracies[best]
            assert np.isfinite(model.params.flat).all()
            told_apart += solver.best_val_acc != max(accuracies)
        assert told_apart > 0

    @pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
    @pytest.mark.parametrize("rule", RULES)
    def test_by_a_huge_learning_rate_comes_without_warnings(self, normalization, rule):
        model = net(normalization=normalization)
        solver = trained(model, pictures(), update_rule=rule, optim_config={"learning_rate": 1e30}, num_epochs=5)
        assert solver.diverged_at == len(solver.loss_history) < 40
        assert solver.check_iterations[-1] == solver.diverged_at
        assert np.isfinite(model.params.flat).all()

    def test_by_huge_weights_comes_at_the_first_iteration_unless_batchnorm_scales_them(self):
        solver = trained(net(normalization=None, weight_scale=1e30), pictures())
        assert (solver.diverged_at, solver.check_iterations) == (1, [1])
        assert not np.isfinite(solver.loss_history[0])
        assert trained(net(weight_scale=1e15), pictures(), optim_config={"learning_rate": 1e-3}).diverged_at is None

    def test_is_printed(self, capsys):
        trained(Scripted(loss=lambda t: np.nan), verbose=True)
        lines = "(Iteration 1 / 12) loss: nan\n(Epoch 0 / 3) train acc: 0.000000; val_acc: 0.000000\n"
        assert capsys.readouterr().out == lines
