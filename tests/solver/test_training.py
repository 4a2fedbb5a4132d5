"""The training loop, rule by rule: minibatches, sources, checks, the learning rate, updates, printing, checkpoints."""

import pickle
import re

import numpy as np
import pytest

from bnlab.nets import FullyConnectedNet
from bnlab.optim import RULES
from tests.solver.models import BATCH, PER_EPOCH, N, Scripted, net, numbered, pictures, scripted, trained


class TestMinibatches:
    def test_are_drawn_with_replacement_from_the_source_in_order(self):
        model, rng = Scripted(), np.random.RandomState(1)
        trained(model)
        assert model.batches == [rng.choice(N, BATCH).tolist() for _ in range(3 * PER_EPOCH)]
        assert any(len(set(batch)) < BATCH for batch in model.batches)

    @pytest.mark.parametrize(("batch_size", "per_epoch"), [(1, 23), (11, 2), (12, 1), (23, 1), (100, 1)])
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
            {"normalization": None, "weight_scale": 0.01, "reg": 0.1},
            pytest.param({"dropout_keep_ratio": 0.5, "dropout_rng": np.random.RandomState(3)}, id="dropout_rng"),
            {"dropout_keep_ratio": 0.5, "seed": 3},
        ],
        ids=str,
    )
    def test_are_the_same_in_every_arm(self, arm):
        reference, model = net(), net(**arm)
        trained(reference, pictures())
        trained(model, pictures())
        np.testing.assert_array_equal(model.batches, reference.batches)

    @pytest.mark.parametrize(
        "evaluation", [{"num_train_samples": 3, "num_val_samples": 7}, {"statistics": "population"}], ids=str
    )
    def test_are_the_same_whatever_evaluation_draws(self, evaluation):
        reference, model = net(), net()
        losses = trained(reference, pictures()).loss_history
        solver = trained(model, pictures(), eval_rng=np.random.RandomState(4), **evaluation)
        np.testing.assert_array_equal(model.batches, reference.batches)
        assert solver.loss_history == losses


class TestSources:
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

    def test_may_be_lists_of_draws_made_before(self):
        """Anything with the methods will do, even if it counts as false."""

        class Draws(list):
            def __bool__(self):
                return False

            def draw(self, *_):
                return self.pop(0)

            choice = random = standard_normal = draw

        stream, ours = np.random.RandomState(5), np.random.RandomState(5)
        weights = Draws(stream.standard_normal(shape) for shape in ((6, 8), (8, 8), (8, 3)))
        masks = Draws(stream.random((BATCH, 8)) for _ in range(2 * 8))
        batches = Draws(stream.choice(40, BATCH) for _ in range(8))
        models = [net(rng=rng, dropout_keep_ratio=0.5, dropout_rng=masks) for rng in (weights, ours)]
        solver = trained(models[0], pictures(), rng=batches, num_epochs=1)
        assert (weights, masks, batches) == ([], [], [])

        masks.extend(ours.random((BATCH, 8)) for _ in range(2 * 8))
        assert trained(models[1], pictures(), rng=ours, num_epochs=1).loss_history == solver.loss_history


class TestChecks:
    @pytest.mark.parametrize(
        ("epochs", "batch_size", "expected"), [(10, 5, [1, *range(4, 41, 4)]), (3, 23, [1, 2, 3]), (1, 23, [1]), (0, 5, [])]
    )
    def test_come_after_the_first_iteration_each_epoch_and_the_last(self, epochs, batch_size, expected):
        solver = trained(Scripted(), num_epochs=epochs, batch_size=batch_size)
        assert solver.check_iterations == expected
        assert len(solver.train_acc_history) == len(solver.val_acc_history) == len(expected)

    def test_see_the_model_as_it_is_after_the_iteration(self):
        solver = trained(Scripted(accuracy=lambda t: t / 20 + 0.01))
        assert solver.val_acc_history == [0.1, 0.2, 0.4, 0.6]
        assert solver.train_acc_history == [2 / 23, 5 / 23, 10 / 23, 15 / 23]


