"""The tidy table: its columns, and CSV there and back."""

import csv
import io
import math
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

from bnlab.report.table import COLUMNS, NAMES, csv_bytes, rows
from bnlab.runs.history import Failure, History
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import ConvNetSpec, DataSpec, NetSpec, RunSpec, SolverSpec

SPEC = RunSpec(
    DataSpec("synthetic", 60, "0" * 16),
    NetSpec((8, 6), "batchnorm", 0.1, 0.25),
    SolverSpec(1 / 3, "sgd_momentum", batch_size=20, momentum=0.5),
    7,
    2,
)


CONVNET = replace(SPEC, net=ConvNetSpec(4, 3, 6, "spatial_groupnorm", 2))


def history(losses=(2.5, 0.1 + 0.2), diverged_at=None, spec=SPEC):
    return History(spec, Outcome([*losses], [1, 2, 3], [0.1, 2 / 3, 0.6], [0.2, 0.3, 0.25], diverged_at), {})


TABLE = rows([("batchnorm, batch 20", history()), ('an "arm"', history((2.5, math.nan), 2))])


def read(table):
    return [*csv.DictReader(io.StringIO(csv_bytes(NAMES, table).decode(), newline=""))]


def test_a_row_says_what_the_run_was_and_gave():
    settings = {
        "arm": "batchnorm, batch 20", "model": "mlp", "dataset": "synthetic", "num_train": 60,
        "fingerprint": "0" * 16, "num_val": None, "images": "first", "hidden_dims": "8 6",
        "normalization": "batchnorm", "weight_scale": 0.1, "keep_prob": 0.25,
        "reg": 0.0, "num_filters": None, "filter_size": None, "hidden_dim": None, "num_groups": None,
        "learning_rate": 1 / 3, "update_rule": "sgd_momentum", "lr_decay": 1.0, "batch_size": 20, "num_epochs": 10,
        "num_train_samples": 1000, "statistics": "running", "momentum": 0.5, "decay_rate": None, "beta1": None,
        "beta2": None, "epsilon": None, "seed": 7, "replicate": 2, "dtype": "float32", "engine": "numpy",
    }  # fmt: skip
    outcome = {
        "iterations": 2, "status": "finished", "diverged_at": None, "final_loss": pytest.approx(1.4),
        "final_train_acc": 0.6, "best_train_acc": 2 / 3, "final_val_acc": 0.25, "best_val_acc": 0.3, "error": None,
        "run": SPEC.name,
    }  # fmt: skip
    assert TABLE[0].items() >= (settings | outcome).items()
    assert [name for name in TABLE[0] if name in settings or name in outcome] == [*settings, *outcome]


def test_every_setting_that_a_spec_has_is_a_column():
    """So a new field of a spec has its column."""
    parts = (DataSpec, NetSpec, ConvNetSpec, SolverSpec)
    names = {field.name for part in parts for field in fields(part)} | {"seed", "replicate", "dtype", "engine"}
    assert names <= {column.name for column in COLUMNS}


def test_a_failed_run_has_its_settings_and_its_error():
    (row,) = rows([("plain", Failure(SPEC, "ValueError: no", {}))])
    assert (row["status"], row["error"], row["reg"], row["best_val_acc"]) == ("failed", "ValueError: no", 0.0, None)


def test_a_row_of_a_convnet_has_empty_cells_for_what_it_lacks():
    (row,) = rows([("groupnorm", history(spec=CONVNET))])
    assert (row["model"], row["hidden_dim"], row["num_filters"], row["filter_size"]) == ("cnn", 6, 4, 3)
    assert (row["normalization"], row["num_groups"], row["keep_prob"]) == ("spatial_groupnorm", 2, None)
    (row,) = rows(
        [("plain", history(spec=replace(CONVNET, net=replace(CONVNET.net, normalization="none", num_groups=None))))]
    )
    assert row["num_groups"] is None


def test_csv_there_and_back_loses_nothing():
    for written, back in zip(TABLE, read(TABLE), strict=True):
        assert [*back] == [column.name for column in COLUMNS]
        for name, value in written.items():
            if value is None:
                assert back[name] == ""
            else:
                read_as = {"True": True, "False": False}.get if isinstance(value, bool) else type(value)
                assert read_as(back[name]) == value
                assert back[name] != ""


def test_a_diverged_run_says_where():
    finished, row = read(TABLE)
    assert (row["status"], row["diverged_at"], row["final_loss"], row["iterations"]) == ("diverged", "2", "inf", "2")
    assert {name for name in finished if not finished[name]} - {name for name in row if not row[name]} == {"diverged_at"}
    assert row["best_train_acc"] == str(2 / 3)  # of the checks before the last


def test_lines_end_in_a_bare_newline_on_every_system():
    content = csv_bytes(NAMES, TABLE)
    assert content.count(b"\n") == 3
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_no_rows_still_have_a_head():
    assert csv_bytes(NAMES, []).decode() == ",".join(column.name for column in COLUMNS) + "\n"


def test_columns_have_names_of_their_own_and_say_what_they_mean():
    assert max(Counter(column.name for column in COLUMNS).values()) == 1
    assert all(column.meaning for column in COLUMNS)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_each_column_is_documented_with_its_meaning(column):
    text = (Path(__file__).parents[2] / "results" / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| `{column.name}` |")]
    assert column.meaning.split(":")[0].replace("`", "") in line.replace("`", "")
