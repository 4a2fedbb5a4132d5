"""What each study draws and says of its results."""

import json
import math
from dataclasses import replace

import pytest

from bnlab.errors import SettingsError
from bnlab.lab.store import Store
from bnlab.report.table import COLUMNS
from bnlab.runs.history import History
from bnlab.studies import batch_size, compare, compare_cnn, dropout, weight_scale
from bnlab.studies.plan import already_stored, carry_out, publish, summary, table
from bnlab.studies.shared import ONE_SEED
from bnlab.studies.study import Result, arm

PANELS = {
    "compare": ["Training loss", "Training accuracy", "Validation accuracy"],
    "compare --model cnn": ["Training loss", "Training accuracy", "Validation accuracy"],
    "sweep weight-scale": ["Best validation accuracy", "Best training accuracy", "Final training loss"],
    "sweep batch-size": ["Training accuracy", "Validation accuracy"],
    "dropout": ["Training accuracy", "Validation accuracy"],
}


def figure(small, results=None):
    return small.plan.study.figure(small.plan.settings, small.results if results is None else results)


def test_the_panels_are_the_notebooks(small):
    drawn = figure(small)
    assert [panel.title for panel in drawn.panels] == PANELS[small.plan.entry.name]
    for panel in drawn.panels:
        assert panel.x_label
        assert panel.y_label
        assert panel.y_group == ("accuracy" if panel.y_label == "accuracy" else None)


@pytest.mark.parametrize("small", ["compare", "compare --model cnn", "sweep batch-size", "dropout"], indirect=True)
def test_a_curve_an_arm_with_the_right_numbers(small):
    accuracies = [panel for panel in figure(small).panels if panel.y_label == "accuracy"]
    for panel, name in zip(accuracies, ("train_acc_history", "val_acc_history"), strict=True):
        assert [line.label for line in panel.lines] == [arm.label for arm in small.plan.arms]
        for line, result in zip(panel.lines, small.results, strict=True):
            assert [*line.y] == getattr(result.history.outcome, name)
            first = 1 / result.history.outcome.iterations_per_epoch
            assert [*line.x] == sorted({first, 1, 2})
    if small.plan.study in (compare, compare_cnn):
        loss = figure(small).panels[0]
        assert [[*line.y] for line in loss.lines] == [r.history.outcome.loss_history for r in small.results]
        assert [*loss.lines[0].x] == [1, 2]
        assert loss.x_label == "iteration"
        assert not loss.lines[0].points


def test_the_caption_says_the_settings(small):
    text = figure(small).caption
    for words in (
        "synthetic, first 60 training images",
        {"mlp": "1 hidden layer of 8", "cnn": "4 filters of 3 x 3, hidden layer of 8"}[small.plan.entry.model],
        "adam at",
        "2 epochs",
        "seed 231, one run a",
    ):
        assert words in text


@pytest.mark.parametrize("small", ["compare"], indirect=True)
def test_the_title_says_which_normalization(small):
    drawn = figure(small)
    assert "batchnorm" in drawn.title
    drawn = compare.figure(replace(small.plan.settings, arms=compare.Arms("layernorm")), small.results)
    assert "layernorm" in drawn.title


@pytest.mark.parametrize("small", ["compare --model cnn"], indirect=True)
def test_the_label_of_groupnorm_says_how_many_groups(small):
    labels = [arm.label for arm in small.plan.arms]
    assert labels == ["spatial_batchnorm", "spatial_groupnorm (2 groups)", "no normalization"]


def test_a_diverged_run_gets_a_cross_and_is_told_of(small):
    results = small.with_diverged(len(small.results) - 1)
    assert not any(line.diverged for panel in figure(small).panels for line in panel.lines)
    for panel in figure(small, results).panels:
        marked = [(line.label, line.diverged) for line in panel.lines if line.diverged]
        assert len(marked) == 1
        assert marked[0][1] == (len(panel.lines[-1].y) - 1,)
    said = " ".join(small.plan.study.findings(results))
    assert "diverged at iteration" in said or "1 diverged" in said
    assert "diverged at" not in " ".join(small.plan.study.findings(small.results))


def test_findings_claim_nothing_from_one_seed(small):
    findings = small.plan.study.findings(small.results)
    assert findings[-1] == ONE_SEED
    assert all("\n" not in finding for finding in findings)
    assert len(findings) > 1


