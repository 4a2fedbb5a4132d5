"""Checkpoints: a training that goes on from one ends with the bytes of one that nobody disturbed."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from bnlab.errors import SettingsError, StoreError
from bnlab.fullsize.checkpoint import NAME, read
from bnlab.fullsize.train import find_checkpoint, train
from bnlab.lab.npz import pack, unpack
from bnlab.optim import RULES
from bnlab.runs.spec import ENGINES
from tests.fullsize.conftest import CNN, MLP


class Stopped(BaseException):
    """As KeyboardInterrupt is."""


def stopping_at(iteration):
    """What stops a training after so many iterations."""

    def tell(solver):
        if solver.t == iteration:
            raise Stopped

    return tell


def begun(job, folder, iteration):
    with pytest.raises(Stopped):
        train(job, folder, 1, tell=stopping_at(iteration))


def content(folder):
    return (folder / NAME).read_bytes()


CASES = {
    **{rule: (MLP, [f"solver.update_rule={rule}"]) for rule in RULES},
    "dropout": (MLP, ["net.keep_prob=0.5", "net.normalization=layernorm"]),
    "few checked": (MLP, ["solver.num_train_samples=7"]),
    "population": (MLP, ["solver.statistics=population"]),
    "float64": (MLP, ["dtype=float64"]),
    "convnet": (CNN, []),
    "stops early": (MLP, ["solver.patience=1", "solver.learning_rate=1e-9", "solver.update_rule=sgd"]),
    "diverges": (MLP, ["solver.update_rule=sgd", "solver.learning_rate=1e30", "net.normalization=none"]),
}


@pytest.mark.parametrize("case", CASES)
def test_going_on_gives_the_bytes_of_an_undisturbed_training(case, job, tmp_path):
    text, sets = CASES[case]
    asked = job(*sets, text=text)
    whole = train(asked, tmp_path / "whole", 1).solver
    for iteration in (1, 4, 6):
        if iteration >= whole.t:
            continue
        folder = tmp_path / str(iteration)
        begun(asked, folder, iteration)
        assert content(folder) != content(tmp_path / "whole")
        resumed = train(asked, folder, 1, read(folder)).solver
        assert content(folder) == content(tmp_path / "whole")
        np.testing.assert_equal(resumed.state(), whole.state())
        np.testing.assert_equal(dict(resumed.model.params), dict(whole.model.params))


def test_a_training_that_has_ended_stays_as_it_is(job, tmp_path):
    whole = train(job(), tmp_path, 1).solver
    before = content(tmp_path)
    again = train(job(), tmp_path, 1, read(tmp_path))
    assert (again.solver.t, again.begun_at) == (whole.t, whole.t)
    np.testing.assert_equal(dict(again.solver.model.params), dict(whole.model.params))
    assert content(tmp_path) == before


@pytest.mark.parametrize("sets", [["solver.num_epochs=6"], ["solver.num_epochs=6", "solver.patience=5"]])
def test_more_epochs_go_on_as_if_they_had_been_planned(sets, job, tmp_path):
    train(job(), tmp_path / "short", 1)
    found = read(tmp_path / "short")
    found.check_is_of(job(*sets).spec)
    train(job(*sets), tmp_path / "short", 1, found)
    train(job(*sets), tmp_path / "long", 1)
    assert content(tmp_path / "short") == content(tmp_path / "long")


def test_only_arrays_and_json_and_nothing_of_the_machine(job, tmp_path):
    train(job(), tmp_path, 1)
    with np.load(tmp_path / NAME, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    text = arrays.pop("tree").tobytes().decode()
    assert all(array.dtype.kind in "fiu" for array in arrays.values())
    document = json.loads(text)["dict"]
    assert set(document) == {"format", "schema", "spec", "threads", "state"}
    assert str(tmp_path) not in text


def other_state(change):
    """A checkpoint with something else in it."""

    def changed(content):
        document = unpack(content)
        change(document)
        return pack(document)

    return changed


def as_float64(parameters, statistics):
    """A snapshot in another dtype."""
    return parameters.astype(np.float64), statistics


DAMAGE = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "no zip": lambda content: b"x" * len(content),
    "another format": other_state(lambda document: document.update(format="another")),
    "another version": other_state(lambda document: document.update(schema=2)),
    "no spec": other_state(lambda document: document.pop("spec")),
    "no net": other_state(lambda document: document["spec"].update(net={"model": "none"})),
    "threads in words": other_state(lambda document: document.update(threads="two")),
    "no threads": other_state(lambda document: document.update(threads=0)),
}
UNFIT = {
    "other parameters": other_state(lambda document: document["state"].update(model=(np.zeros(1, np.float32), []))),
    "another dtype": other_state(lambda document: document["state"].update(best=as_float64(*document["state"]["best"]))),
    "other best": other_state(lambda document: document["state"].update(best=document["state"]["best"][0])),
    "other statistics": other_state(lambda document: document["state"]["model"][1][0].update(running_mean=np.zeros(3))),
    "other best statistics": other_state(lambda document: document["state"]["best"][1][0].update(running_mean=np.zeros(3))),
    "no best statistics": other_state(lambda document: document["state"]["best"][1].clear()),
    "losses in words": other_state(lambda document: document["state"].update(loss_history=["x"] * 12)),
    "accuracies in words": other_state(lambda document: document["state"].update(val_acc_history=["x"] * 5)),
    "no losses": other_state(lambda document: document["state"].update(loss_history=[])),
    "a check too many": other_state(lambda document: document["state"]["check_iterations"].append(9)),
    "an accuracy too few": other_state(lambda document: document["state"]["val_acc_history"].pop()),
    "no sources": other_state(lambda document: document["state"].update(sources=[])),
    "no rule": other_state(lambda document: document["state"].pop("rule_config")),
    "no learning rate": other_state(lambda document: document["state"]["rule_config"].pop("learning_rate")),
    "a learning rate in words": other_state(lambda document: document["state"]["rule_config"].update(learning_rate="x")),
    "other moments": other_state(lambda document: document["state"]["rule_config"].update(m=np.zeros(3, np.float32))),
}


@pytest.mark.parametrize("harm", [*DAMAGE, *UNFIT])
def test_a_damaged_checkpoint_is_refused_in_a_line(harm, job, tmp_path):
    train(job(), tmp_path, 1)
    (tmp_path / NAME).write_bytes((DAMAGE | UNFIT)[harm](content(tmp_path)))
    with pytest.raises(StoreError, match=r"checkpoint.npz is damaged, or .*: begin anew with .*--force$") as refused:
        train(job(), tmp_path, 1, read(tmp_path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 7}, "with seed 231"),
        ({"dtype": "float64"}, "with dtype float32"),
        ({"data": {"fingerprint": "0" * 16}}, "with data.fingerprint "),
        ({"net": {"hidden_dims": (8, 7)}}, r"with net.hidden_dims \(8, 6\)"),
        ({"solver": {"learning_rate": 0.1, "lr_decay": 1.0}}, "with solver.learning_rate 0.01, solver.lr_decay 0.9"),
        ({"solver": {"update_rule": "sgd"}}, "solver.update_rule adam"),
    ],
    ids=str,
)
def test_a_checkpoint_of_another_training_is_refused(change, words, job, tmp_path):
    spec = job().spec
    begun(job(), tmp_path, 4)
    parts = {name: replace(getattr(spec, name), **new) if isinstance(new, dict) else new for name, new in change.items()}
    with pytest.raises(StoreError, match=f"is of another training, .*{words}.*: name another folder by --out, or --force$"):
        find_checkpoint(tmp_path, replace(spec, **parts), resume=True, force=False, threads=None)


def test_a_hundred_million_epochs_may_be_planned(job, tmp_path):
    """Patience ends them. What is planned isn't written out as a list, which would take gigabytes."""
    asked = job("solver.num_epochs=100000000", "solver.patience=1", "solver.learning_rate=1e-9")
    tracemalloc.start()
    train(asked, tmp_path, 1)
    ended = train(asked, tmp_path, 1, read(tmp_path)).solver
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ended.stopped_early
    assert peak < 50e6


