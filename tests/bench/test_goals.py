"""The goals: each is about something that is measured, and met or not by its bound."""

import pytest

from bnlab.bench.figures import FAST, PLAIN, ratio_of, time_of
from bnlab.bench.goals import GOALS, cells, judge, markdown
from bnlab.bench.parts import PARTS, USUAL
from bnlab.bench.sweep import AROUND, against

TORCH, LIMIT = against("PyTorch"), "a run on one core, over its limit"


def test_each_goal_is_about_a_part_that_is_usually_measured():
    """But for the driver's, whose 10,000 runs take minutes."""
    assert {goal.part for goal in GOALS} <= {*USUAL, "driver"} < {*PARTS}


@pytest.mark.parametrize(
    ("part", "what", "kernels", "value", "met"),
    [
        ("sweep", TORCH, PLAIN, 1.9, True), ("sweep", TORCH, PLAIN, 1.89, False),
        ("sweep", TORCH, FAST, 1.9, False), ("sweep", TORCH, FAST, 2.5, True),
        ("run", LIMIT, PLAIN, 2.2, True), ("run", LIMIT, FAST, 1.51, False),
        ("sweep", AROUND, FAST, 0.7, True), ("sweep", AROUND, PLAIN, 0.71, False),
    ],
)  # fmt: skip
def test_a_goal_is_met_at_its_bound(part, what, kernels, value, met):
    figure = time_of(part, what, kernels, [value])
    [judged] = judge([figure, time_of("other", what, kernels, [value])])
    assert (judged.figure, judged.met) == (figure, met)
    assert judged.to_json()["met"] is met


def test_the_table_has_the_goals_in_their_order():
    figures = [time_of("sweep", AROUND, PLAIN, [0.5, 0.9, 0.6]), ratio_of("sweep", TORCH, PLAIN, [2.0, 2.0], [1.0, 1.0])]
    judged = [*judge(figures)]
    assert cells(judged[0]) == [TORCH, PLAIN, "at least 1.9", "2", "2 to 2"]
    assert cells(judged[1]) == [AROUND, PLAIN, "at most 700 ms", "600 ms", "500 ms to 900 ms"]
    assert markdown(judged).splitlines()[2:] == [
        f"| {TORCH} | NumPy | at least 1.9 | 2 | 2 to 2 | met |",
        f"| {AROUND} | NumPy | at most 700 ms | 600 ms | 500 ms to 900 ms | met |",
    ]


def test_figures_without_a_goal_have_no_row():
    assert [*judge([time_of("sweep", "PyTorch", "", [1.0]), time_of("sweep", TORCH, "", [1.0])])] == []
