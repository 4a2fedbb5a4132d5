"""Each measure against its definition, by hand."""

import math
from dataclasses import replace

import pytest

from bnlab.evidence.measures import MEASURES
from bnlab.evidence.traces import Trace, trace

RUN = Trace(
    iterations=(1, 20, 40, 60),
    epochs=(0.05, 1.0, 2.0, 3.0),
    train=(0.1, 0.5, 0.9, 0.8),
    val=(0.2, 0.53, 0.6, 0.58),
    train_images=500,
    val_images=1000,
    diverged=False,
)
BY_HAND = {
    "mean_train_acc": (0.575, "", 1 / 500),
    "best_train_acc": (0.9, "", 1 / 500),
    "best_val_acc": (0.6, "", 1 / 1000),
    "final_train_acc": (0.8, "", 1 / 500),
    "final_val_acc": (0.58, "", 1 / 1000),
    "final_gap": (0.22, "", 1 / 500),  # the coarser of the two grids
    "epochs_to_90_percent": (2.0, "epochs", 1.0),  # .53 is less than .54, .6 isn't
}


def test_each_is_tested():
    assert set(BY_HAND) == set(MEASURES)


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name):
    value, unit, step = BY_HAND[name]
    measure = MEASURES[name]
    assert measure.value(RUN) == pytest.approx(value)
    assert (measure.unit, measure.step(RUN)) == (unit, step)


@pytest.mark.parametrize(
    ("val", "epochs"),
    [
        ((0.2, 0.54, 0.6, 0.58), 1.0),  # 90 % exactly
        ((0.6, 0.1, 0.1, 0.1), 0.05),
        ((0.1, 0.2, 0.3, 0.4), 3.0),
        ((0.0, 0.0, 0.0, 0.0), 0.05),
    ],
)
def test_the_first_check_that_reaches_90_percent(val, epochs):
    assert MEASURES["epochs_to_90_percent"].value(replace(RUN, val=val)) == epochs


def test_of_a_diverged_run_they_count_the_guesses_too(make_history):
    """Diverged after the first check: .6, then .1 and .1."""
    history = make_history(losses=[2.3, math.nan], diverged_at=2, train=[0.6, 0.1], val=[0.5, 0.3])
    found = {name: measure.value(trace(history)) for name, measure in MEASURES.items()}
    assert found == pytest.approx({
        "mean_train_acc": 0.8 / 3, "best_train_acc": 0.6, "best_val_acc": 0.5, "final_train_acc": 0.1,
        "final_val_acc": 0.1, "final_gap": 0, "epochs_to_90_percent": 1 / 3,
    })  # fmt: skip
