"""Training a run: a pure function of its spec, with BLAS on one thread, and with draws that arms share."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from bnlab.engines import numpy as numpy_engine
from bnlab.errors import DataError
from bnlab.lab import images
from bnlab.lab.driver import carry_out
from bnlab.lab.executor import Workers
from bnlab.lab.standing import standing
from bnlab.lab.store import Store
from bnlab.lab.train import train
from bnlab.runs.history import Failure
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import DataSpec
from bnlab.runs.streams import streams


def test_the_same_spec_gives_the_same_outcome_whatever_ran_before(make_spec):
    spec = make_spec(normalization="batchnorm", keep_prob=0.5)
    first = train(spec)
    train(make_spec(seed=7))
    np.random.seed(0)
    np.random.standard_normal(3)
    assert train(spec).outcome == first.outcome
    assert first.spec is spec


def test_numpys_global_stream_is_not_touched(make_spec):
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    train(make_spec(keep_prob=0.5))
    assert (np.random.get_state()[1] == before).all()


def test_the_outcome_depends_on_seed_and_replicate(make_spec):
    losses = [train(make_spec(**fields)).outcome.loss_history for fields in ({}, {"seed": 232}, {"replicate": 1})]
    assert len({tuple(loss) for loss in losses}) == 3


def test_the_history_is_as_long_as_the_training(make_spec):
    outcome = train(make_spec()).outcome
    assert len(outcome.loss_history) == 6
    assert outcome.check_iterations == [1, 3, 6]
    assert all(isinstance(value, float) for value in (*outcome.loss_history, *outcome.val_acc_history))


def test_provenance_says_when_where_and_how_long(make_spec):
    facts = train(make_spec()).provenance
    assert facts["seconds"] > 0
    assert facts.keys() >= {"finished_at", "bnlab", "numpy", "python", "system", "machine", "cpus"}
    assert facts["blas_threads"] == 1


def test_blas_has_one_thread(make_spec, monkeypatch):
    seen = []

    def spy(*args):
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return real(*args)

    real = numpy_engine.train
    monkeypatch.setattr(numpy_engine, "train", spy)
    with threadpool_limits(limits=2, user_api="blas"):
        train(make_spec())
        after = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    if not seen:
        pytest.skip("NumPy's BLAS is none that threadpoolctl knows")
    assert set(seen) == {1}
    assert 1 not in after  # the limit ends with the training


def test_other_images_than_planned_are_refused(make_spec):
    with pytest.raises(DataError, match="synthetic: its files now hold other images"):
        train(make_spec(data=DataSpec("synthetic", 60, "0" * 16)))


class Watched(numpy_engine.Solver):
    """The real Solver, which also notes the initial weights and the minibatches it draws."""

    seen = None

    def __init__(self, model, *args, rng, **kwargs):
        initial = {name: array.copy() for name, array in model.params.items()}
        picked = []

        class Noting:
            def choice(self, *args):
                picked.append(rng.choice(*args))
                return picked[-1]

        super().__init__(model, *args, rng=Noting(), **kwargs)
        self.seen.append((initial, picked))


@pytest.fixture
def watch(monkeypatch):
    """Trains runs; gives the initial parameters and the minibatches of each."""

    def watch(*specs):
        Watched.seen = []
        monkeypatch.setattr(numpy_engine, "Solver", Watched)
        for spec in specs:
            train(spec)
        return Watched.seen

    return watch


ARMS = {
    "normalization": [{"normalization": norm} for norm in ("none", "batchnorm", "layernorm")],
    "weight scale": [{"weight_scale": scale} for scale in (1e-4, 1e-2, 1.0)],
    "dropout": [{"keep_prob": keep} for keep in (1.0, 0.25)],
    "update rule": [{"update_rule": rule} for rule in ("sgd", "adam")],
    "statistics": [{"statistics": which, "normalization": "batchnorm"} for which in ("running", "population")],
    "dtype": [{"dtype": dtype} for dtype in ("float32", "float64")],
}


@pytest.mark.parametrize("arms", ARMS)
def test_arms_share_the_draws_of_weights_and_the_minibatches(watch, make_spec, arms):
    specs = [make_spec(**fields) for fields in ARMS[arms]]
    draws = streams(231).weights
    normal = {name: draws.standard_normal(shape) for name, shape in (("W1", (64, 8)), ("W2", (8, 6)), ("W3", (6, 10)))}
    seen = watch(*specs)
    for spec, (initial, _) in zip(specs, seen, strict=True):
        for name, array in normal.items():
            np.testing.assert_allclose(initial[name], spec.net.weight_scale * array, rtol=1e-6)
    minibatches = [np.array(picked) for _, picked in seen]
    assert minibatches[0].shape == (6, 20)
    for other in minibatches[1:]:
        np.testing.assert_array_equal(other, minibatches[0])


def test_arms_of_other_batch_sizes_share_the_weights(watch, make_spec):
    (one, _), (other, picked) = watch(make_spec(batch_size=20), make_spec(batch_size=5))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    assert np.shape(picked) == (24, 5)


def test_another_seed_draws_other_weights_and_minibatches(watch, make_spec):
    (weights, picked), (other_weights, other_picked) = watch(make_spec(), make_spec(seed=1))
    assert (weights["W1"] != other_weights["W1"]).all()
    assert not np.array_equal(picked, other_picked)


def outcomes(store, specs):
    return {spec.name: store.load(spec).outcome for spec in specs}


def test_the_driver_stores_each_run_as_it_ends(tmp_path, make_spec):
    store = Store(tmp_path)
    specs = [make_spec(seed=seed) for seed in (1, 2, 3, 2)]
    seen = []
    for ended in carry_out(specs, store):
        assert store.load(ended.spec) == ended
        seen.append(ended.spec.seed)
    assert seen == [1, 2, 3]
    assert standing([*specs, make_spec(seed=4)], store).done == {spec.name for spec in specs}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failed_run_is_recorded_and_the_others_go_on(tmp_path, make_spec, jobs):
    """No machine has room for such a layer."""
    store = Store(tmp_path)
    hopeless = make_spec(seed=2, hidden_dims=(2**40,))
    specs = [make_spec(seed=1), hopeless, make_spec(seed=3)]
    ended = {each.spec.seed: each for each in carry_out(specs, store, workers=Workers(jobs))}
    assert [ended[seed].status for seed in (1, 2, 3)] == ["finished", "failed", "finished"]
    assert isinstance(store.read(hopeless), Failure)
    assert re.fullmatch(r".*Error: .+", ended[2].error)  # and so one line
    assert standing(specs, store).done == {specs[0].name, specs[2].name}


def test_two_workers_give_what_one_gives(tmp_path, make_spec):
    specs = [make_spec(seed=seed, normalization="batchnorm", keep_prob=0.5) for seed in (1, 2, 3, 4)]
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    assert len([*carry_out(specs, one, workers=Workers(1))]) == 4
    assert len([*carry_out([*reversed(specs)], two, workers=Workers(2))]) == 4
    assert outcomes(one, specs) == outcomes(two, specs)


def test_the_images_are_read_once(tmp_path, make_spec, monkeypatch):
    images._arrays.cache_clear()
    found = images.read("synthetic", 60, None, ())
    monkeypatch.setattr(images, "load", pytest.fail)
    assert make_spec().data.fingerprint == found.fingerprint
    [history] = carry_out([make_spec()], Store(tmp_path))
    assert history.status == "finished"


GOOD = Outcome([2.0] * 6, [1, 3, 6], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
BAD = {
    "a check too few": replace(GOOD, check_iterations=[1, 6], train_acc_history=[0.1, 0.3], val_acc_history=[0.1, 0.3]),
    "a divergence that it doesn't tell": replace(GOOD, loss_history=[2.0, math.nan, 2.0, 2.0, 2.0, 2.0]),
    "an accuracy in percent": replace(GOOD, val_acc_history=[10.0, 20.0, 30.0]),
    "no numbers": replace(GOOD, loss_history=[None] * 6),
}


@pytest.mark.parametrize("fault", BAD)
def test_an_engine_that_gives_what_no_run_can_have_is_a_failure(make_spec, monkeypatch, fault):
    monkeypatch.setattr(numpy_engine, "train", lambda spec, data, draws: BAD[fault])
    ended = train(make_spec())
    assert isinstance(ended, Failure)
    assert ended.error.startswith(("ValueError: ", "TypeError: "))


def test_an_interrupt_that_an_engine_hides_behind_another_error_is_no_failure(make_spec, monkeypatch):
    def hides_it(spec, data, draws):
        try:
            raise KeyboardInterrupt
        finally:
            raise ValueError("can't close what is open")

    monkeypatch.setattr(numpy_engine, "train", hides_it)
    with pytest.raises(KeyboardInterrupt):
        train(make_spec())


def test_an_engines_own_kinds_of_numbers_are_stored(tmp_path, make_spec, monkeypatch):
    own = replace(GOOD, loss_history=[*np.ones(6, np.float32)], check_iterations=[*np.array([1, 3, 6])])
    monkeypatch.setattr(numpy_engine, "train", lambda spec, data, draws: own)
    [ended] = carry_out([make_spec()], Store(tmp_path))
    assert Store(tmp_path).load(make_spec()) == ended


def test_an_engine_cant_change_the_images_of_later_runs(make_spec, monkeypatch):
    def spoil(spec, data, draws):
        data["X_train"] -= 1

    monkeypatch.setattr(numpy_engine, "train", spoil)
    assert "read-only" in train(make_spec()).error


def test_an_error_of_the_request_loses_nothing_that_was_under_way(tmp_path, make_spec):
    store = Store(tmp_path)
    specs = [make_spec(seed=1), make_spec(data=DataSpec("synthetic", 60, "0" * 16)), make_spec(seed=2), make_spec(seed=3)]
    with pytest.raises(DataError, match="hold other images"):
        [*carry_out(specs, store, workers=Workers(2))]
    done = standing(specs, store).done
    assert specs[0].name in done
    assert not [*tmp_path.rglob("*.part")]


def test_an_interrupt_just_before_a_run_is_stored_loses_no_run(tmp_path, make_spec, monkeypatch):
    """It has ended, and been handed to the loop that stores."""

    def interrupted(spec, future):
        raise KeyboardInterrupt

    monkeypatch.setattr("bnlab.lab.driver._result", interrupted)
    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        [*carry_out([make_spec()], store)]
    assert store.load(make_spec()) is not None


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_a_failure_no_run_is_begun_if_that_is_asked_for(tmp_path, make_spec, jobs):
    """Nor any that was handed to the workers beforehand."""
    store = Store(tmp_path)
    specs = [make_spec(seed=seed, hidden_dims=(2**40,)) for seed in range(9)]
    workers = Workers(jobs, executor="process")
    failed = [*carry_out(specs, store, workers=workers, fail_fast=True)]
    assert 1 <= len(failed) <= jobs
    assert len([*carry_out(specs, store, workers=workers)]) == 9
