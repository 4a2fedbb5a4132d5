"""Every engine on another framework, against ours: the losses of all iterations, the accuracies, and how a run ends."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from bnlab import engines
from bnlab.engines import FRAMEWORKS, installed
from bnlab.errors import SettingsError
from bnlab.lab.images import arrays
from bnlab.runs.outcome import check_outcome, plain
from bnlab.runs.spec import ENGINES

OTHERS = [
    pytest.param(name, marks=pytest.mark.skipif(not installed(name), reason=f"{FRAMEWORKS[name].name} isn't installed"))
    for name in ENGINES
    if name in FRAMEWORKS
]
each_engine = pytest.mark.parametrize("engine", OTHERS)
AGREED, FIRST = 1e-10, 1e-5


def both(spec, engine):
    """What our engine and another one make of a run."""
    with np.errstate(all="ignore"):
        data = arrays(spec, ())
    ours, theirs = (plain(engines.train(replace(spec, engine=name), data)) for name in ("numpy", engine))
    check_outcome(theirs, replace(spec, engine=engine))
    return ours, theirs


def assert_same_run(ours, theirs):
    np.testing.assert_allclose(theirs.loss_history, ours.loss_history, rtol=AGREED)
    assert replace(theirs, loss_history=[]) == replace(ours, loss_history=[])


NETS = {
    "plain": {},
    "L2": {"reg": 0.5},
    "dropout": {"keep_prob": 0.5},
    "batchnorm": {"normalization": "batchnorm"},
    "batchnorm, one image at a time": {"normalization": "batchnorm", "batch_size": 1},
    "batchnorm with dropout and L2": {"normalization": "batchnorm", "keep_prob": 0.5, "reg": 0.1},
    "population statistics": {"normalization": "batchnorm", "keep_prob": 0.5, "statistics": "population"},
    "layernorm": {"normalization": "layernorm", "weight_scale": 0.1},
    "a sample of the training images": {"normalization": "batchnorm", "num_train_samples": 30},
    "a rate that decays": {"lr_decay": 0.5, "num_epochs": 4},
    "a minibatch that isn't a divisor": {"batch_size": 16},
}


@each_engine
@pytest.mark.parametrize("case", NETS)
def test_nets(engine, case, make_spec):
    assert_same_run(*both(make_spec(dtype="float64", **NETS[case]), engine))


RULES = {
    "sgd": {},
    "sgd_momentum": {"momentum": 0.7},
    "rmsprop": {"decay_rate": 0.9, "epsilon": 1e-3},
    "adam": {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
}


@each_engine
@pytest.mark.parametrize("own", [False, True], ids=["defaults", "settings of its own"])
@pytest.mark.parametrize("rule", RULES)
def test_update_rules(engine, rule, own, make_spec):
    settings = RULES[rule] if own else {}
    spec = make_spec(dtype="float64", update_rule=rule, lr_decay=0.5, weight_scale=0.1, num_epochs=4, **settings)
    assert_same_run(*both(spec, engine))


@each_engine
@pytest.mark.parametrize("normalization", ["none", "spatial_batchnorm", "spatial_groupnorm"])
def test_convnets(engine, normalization, make_convnet):
    spec = make_convnet(normalization)
    assert_same_run(*both(replace(spec, dtype="float64", net=replace(spec.net, weight_scale=0.1, reg=0.01)), engine))


@each_engine
def test_population_statistics_of_a_convnet(engine, make_convnet):
    spec = make_convnet("spatial_batchnorm")
    solver = replace(spec.solver, statistics="population")
    assert_same_run(*both(replace(spec, dtype="float64", solver=solver), engine))


@each_engine
@pytest.mark.parametrize("normalization", ["none", "batchnorm", "layernorm"])
def test_the_first_loss_in_float32(engine, normalization, make_spec):
    ours, theirs = both(make_spec(normalization=normalization, weight_scale=0.1), engine)
    assert theirs.loss_history[0] == pytest.approx(ours.loss_history[0], rel=FIRST)


DIVERGING = {
    "at once": {"weight_scale": 1e30},
    "later": {"weight_scale": 0.1, "learning_rate": 1e25, "update_rule": "sgd"},
    "in a weight that no loss shows": {"learning_rate": 1e38, "update_rule": "sgd_momentum", "weight_scale": 1e-3},
}


@each_engine
@pytest.mark.parametrize("case", DIVERGING)
def test_a_diverging_run_ends_where_ours_does(engine, case, make_spec):
    ours, theirs = both(make_spec(num_epochs=4, **DIVERGING[case]), engine)
    assert ours.diverged_at is not None
    np.testing.assert_equal(
        (theirs.diverged_at, theirs.check_iterations, np.isfinite(theirs.loss_history).tolist()),
        (ours.diverged_at, ours.check_iterations, np.isfinite(ours.loss_history).tolist()),
    )


@each_engine
def test_the_same_run_gives_the_same_bits_and_leaves_no_trace(engine, make_spec):
    spec = replace(make_spec(normalization="batchnorm", keep_prob=0.5), engine=engine)
    data, before = arrays(spec, ()), np.random.get_state()[1].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, other = (engines.train(spec, data) for _ in range(2))
    assert one == other
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@each_engine
def test_what_an_engine_cant_do_is_refused_by_name(engine, make_spec):
    with pytest.raises(SettingsError, match=f"diagnostics: the {engine} engine records none"):
        engines.check([replace(make_spec(), engine=engine, diagnostics=True)])


@each_engine
def test_a_framework_that_is_missing(engine, make_spec, monkeypatch):
    monkeypatch.setitem(FRAMEWORKS, engine, FRAMEWORKS[engine]._replace(modules=("no_such_module",)))
    spec = replace(make_spec(), engine=engine)
    for ask in (lambda: engines.check([spec]), lambda: engines.train(spec, {})):
        with pytest.raises(SettingsError, match=rf"isn't installed: pip install 'bnlab\[{engine}\]', or leave --engine"):
            ask()
