"""Run specs: values checked and put into one form where they are built, and names that last."""

import json
import math
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass, fields, make_dataclass, replace
from typing import Annotated

import numpy as np
import pytest

from bnlab.errors import SettingsError
from bnlab.nets.normalizers import NORMALIZATIONS, SPATIAL_NORMALIZATIONS
from bnlab.optim import RULES, SETTINGS
from bnlab.runs import spec
from bnlab.runs.fields import Checked, Range, settings_of
from bnlab.runs.spec import ENGINES, ConvNetSpec, DataSpec, NetSpec, RunSpec, SolverSpec
from bnlab.solver import STATISTICS

FIXED = RunSpec(
    DataSpec("synthetic", 1000, "0123456789abcdef"),
    NetSpec((100, 100), "batchnorm", 2e-2),
    SolverSpec(1e-3, batch_size=50),
    seed=231,
)
CONVNET = replace(FIXED, net=ConvNetSpec(normalization="spatial_groupnorm", num_groups=8))


def names_of(owner, name):
    return set(next(setting for setting in settings_of(owner) if setting.name == name).allowed.names)


def test_the_names_in_the_spec_are_those_of_the_tables():
    assert names_of(NetSpec, "normalization") == {"none", *NORMALIZATIONS}
    assert names_of(ConvNetSpec, "normalization") == {"none", *SPATIAL_NORMALIZATIONS}
    assert names_of(SolverSpec, "update_rule") == set(RULES) == set(SETTINGS)
    assert names_of(SolverSpec, "statistics") == set(STATISTICS)
    assert names_of(RunSpec, "engine") == set(ENGINES)


def test_every_setting_has_a_meaning():
    for owner in (DataSpec, NetSpec, ConvNetSpec, SolverSpec):
        assert all(setting.meaning for setting in settings_of(owner))


def test_the_name_of_a_run_is_the_same_for_good():
    """If this fails, stored runs are no longer found: was SPEC_VERSION meant to be raised?"""
    assert FIXED.name == "20007e6ba2d46339ebe1f61adc552c02"
    assert CONVNET.name == "bef6f2e5d47b9ff12af6be849441bddb"


