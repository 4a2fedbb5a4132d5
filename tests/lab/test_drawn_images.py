"""Training images that are drawn for each replicate."""

from dataclasses import replace

import numpy as np
import pytest

from bnlab.data import load
from bnlab.errors import DataError
from bnlab.lab.images import arrays
from bnlab.lab.train import train


@pytest.fixture
def drawn(make_spec):
    """A run on 60 of the 4,000 synthetic images."""

    def drawn(**fields):
        spec = make_spec(**fields)
        fingerprint = load("synthetic").fingerprint
        return replace(spec, data=replace(spec.data, images="drawn", fingerprint=fingerprint))

    return drawn


def test_each_replicate_has_other_images_of_those_there(drawn):
    first, second = (arrays(drawn(replicate=replicate), ())["X_train"] for replicate in (0, 1))
    assert first.shape == second.shape == (60, 1, 8, 8)
    every = load("synthetic").arrays()["X_train"]
    places = [{int(np.flatnonzero((every == image).all((1, 2, 3)))[0]) for image in images} for images in (first, second)]
    assert [len(each) for each in places] == [60, 60]
    assert len(places[0] & places[1]) < 10
    assert max(places[0]) > 2000


def test_arms_share_the_images_of_a_replicate_and_all_share_those_of_validation(drawn):
    one, other = arrays(drawn(), ()), arrays(drawn(normalization="batchnorm", batch_size=10), ())
    assert all(np.array_equal(one[name], other[name]) for name in one)
    later, seeded = arrays(drawn(replicate=3), ()), arrays(drawn(seed=1), ())
    assert np.array_equal(one["X_val"], later["X_val"])
    assert not np.array_equal(one["X_train"], later["X_train"])
    assert not np.array_equal(one["X_train"], seeded["X_train"])


def test_labels_go_with_their_images(drawn):
    found, every = arrays(drawn(), ()), load("synthetic").arrays()
    for image, label in zip(found["X_train"][:5], found["y_train"], strict=False):
        [place] = np.flatnonzero((every["X_train"] == image).all((1, 2, 3)))
        assert every["y_train"][place] == label


def test_a_run_on_drawn_images_is_trained_and_is_another_run(drawn, make_spec):
    assert train(drawn()).status == "finished"
    assert drawn().name != make_spec().name


def test_other_files_than_when_it_was_planned_are_noticed(drawn):
    spec = drawn()
    with pytest.raises(DataError, match="hold other images"):
        train(replace(spec, data=replace(spec.data, fingerprint="0" * 16)))
