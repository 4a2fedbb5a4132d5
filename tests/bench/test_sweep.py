"""The sweep side by side: what is worked out from turns, and that the peers' programs train the same nets."""

import json
import sys

import numpy as np
import pytest

from bnlab.bench.figures import FAST, PLAIN
from bnlab.bench.peers import notebook
from bnlab.bench.peers.task import best
from bnlab.bench.processes import run_python
from bnlab.bench.sweep import (
    AROUND,
    PEERS,
    Peer,
    Turn,
    against,
    check_settings,
    environment_for,
    figures_of,
    representative,
    write_task,
)
from bnlab.errors import RunError, SettingsError
from bnlab.lab.executor import ONE_THREAD
from bnlab.nets import FullyConnectedNet
from bnlab.studies import STUDIES
from bnlab.studies.plan import make_plan
from bnlab.studies.settings import parse_set

pytestmark = pytest.mark.slow

SETTINGS = (
    "replicates=1", "data.dataset=synthetic", "data.num_train=200", "net.hidden_dims=[20,20]", "solver.num_epochs=12",
    "arms.num_weight_scales=2", "arms.lowest_weight_scale=0.05", "arms.highest_weight_scale=0.1",
)  # fmt: skip
[ENTRY] = [entry for entry in STUDIES if entry.name == "sweep weight-scale"]


@pytest.fixture(scope="module")
def plan():
    return make_plan(ENTRY, None, [*map(parse_set, SETTINGS)])


@pytest.fixture
def task(plan, tmp_path):
    return write_task(plan, 2, tmp_path)


def test_figures_from_turns():
    """Ours 2 s of which runs take 3 s on two processes; PyTorch 6 s: three times as long, in both rounds."""
    turns = {
        ("bnlab", PLAIN): [Turn(2, {}, 3.0), Turn(4, {}, 6.0)],
        ("bnlab", FAST): [Turn(1, {}, 1.0), Turn(2, {}, 1.0)],
        ("PyTorch", ""): [Turn(6, {}), Turn(12, {})],
    }
    found = {(figure.what, figure.kernels): figure for figure in figures_of(turns, jobs=2)}
    assert found["bnlab", PLAIN][3:6] == (3, 2, 4)
    assert found[AROUND, PLAIN][3:6] == (0.75, 0.5, 1.0)
    assert found[AROUND, FAST][3:6] == (1.0, 0.5, 1.5)
    assert found[against("PyTorch"), PLAIN][3:6] == pytest.approx((3, 3, 3))
    assert found[against("PyTorch"), FAST].value == pytest.approx(6)
    assert len(found) == 7


def test_what_is_not_installed_is_told_apart(monkeypatch):
    assert not Peer("x", "x", ("no_such_module_at_all",)).installed
    assert Peer("x", "x", ("numpy",)).installed
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not PEERS[0].installed


def test_the_task_has_the_images_and_the_settings_of_the_plan(plan, task):
    found = json.loads(task.read_text(encoding="utf-8"))
    runs = [["batchnorm", 0.05], ["batchnorm", 0.1], ["none", 0.05], ["none", 0.1]]
    assert [(kind, pytest.approx(scale)) for kind, scale in found.pop("runs")] == [tuple(run) for run in runs]
    with np.load(found.pop("images")) as images:
        assert {name: images[name].shape for name in images.files} == {
            "X_train": (200, 1, 8, 8), "y_train": (200,), "X_val": (1000, 1, 8, 8), "y_val": (1000,),
        }  # fmt: skip
    assert found == {
        "hidden_dims": [20, 20], "batch_size": 50, "num_epochs": 12, "learning_rate": 1e-3, "processes": 2,
    }  # fmt: skip


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peers_program_learns(peer, task):
    """More than chance, .1."""
    if not peer.installed:
        pytest.skip(f"{peer.name} isn't installed")
    reached = json.loads(run_python(["-m", f"bnlab.bench.peers.{peer.program}", str(task)], ONE_THREAD).out)
    assert reached.keys() == {"batchnorm", "none"}
    assert 0.3 < reached["batchnorm"]["best_train_acc"] <= 1
    assert all(0 < value <= 1 for row in reached.values() for value in row.values())


def test_the_best_of_each_normalization():
    runs = [["batchnorm", 1], ["none", 1], ["batchnorm", 2]]
    assert best(runs, [(0.5, 0.1), (0.2, 0.3), (0.4, 0.2)]) == {
        "batchnorm": {"best_train_acc": 0.5, "best_val_acc": 0.2},
        "none": {"best_train_acc": 0.2, "best_val_acc": 0.3},
    }


@pytest.mark.parametrize("normalization", ["batchnorm", "none"])
def test_the_notebooks_net_is_ours(normalization):
    """The same loss, gradients and, after it moved its running averages, scores."""
    ours = FullyConnectedNet([5, 4], 6, 3, normalization=None if normalization == "none" else normalization, rng=np.random)
    theirs = notebook.FullyConnectedNet([6, 5, 4, 3], normalization, 0.1)
    rng = np.random.RandomState(0)
    for name, value in ours.params.items():
        value[...] = rng.standard_normal(value.shape)
        theirs.params[name] = value.copy()
    X, y = rng.standard_normal((8, 6)).astype(np.float32), np.arange(8) % 3
    (loss, grads), (their_loss, their_grads) = ours.loss(X, y), theirs.loss(X, y)
    assert their_loss == pytest.approx(loss.item(), rel=1e-4)
    assert their_grads.keys() == grads.keys()
    for name, gradient in grads.items():
        np.testing.assert_allclose(their_grads[name], gradient, rtol=2e-3, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(theirs.loss(X), ours.loss(X), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("normalization", ["batchnorm", "none"])
def test_the_net_in_pytorch_is_ours(normalization):
    torch = pytest.importorskip("torch")
    from bnlab.bench.peers.pytorch import build

    ours = FullyConnectedNet([5, 4], 6, 3, normalization=None if normalization == "none" else normalization, rng=np.random)
    theirs = build([6, 5, 4, 3], normalization, 0.1)
    for mine, other in zip(ours.params.values(), theirs.parameters(), strict=True):
        mine[...] = other.detach().numpy().T
    X, y = np.random.RandomState(0).standard_normal((8, 6)).astype(np.float32), np.arange(8) % 3
    loss = torch.nn.CrossEntropyLoss()(theirs(torch.from_numpy(X)), torch.from_numpy(y))
    loss.backward()
    mine, grads = ours.loss(X, y)
    assert float(mine) == pytest.approx(loss.item(), rel=1e-4)
    for (name, gradient), other in zip(grads.items(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(gradient, other.grad.numpy().T, rtol=1e-3, atol=1e-5, err_msg=name)


def test_the_run_that_stands_for_all(plan):
    assert (representative(plan).net.normalization, representative(plan).net.weight_scale) == ("batchnorm", 0.05)


def test_the_kernels_are_chosen_by_the_environment():
    assert environment_for("NumPy") == {"BNLAB_FAST": "0"}
    assert environment_for("numba") == {}


def test_settings_that_the_peers_do_not_know_are_refused():
    plan = make_plan(ENTRY, None, [*map(parse_set, (*SETTINGS, "net.reg=0.5"))])
    with pytest.raises(SettingsError, match=r"^net\.reg is not allowed here, .*: leave it out, or set one of"):
        check_settings(plan)


def test_a_program_that_fails_is_named_with_its_last_words():
    with pytest.raises(RunError, match=r"ended with status 1: .*no_such_module"):
        run_python(["-c", "import no_such_module"])
