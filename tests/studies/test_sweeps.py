"""The sweeps of learning rate, width and depth, and the study of update rules: their arms, and what they refuse."""

import math
from statistics import fmean

import pytest

from bnlab.errors import SettingsError

ONE = {"replicates": 1}
SMALL_SWEEPS = ["sweep learning-rate", "sweep feature-width", "sweep depth"]


def as_in_compare(run, *, but):
    """The settings of `compare`, apart from those named."""
    compared = {
        "num_train": run.data.num_train == 1000,
        "hidden_dims": run.net.hidden_dims == (100,) * 5,
        "weight_scale": run.net.weight_scale == 2e-2,
        "keep_prob": run.net.keep_prob == 1,
        "reg": run.net.reg == 0,
        "update_rule": run.solver.update_rule == "adam",
        "learning_rate": run.solver.learning_rate == 1e-3,
        "batch_size": run.solver.batch_size == 50,
        "num_epochs": run.solver.num_epochs == 10,
        "seed": run.seed == 231,
    }
    return {name for name, same in compared.items() if not same} <= but


def test_learning_rates_are_one_grid_of_exact_powers_for_both_arms(plan):
    made = plan("sweep learning-rate", ONE)
    assert made.folder == "learning-rate"
    for norm in ("batchnorm", "none"):
        rates = [run.solver.learning_rate for run in made.runs if run.net.normalization == norm]
        assert rates == [10 ** (k / 6) for k in range(-30, 1)]
    assert len(made.runs) == 62
    assert all(as_in_compare(run, but={"learning_rate"}) for run in made.runs)


def test_the_runs_of_compare_are_among_those_of_the_learning_rates(plan):
    assert {run.name for run in plan("compare", ONE).runs} < {run.name for run in plan("sweep learning-rate", ONE).runs}


def test_more_learning_rates_keep_those_there_are(plan):
    there = {run.name for run in plan("sweep learning-rate", ONE).runs}
    assert there < {run.name for run in plan("sweep learning-rate", ONE | {"arms.highest_learning_rate": 10}).runs}


def test_feature_width(plan):
    made = plan("sweep feature-width", ONE)
    assert made.folder == "feature-width"
    for norm in ("layernorm", "batchnorm", "none"):
        dims = [run.net.hidden_dims for run in made.runs if run.net.normalization == norm]
        assert dims == [(width,) * 5 for width in (2, 3, 5, 10, 20, 50, 100, 200)]
    assert len(made.runs) == 24
    assert {run.net.weight_scale for run in made.runs} == {0.1}
    assert math.isclose(0.1, math.sqrt(2 / 200))
    assert all(as_in_compare(run, but={"hidden_dims", "weight_scale"}) for run in made.runs)


def test_depth(plan):
    made = plan("sweep depth", ONE)
    assert made.folder == "depth"
    for norm in ("batchnorm", "layernorm", "none"):
        dims = [run.net.hidden_dims for run in made.runs if run.net.normalization == norm]
        assert dims == [(50,) * depth for depth in (1, 2, 3, 5, 8, 12, 16, 20)]
    assert len(made.runs) == 24
    assert {run.net.weight_scale for run in made.runs} == {0.1}
    assert all(as_in_compare(run, but={"hidden_dims", "weight_scale"}) for run in made.runs)


def test_depth_and_width_can_be_others(plan):
    deep = plan("sweep depth", ONE | {"arms.depths": [2, 4, 2], "arms.width": 7, "arms.normalizations": ["none"]})
    assert [run.net.hidden_dims for run in deep.runs] == [(7, 7), (7,) * 4]
    wide = plan(
        "sweep feature-width", ONE | {"arms.widths": [2, 4], "arms.depth": 1, "arms.normalizations": ["none", "none"]}
    )
    assert [run.net.hidden_dims for run in wide.runs] == [(2,), (4,)]


def test_update_rules_have_rates_of_their_own(plan):
    made = plan("sweep update-rule", ONE | {"arms.rules": ["adam", "sgd", "adam"], "arms.learning_rates": [0.1, 1, 0.1]})
    assert [(arm.label, arm.x) for arm in made.arms] == [("adam at 0.1", None), ("sgd at 1.0", None)]
    assert [(run.solver.update_rule, run.solver.learning_rate) for run in made.runs] == [("adam", 0.1), ("sgd", 1.0)]


