"""Histories: what they say of how a run ended, and their JSON."""

import json
import math

import pytest

from bnlab.runs.history import SCHEMA, History

NAN = math.nan


def test_a_finished_run(make_history):
    history = make_history(losses=[100.0, *[2.0] * 99, 3.0])
    assert history.status == "finished"
    assert history.final_loss == pytest.approx((99 * 2 + 3) / 100, rel=1e-15)
    assert history.check_epochs == [0.5, 50.5]


def test_the_final_loss_of_a_short_run_is_the_mean_of_all(make_history):
    assert make_history(losses=[1.0, 2.0, 6.0]).final_loss == 3


@pytest.mark.parametrize("last", [NAN, math.inf, -math.inf])
def test_a_diverged_run(make_history, last):
    history = make_history(losses=[2.5, last], diverged_at=2)
    assert history.status == "diverged at iteration 2"
    assert history.final_loss == math.inf


def test_finite_losses_have_a_finite_mean(make_history):
    assert make_history(losses=[1.7e308] * 100).final_loss == pytest.approx(1.7e308)


def test_json_there_and_back(make_history):
    history = make_history()
    document = json.loads(json.dumps(history.to_json(), allow_nan=False))
    assert document["schema"] == SCHEMA == 1
    assert document["run"] == history.spec.name
    assert document["status"] == "finished"
    assert History.from_json(document) == history


@pytest.mark.parametrize("last", [NAN, math.inf])
def test_a_loss_that_is_not_finite_is_null_and_the_status_says_why(make_history, last):
    text = json.dumps(make_history(losses=[2.5, last], diverged_at=2).to_json(), allow_nan=False)
    document = json.loads(text)
    assert document["loss_history"] == [2.5, None]
    assert document["status"] == "diverged at iteration 2"
    back = History.from_json(document)
    assert math.isnan(back.outcome.loss_history[1])
    assert back.diverged_at == 2


def test_another_schema_is_refused(make_history):
    with pytest.raises(ValueError, match="schema 2 where 1 was expected"):
        History.from_json({**make_history().to_json(), "schema": 2})


@pytest.mark.parametrize("missing", ["schema", "spec", "loss_history", "provenance", "diverged_at"])
def test_a_document_without_a_part_is_refused(make_history, missing):
    document = make_history().to_json()
    del document[missing]
    with pytest.raises(KeyError):
        History.from_json(document)