class TestAccuracy:
    def solver(self):
        return scripted(Scripted(accuracy=lambda t: 0.5), eval_rng=np.random.RandomState(5))

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

    def test_of_no_images_is_an_error(self):
        with pytest.raises(ValueError, match=r"^there are no images to check accuracy on: give at least one$"):
            self.solver().check_accuracy(np.zeros((0, 1)), np.zeros(0, int))

    def test_of_raw_images_is_an_error_for_a_net_trained_on_centred_ones(self):
        with pytest.raises(ValueError, match=r"^these are images of uint8, .*: take X_test from the arrays\(\) of"):
            self.solver().check_accuracy(np.zeros((3, 1), np.uint8), np.zeros(3, int))


class TestLearningRate:
    @pytest.mark.parametrize(
        ("config", "decay", "rates"),
        [({"learning_rate": 1.0}, 0.5, [1.0, 0.5, 0.25]), (None, 0.1, [1e-2, 1e-3, 1e-4])],
        ids=["given", "the rule's own"],
    )
    def test_decays_at_the_end_of_each_epoch(self, config, decay, rates):
        model, steps = Scripted(), []
        model.next_loss = lambda t: steps.append(model.params["w"][0]) or 1.0
        trained(model, optim_config=config, lr_decay=decay)
        np.testing.assert_allclose(-np.diff(steps), 4 * [rates[0]] + 4 * [rates[1]] + 3 * [rates[2]], rtol=1e-9)

    def test_decay_leaves_the_callers_settings_alone(self):
        config = {"learning_rate": 1.0}
        trained(Scripted(), optim_config=config, lr_decay=0.5)
        assert config == {"learning_rate": 1.0}


class TestUpdateRules:
    @pytest.mark.parametrize("rule", RULES)
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


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"update_rule": "adagrad"}, "update_rule is 'adagrad': it must be one of sgd, sgd_momentum, rmsprop, adam"),
        ({"statistics": "moving"}, "statistics is 'moving': it must be one of running, population"),
    ],
    ids=["update_rule", "statistics"],
)
def test_an_unknown_choice_is_an_error(setting, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        scripted(Scripted(), **setting)


def test_the_data_are_left_alone():
    held = pictures()
    before = {name: array.copy() for name, array in held.items()}
    trained(net(), held, num_train_samples=3)
    for name, array in held.items():
        np.testing.assert_array_equal(array, before[name])


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
            again = scripted(saved["model"], held)
            assert again.check_accuracy(held["X_val"], held["y_val"]) == solver.val_acc_history[epoch]

    def test_are_not_written_unless_asked_for(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        trained(Scripted())
        assert list(tmp_path.iterdir()) == []


def test_repr_says_what_is_trained_how_and_how_far():
    solver = scripted(net(), pictures(), update_rule="adam")
    assert repr(solver) == "Solver(Remembering(6-8-8-3, batchnorm, float32), adam, t=0 of 24, best_val_acc=-inf)"
    solver.train()
    assert repr(solver).endswith(f"adam, t=24 of 24, best_val_acc={max(solver.val_acc_history):.3f})")
    solver = trained(net(normalization=None, weight_scale=1e30), pictures())
    assert repr(solver).endswith("sgd, t=1 of 24, diverged at 1, best_val_acc=-inf)")


def test_a_check_on_many_images_gathers_them_batch_by_batch():
    class Asked:
        """Images that remember how many of them were asked for at once."""

        dtype, shape = np.dtype(float), (23, 1)

        def __init__(self):
            self.most = 0

        def __len__(self):
            return 23

        def __getitem__(self, rows):
            found = numbered()["X_train"][rows]
            self.most = max(self.most, len(found))
            return found

    images = Asked()
    solver = scripted(Scripted(accuracy=lambda t: 0.5))
    whole, drawn = (solver.check_accuracy(images, np.zeros(23, int), num, batch_size=4) for num in (None, 20))
    assert (images.most, whole) == (4, 12 / 23)
    assert 0.2 < drawn < 0.8
