"""The file that a gradient check leaves: strict JSON, all rows, and how many failed."""

import json

from bnlab.cases import CASES
from bnlab.gradcheck import Comparison, check
from bnlab.lab.store import Store
from bnlab.report.gradients import publish


def test_the_rows_and_their_counts_are_written(tmp_path):
    wrong = Comparison("relu", "x", error=float("nan"), analytic=float("inf"), index=(1, 2))
    comparisons = [*check(CASES["affine"], 231), wrong]
    document = publish(comparisons, Store(tmp_path), 1.5)
    text = (tmp_path / "gradcheck" / "gradcheck.json").read_text()
    assert json.loads(text, parse_constant=lambda word: 1 / 0) == json.loads(json.dumps(document))
    assert document["counts"] == {"gradients": 4, "failed": 1}
    assert [(row["case"], row["gradient"], row["ok"]) for row in document["rows"]] == [
        ("affine", "x", True), ("affine", "w", True), ("affine", "b", True), ("relu", "x", False),
    ]  # fmt: skip
    assert (document["rows"][-1]["error"], document["rows"][-1]["analytic"]) == (None, None)
    assert [*document][-1] == "provenance"
    assert document["provenance"]["seconds"] == 1.5
