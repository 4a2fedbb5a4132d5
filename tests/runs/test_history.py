"""Histories: what they say of how a run ended, and their JSON, held against what a run of the spec must yield."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bnlab.nets.diagnostics import QUANTITIES
from bnlab.runs.history import SCHEMA, Failure, from_json
from bnlab.runs.outcome import plain, planned_checks

NAN = math.nan


def test_a_finished_run(make_history, make_spec):
    spec = make_spec(num_epochs=34)
    history = make_history(spec, losses=[7.0, 100.0, *[2.0] * 99, 3.0])
    assert (history.status, history.diverged_at) == ("finished", None)
    assert history.final_loss == pytest.approx((99 * 2 + 3) / 100, rel=1e-15)
    assert history.check_epochs[:3] == [1 / 3, 1, 2]
    assert (history.best_val_acc, history.best_train_acc) == (max(history.outcome.val_acc_history),) * 2


def test_the_final_loss_of_a_short_run_is_the_mean_of_all(make_history):
    assert make_history(losses=[1.0, 2.0, 6.0]).final_loss == 3


def test_finite_losses_have_a_finite_mean(make_history):
    assert make_history(losses=[1.7e308] * 100).final_loss == pytest.approx(1.7e308)


@pytest.mark.parametrize("last", [NAN, math.inf, 2.0])
def test_a_diverged_run(make_history, last):
    history = make_history(losses=[2.5, 2.4, 2.3, last], diverged_at=4, val=[0.2, 0.3, 0.9], train=[0.3, 0.2, 0.8])
    assert (history.status, history.final_loss) == ("diverged", math.inf)
    assert history.outcome.check_iterations == [1, 3, 4]
    assert (history.best_val_acc, history.best_train_acc) == (0.3, 0.3)  # the check where it diverged doesn't count


def test_a_run_that_diverged_at_once_has_no_best(make_history):
    history = make_history(losses=[NAN], diverged_at=1)
    assert math.isnan(history.best_val_acc)
    assert math.isnan(history.best_train_acc)


def document(ended):
    return json.loads(json.dumps(ended.to_json(), allow_nan=False))


def test_json_there_and_back(make_history, make_spec):
    history = make_history()
    stored = document(history)
    assert (stored["schema"], stored["run"], stored["status"]) == (SCHEMA, history.spec.name, "finished")
    assert [*stored][-1] == "provenance"
    assert from_json(stored, history.spec) == history
    failure = Failure(make_spec(), "ValueError: no", {"seconds": 0.1})
    assert "loss_history" not in document(failure)
    assert from_json(document(failure), make_spec()) == failure


@pytest.mark.parametrize("last", [NAN, math.inf])
def test_a_loss_that_is_not_finite_is_null_and_the_status_says_why(make_history, last):
    history = make_history(losses=[2.5, last], diverged_at=2)
    stored = document(history)
    assert stored["loss_history"] == [2.5, None]
    assert (stored["status"], stored["diverged_at"]) == ("diverged", 2)
    back = from_json(stored, history.spec)
    assert math.isnan(back.outcome.loss_history[1])


DAMAGE = {
    "no schema": ("schema", None),
    "another schema": ("schema", SCHEMA + 1),
    "another name": ("run", "0" * 32),
    "another status": ("status", "diverged"),
    "an unknown status": ("status", "fine"),
    "provenance that is no mapping": ("provenance", None),
    "seconds that are no number": ("provenance", {"seconds": "x"}),
    "a negative loss": ("loss_history", [2.5, 2.4, -5.0, 2.2, 2.1, 2.0]),
    "an accuracy that is no share of the images": ("train_acc_history", [0.1, 0.12345678, 0.3]),
    "an entry that no run has": ("iterations_per_epoch", 0),
    "an accuracy above 1": ("val_acc_history", [0.1, 0.2, 7.5]),
    "a negative accuracy": ("train_acc_history", [0.1, -0.2, 0.5]),
    "null for an accuracy": ("train_acc_history", [None, 0.2, 0.5]),
    "a text for an accuracy": ("val_acc_history", ["0.1", 0.2, 0.5]),
    "true for an accuracy": ("val_acc_history", [True, 0.2, 0.5]),
    "accuracies cut short": ("val_acc_history", [0.1, 0.2]),
    "no accuracies": ("val_acc_history", []),
    "null for all accuracies": ("val_acc_history", None),
    "a null loss in a finished run": ("loss_history", [2.5, 2.4, None, 2.2, 2.1, 2.0]),
    "losses cut short": ("loss_history", [2.5, 2.4, 2.3]),
    "a loss too many": ("loss_history", [2.5] * 7),
    "a text for a loss": ("loss_history", [2.5, 2.4, "low", 2.2, 2.1, 2.0]),
    "other checks": ("check_iterations", [1, 2, 6]),
    "checks that are no whole numbers": ("check_iterations", [1.0, 3, 6]),
    "a divergence of another length": ("diverged_at", 3),
    "a divergence after the end": ("diverged_at", 99),
    "a divergence that is no number": ("diverged_at", "3"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_document_that_no_run_can_have_left_is_refused(make_history, damage):
    name, value = DAMAGE[damage]
    history = make_history()
    with pytest.raises((ValueError, TypeError)):
        from_json({**document(history), name: value}, history.spec)


@pytest.mark.parametrize("missing", ["schema", "spec", "loss_history", "provenance", "diverged_at", "status"])
def test_a_document_without_a_part_is_refused(make_history, missing):
    history = make_history()
    stored = document(history)
    del stored[missing]
    with pytest.raises(KeyError):
        from_json(stored, history.spec)


@pytest.fixture(scope="module")
def recorded(make_history, make_spec):
    """A History with diagnostics: some columns of numbers, some of None."""
    history = make_history(make_spec(diagnostics=True))
    quantities = {name: [None if name.startswith("normalized") else 0.5] * 9 for name in QUANTITIES}
    table = {"iteration": [1] * 3 + [3] * 3 + [6] * 3, "layer": [1, 2, 3] * 3, **quantities}
    return replace(history, outcome=replace(history.outcome, diagnostics=table))


def test_diagnostics_there_and_back(recorded, make_history):
    stored = document(recorded)
    assert stored["diagnostics"] == recorded.outcome.diagnostics
    assert [*stored][-1] == "provenance"
    assert from_json(stored, recorded.spec) == recorded
    assert "diagnostics" not in document(make_history())


def changed(name, value):
    """The table with another value in its fifth row."""
    return lambda table: {**table, name: [*table[name][:4], value, *table[name][5:]]}


DAMAGED_DIAGNOSTICS = {
    "none": lambda table: None,
    "no table": lambda table: [],
    "a column too few": lambda table: {name: column for name, column in table.items() if name != "weight_norm"},
    "a column too many": lambda table: {**table, "mood": table["layer"]},
    "a row too few": lambda table: {name: column[:-1] for name, column in table.items()},
    "a column cut short": lambda table: {**table, "weight_norm": table["weight_norm"][:-1]},
    "a column that is none": lambda table: {**table, "weight_norm": 0.5},
    "another layer": changed("layer", 3),
    "another iteration": changed("iteration", 4),
    "a text": changed("weight_norm", "0.5"),
    "true": changed("weight_norm", True),
    "infinite": changed("weight_norm", math.inf),
    "NaN": changed("preactivation_mean", NAN),
    "a norm below 0": changed("weight_norm", -0.5),
    "a share above 1": changed("dead_units", 1.5),
}


@pytest.mark.parametrize("damage", DAMAGED_DIAGNOSTICS)
def test_diagnostics_that_no_run_can_have_left_are_refused(recorded, damage):
    damaged = DAMAGED_DIAGNOSTICS[damage](recorded.outcome.diagnostics)
    with pytest.raises(ValueError, match="diagnostics"):
        from_json({**document(recorded), "diagnostics": damaged}, recorded.spec)


@pytest.mark.parametrize("diagnostics", [None, {}, {"layer": []}])
def test_diagnostics_that_nobody_asked_for_are_refused(make_history, diagnostics):
    history = make_history()
    with pytest.raises(ValueError, match="diagnostics"):
        from_json({**document(history), "diagnostics": diagnostics}, history.spec)


def test_missing_diagnostics_are_refused(recorded):
    stored = document(recorded)
    del stored["diagnostics"]
    with pytest.raises(KeyError):
        from_json(stored, recorded.spec)


def test_numbers_of_diagnostics_are_pythons_own_and_finite(recorded):
    numbers = {"iteration": [np.int64(1)], "weight_norm": [np.float32(2), None], "update_norm": [NAN, math.inf]}
    made = plain(replace(recorded.outcome, diagnostics=numbers)).diagnostics
    assert made == {"iteration": [1], "weight_norm": [2.0, None], "update_norm": [None, None]}
    assert {type(column[0]) for column in made.values()} == {int, float, type(None)}


def test_the_run_of_another_spec_is_refused(make_history, make_spec):
    with pytest.raises(ValueError, match="its settings are not those that its name stands for"):
        from_json(document(make_history()), make_spec(seed=7))


def test_when_accuracy_is_checked(make_spec):
    assert planned_checks(make_spec()) == [1, 3, 6]
    assert planned_checks(make_spec(batch_size=60)) == [1, 2]
    assert planned_checks(make_spec(), diverged_at=3) == [1, 3]
    assert planned_checks(make_spec(), diverged_at=5) == [1, 3, 5]
    assert planned_checks(make_spec(), diverged_at=1) == [1]