def test_a_checkpoint_beyond_the_planned_end_is_refused(job, tmp_path):
    train(job(), tmp_path, 1)
    with pytest.raises(StoreError, match=r"is at iteration 12, and these settings plan 9: raise solver.num_epochs"):
        find_checkpoint(tmp_path, job("solver.num_epochs=3").spec, resume=True, force=False, threads=None)


class TestWhatIsThere:
    """What a command does with a checkpoint that it finds."""

    def find(self, job, folder, resume=False, force=False, threads=None):
        return find_checkpoint(folder, job.spec, resume, force, threads)

    def test_nothing_begins_anew(self, job, tmp_path):
        assert self.find(job(), tmp_path) is None
        assert self.find(job(), tmp_path, resume=True) is None
        assert self.find(job(), tmp_path, force=True) is None

    def test_is_never_overwritten_unasked(self, job, tmp_path):
        begun(job(), tmp_path, 4)
        with pytest.raises(StoreError, match="is there already: go on from it with --resume, or begin anew with --force"):
            self.find(job(), tmp_path)
        assert self.find(job(), tmp_path, resume=True).state["t"] == 3

    def test_force_removes_it(self, job, tmp_path):
        begun(job(), tmp_path, 4)
        assert self.find(job(), tmp_path, force=True) is None
        assert not (tmp_path / NAME).exists()

    def test_other_threads_are_refused(self, job, tmp_path):
        begun(job(), tmp_path, 4)
        assert self.find(job(), tmp_path, resume=True, threads=1).threads == 1
        with pytest.raises(StoreError, match="made with --threads 1, and 2 would round otherwise: leave --threads out"):
            self.find(job(), tmp_path, resume=True, threads=2)

    @pytest.mark.parametrize("threads", [5000, 2**32 + 2, 10**30])
    def test_more_threads_than_blas_has_are_refused_before_anything_is_removed(self, threads, job, tmp_path):
        """They would be written down, and fewer be used."""
        begun(job(), tmp_path, 4)
        before = content(tmp_path)
        with pytest.raises(SettingsError, match=rf"^--threads {threads}: BLAS has at most \d+ here: give so many or fewer"):
            self.find(job(), tmp_path, force=True, threads=threads)
        assert content(tmp_path) == before

    def test_a_checkpoint_with_more_threads_than_blas_has_here_is_refused(self, job, tmp_path):
        begun(job(), tmp_path, 4)
        many = other_state(lambda document: document.update(threads=5000))
        (tmp_path / NAME).write_bytes(many(content(tmp_path)))
        with pytest.raises(StoreError, match=r"made with --threads 5000, and BLAS has at most \d+ here: .*--force$"):
            self.find(job(), tmp_path, resume=True)

    def test_a_folder_without_one_says_what_makes_one(self, tmp_path):
        with pytest.raises(StoreError, match=r"there is no checkpoint .*: bnlab train makes one"):
            read(tmp_path)


def test_an_engine_without_checkpoints_is_refused(job, tmp_path, monkeypatch):
    monkeypatch.setitem(ENGINES, "numpy", "bnlab.engines")
    with pytest.raises(SettingsError, match="engine: numpy has no checkpoints"):
        train(job(), tmp_path, 1)
