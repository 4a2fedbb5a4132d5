"""The question and the command that a summary states: the command, given again, plans the same runs for the same folder."""

import re
import shlex
from dataclasses import replace

import pytest

from bnlab.cli import cli
from bnlab.studies import STUDIES, SWEEP
from bnlab.studies.asked import command, question, title
from bnlab.studies.plan import make_plan
from bnlab.studies.settings import Override
from bnlab.studies.sweep import make_sweep

ENTRIES = {entry.name: entry for entry in STUDIES}
CHANGES = [
    {},
    {"data.dataset": "synthetic", "data.num_train": 300, "seed": 7, "net.reg": 1e-5, "replicates": 2, "dtype": "float64"},
    {"vary": "images", "data.num_val": 100, "data.num_train": 200, "diagnostics": True, "solver.lr_decay": 0.123456789012},
]
OWN = {
    "compare": [
        {"arms.norm": "all", "net.hidden_dims": (20, 10), "data.dataset": "synthetic"},
        {"solver.update_rule": "sgd_momentum", "solver.momentum": 0.5},
    ],
    "compare --model cnn": [{"arms.norm": "spatial_batchnorm", "net.num_filters": 4, "net.num_groups": None}],
    "sweep batch-size": [{"arms.norm": "layernorm", "arms.equal_updates": True, "arms.batch_sizes": (50, 10)}],
    "sweep weight-scale": [{"arms.num_weight_scales": 3, "arms.lowest_weight_scale": 2e-3}],
    "sweep update-rule": [{"arms.rules": ("sgd", "adam"), "arms.learning_rates": (1e-1, 1e-5)}],
    "dropout": [{"arms.keep": (0.5, 0.123456789012)}],
}
CASES = [(name, changes) for name in ENTRIES for changes in [*CHANGES, *OWN.get(name, [])]]


def made(name, changes=(), **more):
    return make_plan(ENTRIES[name], None, [Override(key, value, key) for key, value in dict(changes).items()], **more)


@pytest.fixture
def planned(monkeypatch):
    """The plan that a command makes; nothing is run."""

    def planned(text):
        program, *words = shlex.split(text)
        assert program == "bnlab"
        seen = []
        monkeypatch.setattr("bnlab.cli.study.print_plan", lambda plan, *rest: seen.append(plan))
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "-n"], prog_name="bnlab")
        assert not ended.value.code
        [plan] = seen
        return plan

    return planned


def same(plan):
    return plan.folder, [run.name for run in plan.runs], plan.looks, plan.claims, plan.settings


@pytest.mark.parametrize(("name", "changes"), CASES, ids=str)
def test_the_command_of_a_study_plans_it_again(name, changes, planned):
    plan = made(name, changes)
    assert {*plan.changed} == {*changes}
    assert same(planned(command(plan))) == same(plan)


SWEEPS = [
    (["net.reg=0,1e-5"], [], {}),
    (["net.weight_scale=0.001,1e-2", "solver.batch_size=10,50"], ["net.normalization=none"], {"seed": 3}),
    (["net.hidden_dims=[20],[20, 10]", "net.normalization=batchnorm,layernorm"], ["dtype=float64"], {"net.reg": 0.1}),
    (["solver.beta1=null,0.5"], ["net.reg=1.0", "net.reg=0.5"], {}),
]


@pytest.mark.parametrize(("axes", "against", "changes"), SWEEPS, ids=str)
def test_the_command_of_a_sweep_plans_it_again(axes, against, changes, planned):
    overrides = [Override(key, value, key) for key, value in changes.items()]
    plan = make_plan(SWEEP, None, overrides, study=make_sweep(axes, against))
    again = planned(command(plan))
    assert same(again) == same(plan)
    assert (again.study.axes, again.study.baselines) == (plan.study.axes, plan.study.baselines)


def test_options_come_first_and_all_is_quoted_for_a_shell():
    assert command(made("compare --model cnn")) == "bnlab compare --model cnn"
    asked = {"arms.norm": "layernorm", "net.reg": 0.1, "seed": 7, "replicates": 6, "diagnostics": True}
    assert command(made("compare", asked)) == (
        "bnlab compare --norm layernorm --seed 7 --replicates 6 --diagnostics -s net.reg=0.1"
    )
    assert command(made("compare", {"net.hidden_dims": (20, 10)})) == "bnlab compare -s 'net.hidden_dims=[20, 10]'"
    assert command(made("dropout", {"arms.keep": (0.5, 0.75)})) == "bnlab dropout --keep 0.5 --keep 0.75"
    assert command(made("sweep batch-size", {"arms.equal_updates": True})) == "bnlab sweep batch-size --equal-updates"
    sweep = make_plan(SWEEP, study=make_sweep(["net.hidden_dims=[9],[9,9]"], ["net.normalization=none"]))
    assert command(sweep) == "bnlab sweep 'net.hidden_dims=[9],[9,9]' --against net.normalization=none"


