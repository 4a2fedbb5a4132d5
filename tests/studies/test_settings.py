"""Settings: which value wins, what is refused, and how it is said."""

from dataclasses import MISSING

import pytest

from bnlab.errors import SettingsError
from bnlab.studies import STUDIES, compare, dropout
from bnlab.studies.settings import Override, all_settings, leaves, load_settings, parse_set, shipped_file
from bnlab.studies.study import load_study
from bnlab.studies.yaml_files import parse, read


def settings(tmp_path, text="", *sets):
    """The settings of `compare`, with a config file and `-s`."""
    config = tmp_path / "mine.yaml"
    config.write_text(text)
    return load_settings(compare, "compare.yaml", config, map(parse_set, sets)).settings


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_each_study_has_all_it_needs_and_its_file_is_right(entry):
    study = load_study(entry.module)
    assert shipped_file(entry.experiment).exists()
    loaded = load_settings(study, entry.experiment).settings
    assert isinstance(loaded, study.Settings)
    assert study.folder(loaded).replace("-", "").isalnum()
    assert entry.help.endswith(".")
    assert "\n" not in entry.help


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_a_shipped_file_says_every_setting_that_is_not_varied(entry):
    """So that the file is the place to look. What has a default may be left out, and what is varied stands there only if it
    has none: the arms replace it."""
    study = load_study(entry.module)
    given = {leaf.key for leaf in leaves(read(shipped_file(entry.experiment)))}
    every = all_settings(study)
    required = {key for key, setting in every.items() if setting.default is MISSING}
    assert required <= given <= set(every)
    assert given & set(study.VARIED) <= required
    assert {"net.weight_scale", "net.reg", "solver.num_epochs", "solver.batch_size", "dtype"} <= given | set(study.VARIED)


def test_later_goes_over_earlier(tmp_path):
    assert settings(tmp_path).seed == 231
    assert settings(tmp_path, "seed: 1").seed == 1
    assert settings(tmp_path, "seed: 1", "seed=2").seed == 2
    assert settings(tmp_path, "seed: 1", "seed=2", "seed=3").seed == 3
    assert settings(tmp_path, "net: {reg: 1}").net.weight_scale == 0.02


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), ("1E-3", 1e-3), ("+1.5e3", 1500.0), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-2e-2", -0.02)],
)
def test_numbers_as_people_write_them(text, value):
    assert parse(text, "it") == value
    assert isinstance(parse(text, "it"), float)
    assert parse_set(f"net.reg={text}") == Override("net.reg", value, "-s net.reg")


@pytest.mark.parametrize("text", ["1e", "e3", "1e-", "a1e3", "1e3x"])
def test_what_only_looks_like_a_number_is_text(text):
    assert parse(text, "it") == text


def test_a_value_may_hold_an_equals_sign_and_spaces_around_the_key_go():
    assert parse_set(" data.dataset =a=b") == Override("data.dataset", "a=b", "-s data.dataset")


@pytest.mark.parametrize("text", ["", "net.reg", "=1", " =1"])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(SettingsError, match=r"is no setting: write it as key\.path=value"):
        parse_set(text)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("net.rge", "net.reg"), ("net.weight_scales", "net.weight_scale"), ("solver.batchsize", "solver.batch_size"),
        ("lr_decay", "solver.lr_decay"), ("momentum", "solver.momentum"),
        ("sed", "seed"), ("arms.nrom", "arms.norm"), ("dta.dataset", "data.dataset"),
    ],
)  # fmt: skip
def test_a_misspelt_key_gets_a_suggestion(tmp_path, key, meant):
    with pytest.raises(SettingsError, match=rf"^-s {key}: there is no setting {key}: did you mean {meant}\?$"):
        settings(tmp_path, "", f"{key}=1")


def test_every_error_is_a_line_and_names_where_it_comes_from(tmp_path):
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, "net: {reg: -1}\nsolver: {num_epochs: x}", "seed=-1", "arms.norm=none")
    lines = str(caught.value).splitlines()
    assert sorted(line.split(": ", 1)[0] for line in lines) == ["-s arms.norm", "-s seed", "mine.yaml", "mine.yaml"]
    assert all(" is not allowed: it must be " in line and "; the study's own is " in line for line in lines)


def test_long_values_are_cut_short(tmp_path):
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, "", f"arms.norm={'x' * 500}")
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("key", compare.VARIED)
def test_what_a_study_varies_cant_be_set(tmp_path, key):
    with pytest.raises(SettingsError, match=rf"this study varies {key} itself: set arms\.norm instead"):
        settings(tmp_path, "", f"{key}=batchnorm")


def test_keep_prob_is_set_by_keep_in_the_dropout_study():
    with pytest.raises(SettingsError, match=r"set arms\.keep instead"):
        load_settings(dropout, "dropout.yaml", None, [parse_set("net.keep_prob=0.5")])


@pytest.mark.parametrize("value", [0, -1, 0.0, float("inf"), float("nan")])
@pytest.mark.parametrize("key", ["net.weight_scale", "solver.learning_rate", "solver.lr_decay"])
def test_numbers_that_must_be_positive_and_finite(key, value):
    with pytest.raises(SettingsError, match=f"^it: {'-?' if value == -1 else ''}"):
        load_settings(compare, "compare.yaml", None, [Override(key, value, "it")])


def test_yaml_runs_nothing(tmp_path):
    with pytest.raises(SettingsError, match=r"not YAML .*os\.system"):
        settings(tmp_path, f"seed: !!python/object/apply:os.system ['touch {tmp_path}/ran']")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["seed: 1\nseed: 2", "net: {reg: 1, reg: 1}", "net: {reg: 1}\nnet: {reg: 2}"])
def test_a_key_twice_is_refused(tmp_path, text):
    with pytest.raises(SettingsError, match=r"the key '(seed|reg|net)' stands there twice"):
        settings(tmp_path, text)


def test_a_merged_mapping_may_be_overridden(tmp_path):
    """YAML's `<<`: the keys written out go before those merged in; no key stands there twice."""
    assert settings(tmp_path, "net: {<<: {reg: 1, keep_prob: 0.5}, reg: 2}").net.reg == 2
