"""The shipped settings are the notebooks', to the last one: a change here is a change of what bnlab reproduces."""

import numpy as np
import pytest

from bnlab.studies import STUDIES


@pytest.fixture
def plan(plan):
    """The plan with one replicate, which is the notebooks' picture."""
    return lambda name, settings=None: plan(name, {**(settings or {}), "replicates": 1})


def common(run):
    """What all studies have alike."""
    assert run.seed == 231
    assert run.replicate == 0
    assert run.dtype == "float32"
    assert run.engine == "numpy"
    assert run.data.dataset == "fashion-mnist-mini"
    assert run.net.reg == 0
    assert run.solver.update_rule == "adam"
    assert run.solver.lr_decay == 1
    assert run.solver.num_train_samples == 1000
    assert run.solver.statistics == "running"


@pytest.mark.parametrize("name", ["compare", "compare --model cnn", "sweep weight-scale", "sweep batch-size", "dropout"])
def test_what_the_notebooks_studies_have_alike(plan, name):
    for run in plan(name).runs:
        common(run)


@pytest.mark.parametrize("norm", ["batchnorm", "layernorm"])
def test_compare(plan, norm):
    made = plan("compare", {"arms.norm": norm})
    assert [arm.label for arm in made.arms] == [norm, "no normalization"]
    assert [run.net.normalization for run in made.runs] == [norm, "none"]
    assert made.folder == f"compare-{norm}"
    for run in made.runs:
        assert run.data.num_train == 1000
        assert run.net.hidden_dims == (100,) * 5
        assert run.net.weight_scale == 2e-2
        assert run.net.keep_prob == 1
        assert run.solver.learning_rate == 1e-3
        assert run.solver.batch_size == 50
        assert run.solver.num_epochs == 10


def test_compare_is_of_batchnorm_unless_told(plan):
    assert plan("compare") == plan("compare", {"arms.norm": "batchnorm"})


@pytest.mark.parametrize("norm", ["all", "spatial_batchnorm", "spatial_groupnorm"])
def test_compare_of_the_convnet(plan, norm):
    made = plan("compare --model cnn", {"arms.norm": norm})
    normalized = ["spatial_batchnorm", "spatial_groupnorm"] if norm == "all" else [norm]
    assert [run.net.normalization for run in made.runs] == [*normalized, "none"]
    assert made.folder == "compare-cnn" + ("" if norm == "all" else f"-{norm}")
    for run in made.runs:
        assert run.data.num_train == 1000
        assert run.net.model == "cnn"
        assert (run.net.num_filters, run.net.filter_size, run.net.hidden_dim) == (32, 7, 100)
        assert run.net.num_groups == (8 if run.net.normalization == "spatial_groupnorm" else None)
        assert run.net.weight_scale == 1e-3
        assert run.solver.learning_rate == 1e-3
        assert run.solver.batch_size == 50
        assert run.solver.num_epochs == 5


def test_arms_without_groups_are_the_same_whatever_their_number(plan):
    eight, four = ([run.name for run in plan("compare --model cnn", {"net.num_groups": n}).runs] for n in (8, 4))
    assert [a == b for a, b in zip(eight, four, strict=True)] == [True, False, True]


def test_compare_of_the_convnet_is_of_all_unless_told(plan):
    assert plan("compare --model cnn") == plan("compare --model cnn", {"arms.norm": "all"})


def test_weight_scale(plan):
    made = plan("sweep weight-scale")
    assert len(made.runs) == 40
    assert made.folder == "weight-scale"
    for norm in ("batchnorm", "none"):
        runs = [run for run in made.runs if run.net.normalization == norm]
        np.testing.assert_array_equal([run.net.weight_scale for run in runs], np.logspace(-4, 0, 20))
    for run in made.runs:
        assert run.data.num_train == 1000
        assert run.net.hidden_dims == (50,) * 7
        assert run.net.keep_prob == 1
        assert run.solver.learning_rate == 1e-3
        assert run.solver.batch_size == 50
        assert run.solver.num_epochs == 10