REFUSED = {
    "rates for other rules": (
        "sweep update-rule",
        {"arms.rules": ["adam", "sgd"]},
        r"arms\.learning_rates holds 4 rates for 2 update rules in arms\.rules: give one for each",
    ),
    "no such rule": ("sweep update-rule", {"arms.rules": ["adamm"]}, r"arms\.rules: 'adamm' .* did you mean adam\?"),
    "the lowest above": (
        "sweep learning-rate",
        {"arms.lowest_learning_rate": 10},
        r"10 to .*_rate 1 holds no power 10\*\*",
    ),
    "no power between": (
        "sweep learning-rate",
        {"arms.lowest_learning_rate": 0.2, "arms.highest_learning_rate": 0.3, "arms.rates_per_decade": 1},
        r"holds no power 10\*\*\(k/1\): give the lower one first, a wider range, or a larger arms\.rates_per_decade",
    ),
    "a rate of 0": ("sweep learning-rate", {"arms.lowest_learning_rate": 0}, "at least 1e-30"),
    "a rate": ("sweep learning-rate", {"solver.learning_rate": 0.1}, "set arms.lowest_learning_rate instead"),
    "a width of 0": ("sweep feature-width", {"arms.widths": [2, 0]}, r"arms\.widths: 0 is not allowed"),
    "no depths": ("sweep depth", {"arms.depths": []}, "at least 1 item"),
    "a layer": ("sweep depth", {"net.hidden_dims": [3]}, r"varies net\.hidden_dims itself: set arms\.depths instead"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(plan, case):
    name, settings, words = REFUSED[case]
    with pytest.raises(SettingsError, match=words) as caught:
        plan(name, settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("small", [*SMALL_SWEEPS, "sweep weight-scale"], indirect=True)
def test_a_sweep_has_three_panels_over_what_it_sweeps(small):
    drawn = small.plan.study.figure(small.plan.settings, small.results)
    titles = ["Best validation accuracy", "Best training accuracy", "Final training loss"]
    assert [panel.title for panel in drawn.panels] == titles
    measures = (lambda h: h.best_val_acc, lambda h: h.best_train_acc, lambda h: h.final_loss)
    for panel, measure in zip(drawn.panels, measures, strict=True):
        for line in (line for line in panel.lines if not line.faint):
            own = [result for result in small.results if result.arm.curve == line.label]
            assert [*line.x] == [result.arm.x for result in own]
            assert [*line.y] == pytest.approx([fmean(map(measure, result.histories)) for result in own])
            assert panel.x_ticks is None or set(panel.x_ticks) == set(line.x)


@pytest.mark.parametrize("small", SMALL_SWEEPS, indirect=True)
def test_captions_leave_out_what_is_swept(small):
    text = small.plan.study.figure(small.plan.settings, small.results).caption
    wrong = {
        "sweep learning-rate": ["adam at", "0.001"],
        "sweep feature-width": ["layers of", "100,"],
        "sweep depth": ["7 hidden"],
    }
    assert not [words for words in wrong[small.plan.entry.name] if words in text]
    said = {
        "sweep learning-rate": "hidden layer of 8, weight scale 0.02; adam, batch 50, 2 epochs;",
        "sweep feature-width": "; 5 hidden layers, weight scale 0.1; adam at 0.001, batch 50, 2 epochs;",
        "sweep depth": "; hidden layers of 50, weight scale 0.1; adam at 0.001, batch 50, 2 epochs;",
    }
    assert said[small.plan.entry.name] in text


def test_the_claims_are_tested_on_the_shipped_arms(plan):
    """A claim whose curves or values aren't there would be left out in silence."""
    rates = [contrast.text for contrast in plan("sweep learning-rate").contrasts]
    assert rates == [
        "Batchnorm permits larger learning rates",
        "At its own best rate, no normalization is as good as batchnorm",
    ]
    assert [contrast.text for contrast in plan("sweep feature-width").contrasts] == ["Layernorm suffers with few features"]
    assert plan("sweep depth").contrasts == plan("sweep update-rule").contrasts == []
