"""What is said of a single run: its settings as they count, and a curve in one line."""

import math
from dataclasses import replace

import pytest

from bnlab.report.run_facts import ASCII_BLOCKS, one_line_curve, points, settings
from bnlab.runs.spec import RULE_SETTINGS, SolverSpec


@pytest.mark.parametrize(
    ("values", "width", "curve"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([7, 0], 60, "█▁"),
        ([0, 2, 7, 7, 3, 3], 3, "▁█▃"),
        ([0, 0, 0, 9, 9, 9, 9], 2, "▁█"),
        ([2.5, 2.5, 2.5], 8, "▁▁▁"),
        ([1, 0, math.nan], 8, "█▁x"),
        ([1, 0, 0, math.inf], 2, "▁x"),
        ([math.nan], 8, "x"),
        ([1.7e308, 1.7e308, 0, 0], 2, "█▁"),
        ([], 8, ""),
    ],
)
def test_a_curve_in_one_line(values, width, curve):
    assert one_line_curve(values, width) == curve


def test_a_curve_in_ascii():
    assert one_line_curve(range(8), 8, ASCII_BLOCKS) == ASCII_BLOCKS
    assert ASCII_BLOCKS.isascii()


@pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "rmsprop", "adam"])
def test_the_update_rules_own_settings_are_given_in_full_and_no_others(make_spec, rule):
    spec = replace(make_spec(), solver=SolverSpec(1e-3, rule, batch_size=20))
    of_rules = {key: value for key, value in settings(spec).items() if key.removeprefix("solver.") in RULE_SETTINGS}
    config = {name: value for name, value in spec.solver.rule_config.items() if name != "learning_rate"}
    assert of_rules == {f"solver.{name}": (value, True) for name, value in config.items()}


def test_a_setting_that_differs_from_its_default_is_told_from_one_that_does_not(make_spec):
    spec = make_spec(beta1=0.8, normalization="batchnorm", replicate=3)
    changed = [key for key, setting in settings(spec).items() if not setting.is_default]
    assert changed == [
        "data.dataset", "data.num_train", "data.fingerprint", "net.model", "net.hidden_dims", "net.normalization",
        "solver.learning_rate", "solver.batch_size", "solver.num_epochs", "solver.beta1", "seed", "replicate",
    ]  # fmt: skip
    assert settings(spec)["solver.beta1"].value == 0.8


def test_the_points_of_the_curves(make_history):
    history = make_history(losses=[2.5, 2.25, 2.0, math.nan], diverged_at=4, val=[0.1, 0.2, 0.3], train=[0.4, 0.5, 0.6])
    assert [*map(tuple, points(history))] == [
        *[("loss", 1, 1 / 3, 2.5), ("loss", 2, 2 / 3, 2.25), ("loss", 3, 1, 2.0), ("loss", 4, 4 / 3, None)],
        *[("train_accuracy", 1, 1 / 3, 0.4), ("train_accuracy", 3, 1, 0.5), ("train_accuracy", 4, 4 / 3, 0.6)],
        *[("val_accuracy", 1, 1 / 3, 0.1), ("val_accuracy", 3, 1, 0.2), ("val_accuracy", 4, 4 / 3, 0.3)],
    ]
