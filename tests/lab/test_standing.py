"""How runs stand, and what the rest may take."""

import pytest

from bnlab.errors import StoreError
from bnlab.lab.standing import standing
from bnlab.lab.store import Store
from bnlab.runs.history import Failure


@pytest.fixture
def store(tmp_path, make_history, make_spec):
    store = Store(tmp_path)
    for seed, seconds in ((1, 1.0), (2, 3.0)):
        store.save(make_history(make_spec(seed=seed), seconds=seconds))
    store.save(make_history(make_spec(seed=1, normalization="batchnorm"), seconds=8.0))
    store.save(Failure(make_spec(seed=3), "MemoryError: no room", {"seconds": 100.0}))
    return store


def test_stored_failed_and_missing(store, make_spec):
    specs = [make_spec(seed=seed) for seed in (1, 2, 3, 4, 1)]
    found = standing(specs, store)
    assert found.runs == specs[:4]
    assert found.done == {specs[0].name, specs[1].name}
    assert found.failed == {specs[2].name}
    assert found.missing() == specs[2:4]
    assert found.missing(keep_failed=True) == [specs[3]]
    assert found.missing(anew=True) == specs[:4]


def test_a_damaged_file_is_missing_and_set_aside(store, make_spec, caplog):
    path = store.file(make_spec(seed=1).name)
    path.write_bytes(path.read_bytes()[:-20])
    assert standing([make_spec(seed=1)], store).missing() == [make_spec(seed=1)]
    assert not path.exists()
    assert "is damaged" in caplog.text


def test_a_file_that_cant_be_read_is_an_error(store, make_spec):
    path = store.file(make_spec(seed=1).name)
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="Is a directory"):
        standing([make_spec(seed=1)], store)
    standing([make_spec(seed=2)], store)


def test_the_time_left_is_that_of_runs_that_differ_in_the_seed(store, make_spec):
    specs = [make_spec(seed=seed) for seed in (1, 2, 5, 6)]
    found = standing(specs, store)
    assert found.seconds(found.missing()) == 2 * (1.0 + 3.0) / 2


def test_the_time_left_is_guessed_by_the_image_for_runs_like_none_before(store, make_spec):
    """The usual one of 1, 3 and 8 seconds for the same images; twice the epochs take twice as long."""
    found = standing([make_spec(hidden_dims=(9,), num_epochs=4)], store)
    assert found.seconds(found.missing()) == pytest.approx(2 * 3.0)


def test_without_timings_there_is_no_guess(store, make_spec):
    found = standing([make_spec(dtype="float64")], store)
    assert found.seconds(found.missing()) is None
    assert found.seconds([]) == 0