def test_findings_have_the_right_numbers(small):
    said = small.plan.study.findings(small.results)
    if small.plan.study is weight_scale:
        best = [max(result.history.outcome.train_acc_history) for result in small.results[:3]]
        assert f"best training accuracy {min(best):.3f} to {max(best):.3f}" in said[0]
        assert said[0].startswith("batchnorm: over 3 weight scales")
        assert said[0].endswith("; 0 diverged")
    else:
        for finding, result in zip(said, small.results, strict=False):
            train, val = result.history.outcome.train_acc_history[-1], result.history.outcome.val_acc_history[-1]
            assert finding == (
                f"{result.arm.label}: training accuracy {train:.3f}, validation accuracy {val:.3f} at the end"
            )
    if small.plan.study is batch_size:
        assert said[-2].startswith("Updates made: 24 (batchnorm, batch 5), 12 (batchnorm, batch 10), 2 (")


@pytest.mark.parametrize("small", ["sweep weight-scale"], indirect=True)
def test_weight_scale_draws_each_scale(small):
    val, train, loss = figure(small).panels
    for panel in (val, train, loss):
        assert panel.x_scale == "log"
        assert [line.label for line in panel.lines] == ["batchnorm", "no normalization"]
        for line in panel.lines:
            assert [*line.x] == pytest.approx([1e-4, 1e-2, 1], rel=1e-15)
    histories = [result.history for result in small.results]
    assert [*val.lines[0].y] == [max(history.outcome.val_acc_history) for history in histories[:3]]
    assert [*train.lines[1].y] == [max(history.outcome.train_acc_history) for history in histories[3:]]
    assert [*loss.lines[0].y] == [history.final_loss for history in histories[:3]]
    assert loss.y_limits == (0, 3.5)
    settings = replace(small.plan.settings, data=replace(small.plan.settings.data, dataset="cifar10"))
    assert weight_scale.figure(settings, small.results).panels[2].y_limits == (1, 3.5)


def test_dropout_labels():
    assert [dropout._label(keep) for keep in (1, 1.0, 0.25, 0.5)] == ["no dropout", "no dropout", "keep 0.25", "keep 0.5"]


def test_the_summary_is_strict_json_with_the_tables_rows(small):
    results = small.with_diverged(0)
    document = json.loads(json.dumps(summary(small.plan, results), allow_nan=False))
    assert document["study"] == small.plan.entry.name
    assert document["settings"]["data"] == {"dataset": "synthetic", "num_train": 60}
    assert [[*row] for row in document["runs"]] == [[column.name for column in COLUMNS]] * len(small.results)
    assert document["runs"][0]["final_loss"] is None
    assert document["runs"][0]["status"].startswith("diverged at iteration ")
    assert table(results)[0]["final_loss"] == math.inf
    assert document["runs"][1]["final_loss"] == results[1].history.final_loss


def test_carried_out_and_published(small, tmp_path):
    store = Store(tmp_path)
    have = {result.history.spec.name: result.history for result in small.results[1:]}
    told: list[History] = []
    results = carry_out(small.plan, store, have, on_stored=told.append)
    assert [history.spec for history in told] == [small.results[0].history.spec]
    assert [*already_stored(small.plan, store)] == [small.results[0].history.spec.name]
    assert [result.arm for result in results] == [*small.plan.arms]
    document = publish(small.plan, results, store, 1.5)
    assert document["files"] == [
        str(tmp_path / small.plan.folder / name) for name in ("figure.png", "figure.svg", "table.csv", "summary.json")
    ]
    assert document["provenance"]["seconds"] == 1.5


def test_an_arm_refuses_a_field_there_is_not(small):
    with pytest.raises(TypeError, match="no field of net or solver: width"):
        arm("wide", small.plan.settings, "", width=3)


def test_the_same_arm_twice_is_one(plan):
    made = plan("sweep batch-size", {"arms.batch_sizes": [5, 10, 5]})
    assert [run.solver.batch_size for run in made.runs] == [5, 10, 5]  # the last is the baseline
    assert len(made.arms) == 3
    assert len(plan("dropout", {"arms.keep": [0.5, 0.5]}).arms) == 1


def test_lowest_above_highest_is_refused(plan):
    with pytest.raises(SettingsError, match=r"lowest_weight_scale 2 is above arms\.highest_weight_scale 1: give the lower"):
        plan("sweep weight-scale", {"arms.lowest_weight_scale": 2})


def test_the_first_replicate_stands_for_an_arm(small):
    result = small.results[0]
    assert Result(result.arm, (result.history, small.results[1].history)).history is result.history
