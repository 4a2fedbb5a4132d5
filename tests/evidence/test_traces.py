"""A run's accuracies as claims measure them."""

import math
from dataclasses import replace

import pytest

from bnlab.evidence.traces import trace

# The small run of conftest.py: 3 iterations per epoch, 2 epochs, so checks at 1, 3 and 6.


def test_a_finished_run_is_taken_as_it_is(make_history):
    found = trace(make_history(train=[0.2, 0.5, 0.7], val=[0.15, 0.3, 0.25]))
    assert found.iterations == (1, 3, 6)
    assert found.epochs == pytest.approx((1 / 3, 1, 2))
    assert (found.train, found.val) == ((0.2, 0.5, 0.7), (0.15, 0.3, 0.25))
    assert not found.diverged


@pytest.mark.parametrize(
    ("at", "recorded", "wanted"),
    [
        (6, [0.2, 0.5, 0.7], (0.2, 0.5, 0.1)),  # at the last check
        (5, [0.2, 0.5, 0.7], (0.2, 0.5, 0.1)),  # between checks: the one made there isn't planned
        (4, [0.2, 0.5, 0.7], (0.2, 0.5, 0.1)),
        (3, [0.2, 0.5], (0.2, 0.1, 0.1)),  # at a check
        (2, [0.2, 0.5], (0.2, 0.1, 0.1)),
        (1, [0.2], (0.1, 0.1, 0.1)),  # at once
    ],
)
def test_a_diverged_run_guesses_from_there_to_the_planned_end(make_history, at, recorded, wanted):
    found = trace(make_history(losses=[2.3] * (at - 1) + [math.nan], diverged_at=at, train=recorded, val=recorded))
    assert found.iterations == (1, 3, 6)
    assert found.train == wanted
    assert found.val == wanted
    assert found.diverged


def test_guessing_depends_on_the_number_of_classes(make_spec, make_history):
    spec = make_spec()
    found = trace(make_history(make_spec(data=replace(spec.data, num_classes=4)), losses=[math.nan], diverged_at=1))
    assert found.train == found.val == (0.25, 0.25, 0.25)


def test_how_many_images_each_accuracy_is_of(make_spec, make_history):
    spec = make_spec()
    found = trace(make_history(spec))
    assert (found.train_images, found.val_images) == (60, 1000)
    few = make_spec(num_train_samples=40, data=replace(spec.data, num_val=50))
    found = trace(make_history(few, losses=[math.nan], diverged_at=1))
    assert (found.train_images, found.val_images) == (40, 50)
    assert found.val == (0.1, 0.1, 0.1)