def test_looks_are_asked_for_again_and_not_the_replicates_that_were_enough(planned):
    plan = made("compare", most=20)
    reached = plan.at(plan.looks[0])
    assert command(reached) == command(plan) == "bnlab compare --until-decided --max-replicates 20"
    assert same(planned(command(reached))) == same(plan)


def test_a_file_of_claims_is_asked_for_and_its_place_not_told():
    plan = made("compare")
    assert command(replace(plan, claims=(*plan.claims, plan.claims[0]))) == "bnlab compare --claims FILE"


@pytest.mark.parametrize(
    ("name", "changes", "titled"),
    [
        ("compare", {}, "Training a deep net: batchnorm and no normalization"),
        ("sweep batch-size", {"arms.norm": "all"}, "Batch size: batchnorm, layernorm and no normalization"),
        ("sweep batch-size", {"arms.equal_updates": True}, "Batch size: batchnorm and no normalization (equal updates)"),
        ("sweep depth", {"seed": 7, "replicates": 2}, "Number of hidden layers: batchnorm, layernorm and no normalization"),
        (
            "sweep learning-rate",
            {"data.dataset": "synthetic", "data.num_train": 300, "net.reg": 0.1},
            "Learning rate: batchnorm and no normalization (on synthetic, num train 300 and reg 0.1)",
        ),
        ("compare --model cnn", {}, "Training a convnet: spatial batchnorm, spatial groupnorm and no normalization"),
        ("sweep update-rule", {}, "Update rule: sgd, sgd momentum, rmsprop and adam"),
        (
            "sweep update-rule",
            {"arms.rules": ("sgd", "sgd"), "arms.learning_rates": (0.1, 0.2)},
            "Update rule: sgd at 0.1 and sgd at 0.2",
        ),
        (
            "dropout",
            {"arms.keep": (0.1, 0.2, 0.3, 0.4, 0.5)},
            "Dropout: no dropout, keep 0.1, keep 0.2, keep 0.3 and 2 more",
        ),
    ],
)
def test_the_title_says_what_is_compared_and_what_differs(name, changes, titled):
    assert title(made(name, changes)) == titled


def test_titles_tell_the_studies_apart():
    titles = [title(made(name)) for name in ENTRIES]
    assert len({*titles}) == len(titles)
    assert all(entry.title for entry in STUDIES)


def test_the_title_of_a_sweep_is_its_axis():
    assert title(make_plan(SWEEP, study=make_sweep(["net.weight_scale=0.1,1"]))) == "Weight scale"
    two = make_plan(SWEEP, study=make_sweep(["net.weight_scale=0.1,1", "solver.batch_size=5,10"]))
    assert title(two) == "Weight scale: batch size 5 and batch size 10"


@pytest.mark.parametrize("name", ENTRIES)
def test_the_question_of_a_study_is_a_paragraph_that_asks(name):
    asked = question(made(name))
    assert "?" in asked
    assert "\n" not in asked
    assert "`" not in asked
    assert asked == " ".join(asked.split())
    assert "pilot" not in asked  # what a pilot found would be an answer
    assert not re.search(
        r"--\w|\.\w|_|\*|the notebooks|[\w-]+ study", asked
    )  # a reader of the page has nothing but the page


@pytest.mark.parametrize(
    ("axes", "against", "asked"),
    [
        (["net.reg=0,0.1"], [], "How does training depend on net.reg (0.0, 0.1)?"),
        (
            ["net.weight_scale=0.001,0.01", "net.normalization=batchnorm,layernorm"],
            ["net.normalization=none", "net.reg=1"],
            "How does training depend on net.weight_scale (0.001, 0.01), for net.normalization batchnorm and layernorm, "
            "against no normalization and reg 1.0?",
        ),
        (
            ["solver.num_epochs=" + ",".join(map(str, range(1, 31)))],
            [],
            "How does training depend on solver.num_epochs (30 values from 1 to 30)?",
        ),
    ],
)
def test_the_question_of_a_sweep_follows_from_its_axes(axes, against, asked):
    assert question(make_plan(SWEEP, study=make_sweep(axes, against))) == asked
