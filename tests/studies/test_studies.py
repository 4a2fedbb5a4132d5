"""What each study draws and says of its results: first what holds for every study, then the words of single ones."""

import json
import math
import re
from dataclasses import replace
from functools import reduce
from operator import attrgetter, getitem

import pytest

from bnlab.errors import SettingsError
from bnlab.lab.store import Store
from bnlab.report.table import COLUMNS
from bnlab.runs.history import Failure
from bnlab.studies import compare, weight_scale
from bnlab.studies.plan import results
from bnlab.studies.publish import publish, summary, table
from bnlab.studies.study import Result, arm
from bnlab.studies.words import ONE_SEED


def figure(small, found=None):
    return small.plan.study.figure(small.plan.settings, small.results if found is None else found)


def test_every_panel_is_labelled_and_has_a_curve_for_each_curve_of_the_arms(small):
    curves = [*dict.fromkeys(arm.curve for arm in small.plan.arms)]
    drawn = figure(small)
    assert drawn.title
    for panel in drawn.panels:
        assert panel.title
        assert panel.x_label
        assert panel.y_label
        assert [*dict.fromkeys(line.label for line in panel.lines)] == curves
        assert panel.y_group == ("accuracy" if panel.y_label == "accuracy" else None)


def test_the_curves_have_the_numbers_of_the_runs(small):
    histories = [history for result in small.results for history in result.histories]
    shown = {y for panel in figure(small).panels for line in panel.lines for y in line.y}
    if any(arm.x is not None for arm in small.plan.arms):
        measures = (lambda h: h.best_val_acc, lambda h: h.best_train_acc, lambda h: h.final_loss)
        drawn = [{measure(history) for history in histories} for measure in measures]
        expected = next(values for values in drawn if values <= shown)  # one of the measures at least
        xs = {x for panel in figure(small).panels for line in panel.lines for x in line.x}
        assert xs == {arm.x for arm in small.plan.arms}
    else:
        expected = {acc for h in histories for acc in (*h.outcome.val_acc_history, *h.outcome.train_acc_history)}
        assert shown - expected <= {loss for history in histories for loss in history.outcome.loss_history}
    assert expected <= shown


def test_an_arm_says_what_tells_it_from_the_others(small):
    for each in small.plan.arms:
        assert set(each.varied) <= set(small.plan.study.VARIED)
        for key, value in each.varied.items():
            assert {attrgetter(key)(run) for run in each.runs} == {value}
    labels = [each.label for each in small.plan.arms]
    assert len(set(labels)) == len(labels)


def test_the_caption_says_the_settings(small):
    text = figure(small).caption
    for words in ("synthetic, first 100 training images", "2 epochs", "seed 231, one run per "):
        assert words in text
    solver = small.plan.settings.solver
    if not {"solver.update_rule", "solver.learning_rate"} & set(small.plan.study.VARIED):
        assert f"{solver.update_rule} at {solver.learning_rate:.4g}" in text


def test_a_diverged_run_gets_a_cross_and_is_counted(small):
    changed = small.with_diverged(len(small.results) - 1)
    assert not any(line.diverged for panel in figure(small).panels for line in panel.lines)
    for panel in figure(small, changed).panels:
        marked = [(line.label, line.diverged) for line in panel.lines if line.diverged]
        assert marked == [(small.plan.arms[-1].curve, (len(panel.lines[-1].y) - 1,))]
    rows = table(changed)
    assert [row["status"] for row in rows].count("diverged") == 1
    assert rows[-1]["diverged_at"] == rows[-1]["iterations"]


def test_findings_claim_nothing_from_one_seed(small):
    findings = small.plan.study.findings(small.results)
    assert findings[-1] == ONE_SEED
    assert len(findings) > 1
    assert all("\n" not in finding for finding in findings)


def test_a_study_is_drawn_and_told_without_a_run_that_failed(small, tmp_path):
    failed = small.results[0]
    failure = Failure(failed.arm.runs[0], "ValueError: no", {"seconds": 0.1})
    found = [Result(failed.arm, (), (failure,)), *small.results[1:]]
    document = publish(small.plan, found, Store(tmp_path), 1.5)
    assert [row["status"] for row in document["runs"]].count("failed") == 1
    assert document["runs"][0]["error"] == "ValueError: no"
    assert document["runs"][0]["best_val_acc"] is None
    svg = (tmp_path / small.plan.folder / "figure.svg").read_text(encoding="utf-8")
    assert "1 run failed and not drawn" in " ".join(re.findall(r"<!-- (.*?) -->", svg))


def test_the_summary_is_strict_json_with_the_tables_rows(small):
    document = json.loads(json.dumps(summary(small.plan, small.with_diverged(0)), allow_nan=False))
    assert document["study"] == small.plan.entry.name
    assert document["settings"]["data"] == {"dataset": "synthetic", "num_train": 100, "num_val": None}
    assert document["changed"]["solver.num_epochs"] == 2
    assert [[*row] for row in document["runs"]] == [[column.name for column in COLUMNS]] * len(small.results)
    assert document["runs"][0]["final_loss"] is None
    assert document["runs"][1]["final_loss"] == small.results[1].histories[0].final_loss
    for key in small.plan.study.VARIED:
        *parts, name = key.split(".")
        assert name not in reduce(getitem, parts, document["settings"])


