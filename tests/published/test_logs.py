"""The training logs: what is judged, skipped and drawn with all of CIFAR-10's images, some, none or others."""

import re
from dataclasses import replace

import numpy as np
import pytest

from bnlab.errors import DataError
from bnlab.nets import FullyConnectedNet
from bnlab.published.cell import replay
from bnlab.published.groups import recompute
from bnlab.published.images import Images, find_images
from bnlab.published.runs import Trainings, runs
from bnlab.published.verify import make_plan
from bnlab.solver import Solver
from bnlab.studies import STUDIES
from bnlab.studies.plan import make_plan as plan_of_study

LOGS = ("compare_batchnorm", "compare_baseline")


@pytest.fixture
def images(made_images):
    found = find_images([made_images()])
    assert isinstance(found, Images)
    return found


def test_the_cell_draws_weights_weights_minibatches_minibatches(images, facts):
    """Computed once more without a Solver, for one epoch of 20 minibatches. The accuracy checks draw nothing."""
    facts["training"]["num_epochs"] = 1
    np.random.seed(7)
    solvers = replay(images)
    assert np.random.rand() == np.random.RandomState(7).rand()
    rng = np.random.RandomState(231)
    nets = [FullyConnectedNet([100] * 5, weight_scale=2e-2, normalization=norm, rng=rng) for norm in ("batchnorm", None)]
    X, y = images.arrays["X_train"], images.arrays["y_train"]
    for log, net in zip(LOGS, nets, strict=True):
        first, *_ = [rng.choice(1000, 50) for _ in range(20)]
        assert solvers[log].loss_history[0] == pytest.approx(float(net.loss(X[first], y[first])[0]), rel=1e-6)
        assert len(solvers[log].loss_history) == 20
        assert len(solvers[log].val_acc_history) == 2
    assert rng.rand() == solvers["compare_baseline"].rng.rand()


def test_our_runs_are_those_of_the_study(images):
    """The same to the hash, so that each is trained once, whoever asks first; the ten differ in the replicate alone."""
    for arm, specs in zip(plan_of_study(STUDIES[0]).arms, runs(images).values(), strict=True):
        expected = [replace(arm.runs[0], data=images.spec, replicate=i).name for i in range(10)]
        assert [spec.name for spec in specs] == expected


def of_length(losses=200, checks=11, first=2.0):
    """A Solver that says it has trained."""
    solver = Solver.__new__(Solver)
    solver.loss_history = [first + i / 100 for i in range(losses)]
    solver.train_acc_history = [i / 10 for i in range(checks)]
    solver.val_acc_history = [i / 20 for i in range(checks)]
    return solver


def ours(mean_of, batchnorm=2.340974, baseline=2.302332):
    cell = {"compare_batchnorm": of_length(first=batchnorm), "compare_baseline": of_length(first=baseline)}
    return Trainings(Images({}, None, mean_of), cell)


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize(("off", "ok"), [(0, True), (1.9e-5, True), (-1.9e-5, True), (2.1e-5, False), (np.nan, False)])
def test_with_all_images_the_first_loss_is_judged_and_the_rest_drawn(log, off, ok):
    first, *rest = recompute(log, ours(49_000, 2.340974 + off, 2.302332 + off))
    assert (first.what, first.ok, first.tolerance) == (f"{log} loss, iteration 1", ok, 2e-5)
    assert {row.status for row in rest} == {"drawn"}
    assert {row.ok for row in rest} == {None}
    assert len(rest) == 31
    assert all(row.ours is not None and "drift" in row.why for row in rest)


def test_numbers_stand_beside_their_iteration_and_epoch():
    rows = {row.what: row for row in recompute("compare_baseline", ours(49_000))}
    assert rows["compare_baseline loss, iteration 21"].ours == pytest.approx(2.302332 + 0.2)
    assert rows["compare_baseline loss, iteration 181"].ours == pytest.approx(2.302332 + 1.8)
    assert rows["compare_baseline train_accuracy, epoch 3"].ours == 0.3
    assert rows["compare_baseline val_accuracy, epoch 10"].ours == 0.5


def test_with_some_images_batchnorms_first_loss_is_judged_and_the_baselines_skipped_with_the_reason():
    assert recompute("compare_batchnorm", ours(3000))[0].ok is True
    first, *rest = recompute("compare_baseline", ours(3000, baseline=9.0))
    assert (first.status, first.ok) == ("skipped", None)
    assert "3,000 training images are here, not 49,000" in first.why
    assert "drawn" in {row.status for row in rest}
    assert all("validation images differ" in row.why for row in rest)


@pytest.mark.parametrize("log", LOGS)
def test_without_images_all_is_skipped_with_the_reason(log, tmp_path):
    plan = make_plan([log], [tmp_path])
    assert plan.runs == []
    rows = recompute(log, Trainings(plan.images))
    assert len(rows) == 32
    assert {(row.status, row.ours, row.ok) for row in rows} == {("skipped", None, None)}
    assert all("no files of cifar10 found" in row.why and str(tmp_path) in row.why for row in rows)


def test_images_are_not_looked_for_unless_a_log_is_asked_for(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(b"damaged")
    assert make_plan(["initial_loss"], [tmp_path]).runs == []
    with pytest.raises(DataError, match="bytes over"):
        make_plan(["compare_batchnorm"], [tmp_path])


def test_the_figures_runs_are_the_same_whichever_log_is_asked_for(made_images):
    folder = made_images()
    one, other, both = (make_plan(names, [folder]).runs for names in (LOGS[:1], LOGS[1:], LOGS))
    assert one == other == both
    assert len(both) == 20


def test_other_images_in_the_same_layout_are_not_taken_for_cifar10(made_images, facts):
    folder = made_images()
    facts["training"]["first_images"] = "0" * 64
    assert "not CIFAR-10's own" in find_images([folder])


@pytest.mark.parametrize(
    ("count", "why"), [(1999, "999 training images .* and 1,000 are needed"), (500, "hold 500 .* put files")]
)
def test_too_few_images_are_a_reason(made_images, count, why):
    assert re.search(why, find_images([made_images(count)]))


def test_of_all_images_the_first_thousand_count(made_images):
    found = find_images([made_images(2500)])
    assert (found.mean_of, found.spec.num_train, len(found.arrays["X_train"])) == (1500, 1000, 1000)
    assert found.arrays["X_train"].dtype == np.float32
