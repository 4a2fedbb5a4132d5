"""arms.csv: mean accuracies for each arm and check."""

import csv
import io
import math

import pytest

from bnlab.evidence.interval import mean_interval
from bnlab.evidence.judge import ArmRuns
from bnlab.report.arms_table import COLUMNS, rows
from bnlab.report.table import csv_bytes

TRAIN = ([0.2, 0.5, 0.7], [0.3, 0.6, 0.7], [0.1, 0.7, 0.7])
VAL = ([0.1, 0.2, 0.3], [0.1, 0.4, 0.5], [0.1, 0.3, 0.1])


@pytest.fixture
def three(make_spec, make_history):
    return ArmRuns("batchnorm", 5.0, [
        make_history(make_spec(replicate=r), train=train, val=val)
        for r, (train, val) in enumerate(zip(TRAIN, VAL, strict=True))
    ])  # fmt: skip


def test_a_row_for_each_check(three):
    found = [*rows([("batchnorm, batch 5", three)])]
    assert [tuple(row) for row in found] == [COLUMNS] * 3
    assert [(row["iteration"], row["epoch"], row["n"]) for row in found] == [(1, 1 / 3, 3), (3, 1, 3), (6, 2, 3)]
    assert {(row["arm"], row["curve"], row["x"]) for row in found} == {("batchnorm, batch 5", "batchnorm", 5.0)}
    assert [row["train_acc"] for row in found] == pytest.approx([0.2, 0.6, 0.7])
    assert [row["val_acc"] for row in found] == pytest.approx([0.1, 0.3, 0.3])


def test_the_interval_is_the_plain_one(three):
    middle = [*rows([("a", three)])][1]
    wanted = mean_interval([0.2, 0.4, 0.3])
    assert (middle["val_acc_low"], middle["val_acc_high"]) == pytest.approx((wanted.low, wanted.high))
    half = 4.302652729911275 * 0.1 / math.sqrt(3)
    assert middle["val_acc_high"] == pytest.approx(0.3 + half)


def test_one_run_has_no_interval(make_history):
    found = [*rows([("a", ArmRuns("a", None, [make_history()]))])]
    assert {row[name] for row in found for name in COLUMNS if name.endswith(("_low", "_high"))} == {None}
    assert [row["n"] for row in found] == [1, 1, 1]


def test_a_diverged_run_guesses_to_the_planned_end(make_spec, make_history):
    runs = [
        make_history(make_spec(replicate=0), train=TRAIN[0]),
        make_history(make_spec(replicate=1), losses=[math.nan], diverged_at=1, train=[0.9], val=[0.9]),
    ]
    found = [*rows([("a", ArmRuns("a", None, runs))])]
    assert [row["train_acc"] for row in found] == pytest.approx([0.15, 0.3, 0.4])


def test_an_arm_without_runs_has_no_rows(three):
    assert [*rows([("a", ArmRuns("a", None, []))])] == []
    assert len([*rows([("a", ArmRuns("a", None, [])), ("b", three), ("c", three)])]) == 6


def test_as_csv(make_history):
    text = csv_bytes(COLUMNS, rows([("a, b", ArmRuns("b", None, [make_history()]))])).decode()
    read = [*csv.DictReader(io.StringIO(text, newline=""))]
    assert [*read[0]] == [*COLUMNS]
    assert (read[0]["arm"], read[0]["x"], read[0]["val_acc_low"]) == ("a, b", "", "")
    assert float(read[0]["epoch"]) == pytest.approx(1 / 3)