def test_results_come_from_the_store_in_the_order_of_the_arms(small, tmp_path):
    found = results(small.plan, small.store)
    assert [result.arm for result in found] == [*small.plan.arms]
    assert [len(result.histories) for result in found] == [len(arm.runs) for arm in small.plan.arms]
    assert [result.histories for result in results(small.plan, Store(tmp_path))] == [()] * len(found)
    document = publish(small.plan, found, Store(tmp_path), 1.5)
    names = ("figure.png", "figure.svg", "table.csv", "summary.json")
    assert document["files"] == [str(tmp_path / small.plan.folder / name) for name in names]
    assert document["provenance"]["seconds"] == 1.5


@pytest.mark.parametrize("small", ["compare"], indirect=True)
def test_compare_says_the_differences(small):
    norm, none = (result.histories[0].outcome for result in small.results)
    train, val = (
        norm.train_acc_history[-1] - none.train_acc_history[-1],
        norm.val_acc_history[-1] - none.val_acc_history[-1],
    )
    said = f"batchnorm less no normalization, at the end: training accuracy {train:+.3f}, validation accuracy {val:+.3f}"
    assert compare.findings(small.results)[0] == said
    told = compare.findings(small.with_diverged(0))[0]
    assert told == "batchnorm less no normalization: not compared, since batchnorm diverged"
    drawn = compare.figure(replace(small.plan.settings, arms=compare.Arms("layernorm")), small.results)
    assert "layernorm" in drawn.title
    loss = drawn.panels[0]
    assert [*loss.lines[0].x] == [1, 2, 3, 4]
    assert not loss.lines[0].points


@pytest.mark.parametrize("small", ["sweep weight-scale"], indirect=True)
def test_weight_scale_says_the_best_scale_and_draws_the_notebooks_range(small):
    best = max(small.results[:20], key=lambda result: result.histories[0].best_val_acc)
    said = weight_scale.findings(small.results)
    assert said[0] == (
        f"{best.arm.label} has the best validation accuracy of its curve, {best.histories[0].best_val_acc:.3f}"
    )
    assert all(panel.x_scale == "log" for panel in figure(small).panels)
    assert figure(small).panels[2].y_limits == (0, 3.5)
    settings = replace(small.plan.settings, data=replace(small.plan.settings.data, dataset="cifar10"))
    assert weight_scale.figure(settings, small.results).panels[2].y_limits == (1, 3.5)


@pytest.mark.parametrize("small", ["sweep weight-scale"], indirect=True)
def test_a_run_that_diverged_before_any_check_stands_at_the_foot_of_an_accuracy(small):
    [history] = small.results[0].histories
    outcome = replace(
        history.outcome,
        loss_history=[math.nan],
        check_iterations=[1],
        train_acc_history=[0.5],
        val_acc_history=[0.5],
        diverged_at=1,
    )
    found = [Result(small.results[0].arm, (replace(history, outcome=outcome),)), *small.results[1:]]
    val, _, loss = figure(small, found).panels
    assert (val.lines[0].y[0], loss.lines[0].y[0]) == (0.0, math.inf)
    assert val.lines[0].diverged == (0,)


@pytest.mark.parametrize("small", ["sweep batch-size"], indirect=True)
def test_batch_size_says_how_many_updates_each_arm_made(small):
    words = small.plan.study.findings(small.results)[0]
    assert words.startswith("Updates made: 40 (batchnorm, batch 5), 20 (batchnorm, batch 10), 4 (")
    equal = replace(small.plan.settings, arms=replace(small.plan.settings.arms, equal_updates=True))
    assert small.plan.study.figure(equal, small.results).panels[0].x_label == "update"


def test_an_arm_refuses_a_field_there_is_not(small):
    with pytest.raises((TypeError, KeyError)):
        arm("wide", small.plan.settings, small.results[0].arm.runs[0].data, {"net.width": 3})


def test_the_same_arm_twice_is_one(plan):
    made = plan("sweep batch-size", {"arms.batch_sizes": [5, 10, 5]})
    assert [each.runs[0].solver.batch_size for each in made.arms] == [5, 10, 5]  # the last is the baseline
    assert len(plan("dropout", {"arms.keep": [0.5, 0.5]}).arms) == 2


def test_the_arm_without_dropout_is_always_there(plan):
    arms = plan("dropout", {"arms.keep": [0.5]}).arms
    assert [(each.label, each.varied["net.keep_prob"]) for each in arms] == [("no dropout", 1), ("keep 0.5", 0.5)]
    assert [each.label for each in plan("dropout", {"arms.keep": [0.5, 1]}).arms] == ["no dropout", "keep 0.5"]


def test_lowest_above_highest_is_refused(plan):
    with pytest.raises(SettingsError, match=r"lowest_weight_scale 2 is above arms\.highest_weight_scale 1: give the lower"):
        plan("sweep weight-scale", {"arms.lowest_weight_scale": 2})
