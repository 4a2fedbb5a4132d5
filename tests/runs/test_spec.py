"""Run specs: their names, and that the names of things in them are those of the tables."""

import itertools
import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, replace
from typing import get_args, get_type_hints

import pytest

from bnlab.engines import ENGINES
from bnlab.errors import SettingsError
from bnlab.nets.normalizers import NORMALIZATIONS, SPATIAL_NORMALIZATIONS
from bnlab.optim import RULES
from bnlab.runs import spec
from bnlab.runs.spec import ConvNetSpec, DataSpec, NetSpec, RunSpec, SolverSpec
from bnlab.solver import STATISTICS
from bnlab.studies.study import CommonSettings

FIXED = RunSpec(
    DataSpec("synthetic", 1000, "0123456789abcdef"),
    NetSpec((100, 100), "batchnorm", 2e-2),
    SolverSpec(1e-3, batch_size=50),
    seed=231,
)


def literal(owner, name):
    return get_args(get_type_hints(owner)[name])


def test_the_names_in_the_spec_are_those_of_the_tables():
    assert set(get_args(spec.NormalizationName)) == {"none", *NORMALIZATIONS}
    assert set(get_args(spec.SpatialName)) == {"none", *SPATIAL_NORMALIZATIONS}
    assert set(literal(SolverSpec, "update_rule")) == set(RULES)
    assert set(literal(SolverSpec, "statistics")) == set(STATISTICS)
    assert set(literal(CommonSettings, "engine")) == set(ENGINES)


def test_the_name_of_a_run_is_the_same_for_good():
    """If this fails, stored runs are no longer found: was SPEC_VERSION meant to be raised?"""
    assert FIXED.name == "2547207dc800be691cee1dd293b5a072"


def test_the_name_is_the_same_in_another_process():
    code = f"from bnlab.runs.spec import *; print({FIXED!r}.name)"
    paths = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == FIXED.name


CHANGES = [
    {"data": replace(FIXED.data, dataset="cifar10")},
    {"data": replace(FIXED.data, num_train=999)},
    {"data": replace(FIXED.data, fingerprint="f" * 16)},
    {"net": replace(FIXED.net, hidden_dims=(100, 101))},
    {"net": replace(FIXED.net, hidden_dims=(100,))},
    {"net": replace(FIXED.net, normalization="none")},
    {"net": replace(FIXED.net, weight_scale=2.0000000000000004e-2)},
    {"net": replace(FIXED.net, keep_prob=0.5)},
    {"net": replace(FIXED.net, reg=1e-9)},
    {"net": replace(FIXED.net, model="other")},
    {"solver": replace(FIXED.solver, learning_rate=1.0000000000000002e-3)},
    {"solver": replace(FIXED.solver, update_rule="sgd")},
    {"solver": replace(FIXED.solver, lr_decay=0.9)},
    {"solver": replace(FIXED.solver, batch_size=51)},
    {"solver": replace(FIXED.solver, num_epochs=11)},
    {"solver": replace(FIXED.solver, num_train_samples=999)},
    {"solver": replace(FIXED.solver, statistics="population")},
    {"seed": 232},
    {"replicate": 1},
    {"dtype": "float64"},
    {"engine": "other"},
]


def test_every_setting_is_part_of_the_name():
    others = [replace(FIXED, **change) for change in CHANGES]
    assert len({FIXED.name, *(other.name for other in others)}) == len(CHANGES) + 1
    changed = set()
    for other in others:
        for part, values in asdict(other).items():
            old = asdict(FIXED)[part]
            if isinstance(values, dict):
                changed |= {f"{part}.{key}" for key in values if values[key] != old[key]}
            elif values != old:
                changed.add(part)
    parts = {"data": DataSpec, "net": NetSpec, "solver": SolverSpec}
    every = {f"{part}.{name}" for part, kind in parts.items() for name in kind.__dataclass_fields__}
    assert changed == every | {"seed", "replicate", "dtype", "engine"}


CONVNET = replace(FIXED, net=ConvNetSpec(num_groups=8))


def test_every_setting_of_a_convnet_is_part_of_the_name():
    values = {"num_filters": 16, "filter_size": 5, "hidden_dim": 99, "normalization": "spatial_groupnorm", "num_groups": 4}
    values |= {"weight_scale": 2e-3, "reg": 0.1, "model": "other"}
    assert values.keys() == ConvNetSpec.__dataclass_fields__.keys()
    names = {replace(CONVNET, net=replace(CONVNET.net, **{name: value})).name for name, value in values.items()}
    assert len({FIXED.name, CONVNET.name, *names}) == len(values) + 2


@pytest.mark.parametrize(
    ("net", "message"),
    [
        ({"filter_size": 4}, r"net: filter_size is 4: it must be odd"),
        (
            {"num_filters": 12, "normalization": "spatial_groupnorm"},
            r"net: 12 channels .*12 = 1 \* 8 \+ 4; give a divisor of 12",
        ),
    ],
)
def test_a_convnet_that_cannot_be_is_refused(net, message):
    with pytest.raises(SettingsError, match=message):
        replace(CONVNET.net, **net)


def test_the_version_is_part_of_the_name(monkeypatch):
    before = replace(FIXED).name
    monkeypatch.setattr(spec, "SPEC_VERSION", 2)
    assert replace(FIXED).name != before


@pytest.mark.parametrize("fixed", [FIXED, CONVNET], ids=["mlp", "cnn"])
def test_a_spec_comes_back_from_its_dict(fixed):
    back = RunSpec.from_dict(json.loads(json.dumps(asdict(fixed))))
    assert back == fixed
    assert back.name == fixed.name


def test_a_spec_is_frozen_and_hashable():
    with pytest.raises(FrozenInstanceError):
        FIXED.seed = 1
    assert len({FIXED, replace(FIXED), replace(FIXED, seed=1)}) == 2


@pytest.mark.parametrize(("batch_size", "num_train"), [(1001, 1000), (2, 1)])
def test_a_batch_above_the_images_is_refused(batch_size, num_train):
    data, solver = replace(FIXED.data, num_train=num_train), replace(FIXED.solver, batch_size=batch_size)
    with pytest.raises(SettingsError, match=f"^batch size {batch_size} is above .*, {num_train}: give 1 to {num_train}"):
        replace(FIXED, data=data, solver=solver)
    replace(FIXED, data=data, solver=replace(solver, batch_size=num_train))


def test_population_statistics_of_one_image_are_refused():
    for size, statistics in itertools.product((1, 2), ("running", "population")):
        solver = replace(FIXED.solver, batch_size=size, statistics=statistics)
        if (size, statistics) == (1, "population"):
            with pytest.raises(SettingsError, match=r"^batch size 1 .*at least 2"):
                replace(FIXED, solver=solver)
        else:
            replace(FIXED, solver=solver)