@pytest.mark.parametrize("norm", ["batchnorm", "layernorm"])
def test_batch_size(plan, norm):
    made = plan("sweep batch-size", {"arms.norm": norm})
    assert made.folder == f"batch-size-{norm}"
    assert [(run.net.normalization, run.solver.batch_size) for run in made.runs] == [
        (norm, 5), (norm, 10), (norm, 50), ("none", 5),
    ]  # fmt: skip
    for run in made.runs:
        assert run.data.num_train == 1000
        assert run.net.hidden_dims == (100,) * 5
        assert run.net.weight_scale == 2e-2
        assert run.net.keep_prob == 1
        assert run.solver.learning_rate == 10**-3.5
        assert run.solver.num_epochs == 10


def test_batch_size_is_of_batchnorm_unless_told(plan):
    assert plan("sweep batch-size") == plan("sweep batch-size", {"arms.norm": "batchnorm"})


def test_batch_size_at_equal_updates(plan):
    """The fair variant: epochs of 200, 100 and 20 minibatches, and 2,000 of these for all, the baseline too."""
    made = plan("sweep batch-size", {"arms.equal_updates": True})
    assert made.folder == "batch-size-batchnorm-equal-updates"
    assert [(run.solver.batch_size, run.solver.num_epochs) for run in made.runs] == [(5, 10), (10, 20), (50, 100)] * 2
    same = ("net", "data", "seed")
    for fair, faithful in zip(made.runs, plan("sweep batch-size").runs, strict=False):
        assert [getattr(fair, part) for part in same] == [getattr(faithful, part) for part in same]


@pytest.mark.parametrize("sizes", [[7], [30, 60], [3, 999, 1000]])
def test_equal_updates_are_less_than_an_epoch_apart(plan, sizes):
    made = plan("sweep batch-size", {"arms.equal_updates": True, "arms.batch_sizes": sizes})
    asked = 10 * (1000 // min(sizes))
    for run in made.runs:
        per_epoch = 1000 // run.solver.batch_size
        assert 0 <= run.solver.num_epochs * per_epoch - asked < per_epoch


def test_dropout(plan):
    made = plan("dropout")
    assert made.folder == "dropout"
    assert [run.net.keep_prob for run in made.runs] == [1, 0.25]
    for run in made.runs:
        assert run.data.num_train == 500
        assert run.net.hidden_dims == (500,)
        assert run.net.normalization == "none"
        assert run.net.weight_scale == 1e-2
        assert run.solver.learning_rate == 5e-4
        assert run.solver.batch_size == 100
        assert run.solver.num_epochs == 25


def test_update_rule(plan):
    made = plan("sweep update-rule")
    assert made.folder == "update-rule"
    assert [(run.solver.update_rule, run.solver.learning_rate) for run in made.runs] == [
        ("sgd", 5e-3), ("sgd_momentum", 5e-3), ("rmsprop", 1e-4), ("adam", 1e-3),
    ]  # fmt: skip
    for run in made.runs:
        assert run.data.num_train == 4000
        assert run.net.hidden_dims == (100,) * 5
        assert run.net.normalization == "none"
        assert run.net.weight_scale == 5e-2
        assert run.net.reg == 0
        assert run.solver.batch_size == 100
        assert run.solver.num_epochs == 5
        assert run.seed == 231


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_arms_differ_in_what_is_studied_and_in_nothing_else(plan, entry):
    made = plan(entry.name)
    specs = [run.to_json() for run in made.runs]
    differing = {
        f"{part}.{name}"
        for spec in specs
        for part in ("data", "net", "solver")
        for name in spec[part]
        if spec[part][name] != specs[0][part][name]
    }
    follows = {key for arm in made.arms for key in arm.follows}
    assert set(made.study.VARIED) <= differing <= set(made.study.VARIED) | follows
    assert len({(spec["seed"], spec["replicate"], spec["dtype"]) for spec in specs}) == 1
    assert len({run.name for run in made.runs}) == len(made.arms)


def test_studies_that_ask_for_the_same_run_share_it(plan):
    batchnorm, layernorm = (plan("compare", {"arms.norm": norm}).runs for norm in ("batchnorm", "layernorm"))
    assert {run.name for run in batchnorm} & {run.name for run in layernorm} == {batchnorm[1].name}


def test_the_images_are_part_of_the_plan(plan):
    prints = {
        plan("compare", s).runs[0].data.fingerprint for s in ({}, {"data.num_train": 999}, {"data.dataset": "synthetic"})
    }
    assert len(prints) == 3