def test_a_changed_default_needs_another_version():
    """The hash leaves out what has its default. If this fails, raise SPEC_VERSION, then bring this list up to date. A new
    field needs neither."""
    defaults = {
        f"{owner.__name__}.{field.name}": field.default
        for owner in (DataSpec, NetSpec, ConvNetSpec, SolverSpec, RunSpec)
        for field in fields(owner)
        if isinstance(field.default, int | float | str) or field.default is None
    }
    assert spec.SPEC_VERSION == 2
    assert (
        defaults.items()
        >= {
            "DataSpec.num_val": None,
            "NetSpec.normalization": "none",
            "NetSpec.weight_scale": 1e-2,
            "NetSpec.keep_prob": 1.0,
            "NetSpec.reg": 0.0,
            "ConvNetSpec.num_filters": 32,
            "ConvNetSpec.filter_size": 7,
            "ConvNetSpec.hidden_dim": 100,
            "ConvNetSpec.normalization": "none",
            "ConvNetSpec.num_groups": None,
            "ConvNetSpec.weight_scale": 1e-3,
            "ConvNetSpec.reg": 0.0,
            "SolverSpec.update_rule": "adam",
            "SolverSpec.lr_decay": 1.0,
            "SolverSpec.batch_size": 100,
            "SolverSpec.num_epochs": 10,
            "SolverSpec.num_train_samples": 1000,
            "SolverSpec.statistics": "running",
            "SolverSpec.momentum": None,
            "SolverSpec.decay_rate": None,
            "SolverSpec.beta1": None,
            "SolverSpec.beta2": None,
            "SolverSpec.epsilon": None,
            "RunSpec.replicate": 0,
            "RunSpec.dtype": "float32",
            "RunSpec.engine": "numpy",
            "RunSpec.diagnostics": False,
        }.items()
    )
    rules = {
        "sgd": {"learning_rate": 1e-2},
        "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
        "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
        "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    }
    assert {rule: SETTINGS[rule] for rule in rules} == rules


@pytest.mark.parametrize("part", ["data", "net", "solver", None])
def test_a_field_added_later_renames_no_run(part):
    old = FIXED if part is None else getattr(FIXED, part)
    wider = make_dataclass("Wider", [("later", Annotated[int, "new"], 0)], bases=(type(old),), frozen=True, kw_only=True)
    new = wider(**{field.name: getattr(old, field.name) for field in fields(old)})
    run = new if part is None else replace(FIXED, **{part: new})
    assert run.name == FIXED.name
    more = replace(new, later=1)
    assert (more if part is None else replace(FIXED, **{part: more})).name != FIXED.name


def test_the_name_is_the_same_in_another_process():
    code = f"from bnlab.runs.spec import *; print({FIXED!r}.name)"
    paths = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == FIXED.name


OTHERS = {
    "data": {"dataset": "cifar10", "num_train": 999, "fingerprint": "f" * 16, "num_val": 10},
    "net": {"hidden_dims": (100, 101), "normalization": "none", "weight_scale": 0.03, "keep_prob": 0.5, "reg": 1e-9},
    "solver": {
        "learning_rate": 1.0000000000000002e-3, "update_rule": "sgd", "lr_decay": 0.9, "batch_size": 51, "num_epochs": 11,
        "num_train_samples": 999, "statistics": "population", "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-7,
    },
    None: {"seed": 232, "replicate": 1, "dtype": "float64", "diagnostics": True},
}  # fmt: skip
OTHER_RULES = {"momentum": "sgd_momentum", "decay_rate": "rmsprop"}


def test_every_setting_is_part_of_the_name():
    names = [FIXED.name, CONVNET.name, replace(CONVNET, net=ConvNetSpec()).name]
    for part, values in OTHERS.items():
        for name, value in values.items():
            changed = {name: value} if part is None else {part: replace(getattr(FIXED, part), **{name: value})}
            names.append(replace(FIXED, **changed).name)
    for name, rule in OTHER_RULES.items():
        names += [replace(FIXED, solver=SolverSpec(1e-3, rule, **given)).name for given in ({}, {name: 0.5})]
    assert len(set(names)) == len(names)
    covered = {name for values in OTHERS.values() for name in values} | set(OTHER_RULES)
    assert covered <= {s.name for o in (DataSpec, NetSpec, SolverSpec) for s in settings_of(o)} | set(OTHERS[None])


EQUAL = {
    "keep_prob": (NetSpec((8,), keep_prob=1), NetSpec((8,), keep_prob=1.0)),
    "no less than zero": (NetSpec((8,), reg=-0.0), NetSpec((8,), reg=0)),
    "a list": (NetSpec([8, 6]), NetSpec((8, 6))),
    "a whole number": (SolverSpec(1e-3, num_epochs=1e2), SolverSpec(1e-3, num_epochs=100)),
    "numbers of NumPy": (NetSpec((np.int64(8),), reg=np.float64(0.5)), NetSpec((8,), reg=0.5)),
    "the rule's own default": (SolverSpec(1e-3, beta1=0.9, epsilon=1e-8), SolverSpec(1e-3)),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal_settings_have_one_name(case):
    parts = EQUAL[case]
    runs = [replace(FIXED, **{type(part).section: part}) for part in parts]
    assert parts[0] == parts[1]
    assert runs[0].name == runs[1].name
    assert repr(parts[0]) == repr(parts[1])


REFUSED = {
    "no such normalization": (
        lambda: NetSpec((8,), "nope"),
        "net.normalization: 'nope' is not allowed: it must be one of ",
    ),
    "a typo": (lambda: NetSpec((8,), "batchnrm"), "; did you mean batchnorm?"),
    "below its range": (
        lambda: NetSpec((8,), keep_prob=-3),
        "net.keep_prob: -3 is not allowed: it must be a number above 0 ",
    ),
    "at an open end": (lambda: SolverSpec(0), "it must be a number above 0"),
    "not finite": (lambda: SolverSpec(math.inf), "solver.learning_rate: inf is not allowed"),
    "true for a number": (lambda: SolverSpec(True), "solver.learning_rate: true is not allowed"),
    "a text for a number": (lambda: SolverSpec("1e-3"), "solver.learning_rate: '1e-3' is not allowed"),
    "not whole": (lambda: SolverSpec(1, batch_size=2.5), "it must be a whole number of at least 1"),
    "no layers": (
        lambda: NetSpec(()),
        "net.hidden_dims: [] is not allowed: it must be a list, written [..., ...]",
    ),
    "one of the items": (lambda: NetSpec((8, 0)), "0 is not allowed: each item must be a whole number of at least 1"),
    "beyond all floats": (lambda: NetSpec((8,), reg=10**400), "net.reg: 1000"),
    "infinite for a whole number": (lambda: SolverSpec(1, batch_size=math.inf), "solver.batch_size: inf is not allowed"),
    "null": (lambda: NetSpec((8,), reg=None), "net.reg: null is not allowed: it must be a number of at least 0"),
    "another dtype": (lambda: replace(FIXED, dtype="float16"), "it must be one of float32, float64"),
    "another engine": (lambda: replace(FIXED, engine="abacus"), "engine: 'abacus' is not allowed"),
    "a part of another kind": (lambda: replace(FIXED, net=FIXED.solver), "net: "),
    "another rule's setting": (lambda: SolverSpec(1, momentum=0.5), "solver.momentum: adam has no momentum: it has "),
    "an even filter": (lambda: ConvNetSpec(filter_size=4), "net: filter_size is 4: it must be odd"),
    "groups": (
        lambda: ConvNetSpec(12, normalization="spatial_groupnorm", num_groups=8),
        "12 = 1 * 8 + 4; give a divisor of 12",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_spec_takes_nothing_that_a_settings_file_may_not_have(case):
    make, words = REFUSED[case]
    with pytest.raises(SettingsError, match=re.escape(words)) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_the_rules_own_settings_are_handed_to_the_rule():
    assert SolverSpec(5e-3, "sgd_momentum").rule_config == {"learning_rate": 5e-3, "momentum": 0.9}
    assert SolverSpec(5e-3, "sgd_momentum", momentum=0.5).rule_config == {"learning_rate": 5e-3, "momentum": 0.5}
    assert SolverSpec(5e-3, "adam", beta2=0.99).rule_config["beta2"] == 0.99


def test_the_version_is_part_of_the_name(monkeypatch):
    before = replace(FIXED).name
    monkeypatch.setattr(spec, "SPEC_VERSION", spec.SPEC_VERSION + 1)
    assert replace(FIXED).name != before


@pytest.mark.parametrize("fixed", [FIXED, CONVNET], ids=["mlp", "cnn"])
def test_a_spec_comes_back_from_its_json(fixed):
    back = RunSpec.from_json(json.loads(json.dumps(fixed.to_json())))
    assert back == fixed
    assert back.name == fixed.name


def test_diagnostics_are_in_a_specs_json_only_if_they_are_asked_for():
    asked = replace(FIXED, diagnostics=True)
    assert "diagnostics" not in FIXED.to_json()
    assert (asked.to_json()["diagnostics"], asked.to_json(changed=True)["diagnostics"]) == (True, True)
    assert RunSpec.from_json(json.loads(json.dumps(asked.to_json()))) == asked


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


def test_population_statistics_of_one_image_are_refused_where_there_are_any():
    one = SolverSpec(1e-3, batch_size=1, statistics="population")
    with pytest.raises(SettingsError, match=r"^batch size 1 .*at least 2"):
        replace(FIXED, solver=one)
    for net in (NetSpec((8,)), NetSpec((8,), "layernorm"), ConvNetSpec(normalization="spatial_batchnorm")):
        replace(FIXED, net=net, solver=one)


def test_runs_without_groups_have_one_name():
    plain, four = (replace(FIXED, net=ConvNetSpec(num_groups=groups)) for groups in (None, 4))
    assert plain == four
    assert plain.name == four.name


def test_lengths_and_ranges_read_well():
    @dataclass(frozen=True)
    class Made(Checked):
        few: Annotated[tuple[Annotated[float, Range(above=0, below=1)], ...], Range(at_least=1), "a few"]
        maybe: Annotated[Annotated[int, Range(at_least=2)] | None, "perhaps"] = None

    few, maybe = settings_of(Made)
    assert few.choices == "a list, written [..., ...], of at least 1 item(s), each a number above 0 and below 1"
    assert maybe.choices == "a whole number of at least 2, or null"


def test_one_number_stands_for_height_and_width():
    data = DataSpec("pets", 60, "0" * 16, size=32)
    assert data.size == (32, 32)
    assert data == DataSpec("pets", 60, "0" * 16, size=[32.0, 32])
    assert DataSpec("pets", 60, "0" * 16, size=(8, 5)).size == (8, 5)
    allowed = "a list, written [..., ...], of exactly 2 item(s), each a whole number of at least 1, or one for all of them"
    for wrong in ((), (8,), (8, 8, 8)):
        with pytest.raises(SettingsError, match=re.escape(f"{allowed}, or null")):
            DataSpec("pets", 60, "0" * 16, size=wrong)
    for wrong in (0, "large", True, (8, 0), 2.5):
        with pytest.raises(SettingsError, match=r"data\.size: .* must be a whole number of at least 1"):
            DataSpec("pets", 60, "0" * 16, size=wrong)


def test_a_data_set_of_ten_classes_keeps_its_runs_names(make_spec):
    spec = make_spec()
    assert spec.name == make_spec(data=replace(spec.data, num_classes=10, size=None)).name
    assert spec.name != make_spec(data=replace(spec.data, num_classes=3)).name
    assert (spec.data.chance, replace(spec.data, num_classes=4).chance) == (0.1, 0.25)


def test_the_files_of_runs_name_later_fields_only_where_they_differ():
    assert {"diagnostics", "device", "convention"}.isdisjoint(FIXED.to_json())
    other = replace(FIXED, engine="torch", device="cuda", convention="torch")
    assert other.to_json().items() >= {"engine": "torch", "device": "cuda", "convention": "torch"}.items()
    assert RunSpec.from_json(other.to_json()) == other
    assert (
        len({run.name for run in (FIXED, other, replace(other, device="cpu"), replace(other, convention="notebook"))}) == 4
    )


def test_what_a_convention_or_engine_cant_do_is_refused():
    with pytest.raises(SettingsError, match="batch size 1 has no corrected variance"):
        replace(FIXED, convention="torch", solver=replace(FIXED.solver, batch_size=1))
    with pytest.raises(SettingsError, match="the numpy engine has no cuda"):
        replace(FIXED, device="cuda")
    with pytest.raises(SettingsError, match="the tensorflow engine has no torch"):
        replace(FIXED, engine="tensorflow", convention="torch")
    with pytest.raises(SettingsError, match="dtype: device mps has no float64: set it to float32, or leave the device out"):
        replace(FIXED, engine="torch", device="mps", dtype="float64")
