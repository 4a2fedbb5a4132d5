"""What the driver costs: its made-up runs are runs, and the figures are there."""

import json

import pytest

from bnlab.bench.driver import _plan, made_up
from bnlab.bench.goals import GOALS
from bnlab.runs.history import from_json
from tests.program import Program

pytestmark = pytest.mark.slow


def test_a_made_up_run_is_one_that_the_store_believes():
    spec = _plan(1).runs[0]
    document = json.loads(json.dumps(made_up(spec).to_json()))
    assert from_json(document, spec).outcome == made_up(spec).outcome


def test_its_figures(tmp_path):
    """The smallest number of runs. The goals for 10,000 aren't judged by it."""
    done = Program(tmp_path)("bench", "--only", "driver", "--runs", 160, "--rounds", 1, "--json")
    assert done.status == 0, done.err
    made = done.json
    figures = {figure["what"]: figure["value"] for figure in made["figures"]}
    timed = ("the driver, per run, 160 runs", "until a command says that all 160 runs are stored")
    assert min(figures[name] for name in (*timed, "two workers over one, the runs alone, 40 runs")) > 0
    goals = {goal.what for goal in GOALS if goal.part == "driver"}
    assert {goal["what"] for goal in made["goals"]} == {"the driver's memory, per run"} <= goals
