"""The settings file of a training: what may stand in it, and where the results go."""

from dataclasses import replace
from pathlib import Path

import pytest

from bnlab.errors import DataError, SettingsError
from bnlab.fullsize.job import make_job
from bnlab.fullsize.settings import as_table, load_training
from bnlab.runs.spec import ConvNetSpec, NetSpec, RunSpec
from bnlab.studies.settings import parse_set, shipped_file
from tests.fullsize.conftest import CNN, MLP


def load(file, *sets):
    return load_training(file, map(parse_set, sets))


def test_a_file_of_each_kind_of_net(settings_file):
    mlp, cnn = load(settings_file(MLP)).settings, load(settings_file(CNN)).settings
    assert mlp.net == NetSpec((8, 6), "batchnorm", 0.1)
    assert cnn.net == ConvNetSpec(4, 3, 6, "spatial_batchnorm", None, 0.1)
    assert (mlp.seed, mlp.dtype, mlp.solver.patience) == (231, "float32", None)
    assert (as_table(mlp)["net"]["model"], as_table(cnn)["net"]["model"]) == ("mlp", "cnn")


def test_all_images_are_counted_when_they_are_read(job):
    spec = job("data.num_train=all", "data.num_val=all").spec
    assert (spec.data.num_train, spec.data.num_val) == (4000, 1000)
    assert job("data.num_train=4000", "data.num_val=1000").spec == spec
    assert RunSpec.from_json(spec.to_json()) == spec


def test_patience_is_no_part_of_the_run(job):
    assert job("solver.patience=3").spec == job().spec
    assert job("solver.patience=3").settings.solver.patience == 3


def test_the_folder_is_named_by_the_file_and_by_what_differs_from_it(job):
    assert job().folder == "train/tiny"
    assert job("seed=231", "solver.patience=never", "net.hidden_dims=[8,6]").folder == "train/tiny"
    assert job("net.reg=0.5", "seed=7").folder == "train/tiny-reg-0.5-seed-7"
    assert job("data.num_train=all").folder == "train/tiny-num_train-all"
    assert dict(job("net.reg=0.5", "net.reg=0").changed) == {}


def test_the_model_may_be_chosen_after_the_file(settings_file):
    file = settings_file("solver: {learning_rate: 1e-3}")
    loaded = load(file, "net.model=cnn", "net.num_filters=4")
    assert loaded.settings.net == ConvNetSpec(4)
    assert dict(loaded.changed) == {"net.model": "cnn", "net.num_filters": 4}


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (["net.model=rnn"], ["-s net.model: 'rnn' is not allowed: it must be one of mlp, cnn"]),
        (["net.model=[mlp]"], ["-s net.model: ['mlp'] is not allowed"]),
        (["net=5"], ["-s net: 5 is not allowed: it must be a mapping"]),
        (["solver.patience=0"], ["-s solver.patience: 0 is not allowed", "at least 1, or never"]),
        (["data.num_train=every"], ["-s data.num_train", "a whole number of at least 1, or all"]),
        (["solver.lr=1"], ["-s solver.lr: there is no setting solver.lr: did you mean solver.learning_rate?"]),
        (["replicates=5"], ["there is no setting replicates"]),
        (["net.num_filters=3"], ["there is no setting net.num_filters"]),
        (["solver.momentum=0.5"], ["adam has no momentum"]),
        (["solver.batch_size=61"], ["batch size 61 is above the number of training images, 60"]),
        (["data.num_train=4001"], ["4,001 training images of synthetic asked for, but there are 4,000"]),
        (["data.dataset=mnist"], ["unknown data set 'mnist'"]),
    ],
    ids=lambda value: value[0] if "=" in value[0] else "",
)
def test_what_is_wrong_is_told_in_a_line(sets, words, job):
    with pytest.raises((SettingsError, DataError)) as refused:
        job(*sets)
    assert "\n" not in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_a_file_that_is_none(settings_file, tmp_path):
    for text, words in {
        "- 1": "it must be a mapping",
        "net: {hidden_dims: [3]}": "solver.learning_rate is missing",
        "solver: {learning_rate: 1}": "net.hidden_dims is missing",
    }.items():
        with pytest.raises(SettingsError, match=words):
            load(settings_file(text))
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(("name", "net"), [("good-model.yaml", NetSpec), ("good-convnet.yaml", ConvNetSpec)])
def test_the_files_that_come_along(name, net):
    settings = load(shipped_file(name)).settings
    assert type(settings.net) is net
    assert (settings.data.dataset, settings.data.num_train, settings.data.num_val) == ("fashion-mnist", None, 5000)


def test_a_file_that_comes_along_is_found_by_its_name_unless_there_is_another(settings_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = load(shipped_file("good-model.yaml"))
    for name in ("good-model.yaml", "experiments/good-model.yaml"):
        assert load(Path(name)) == shipped
    for name in ("elsewhere/good-model.yaml", str(tmp_path / "good-model.yaml")):
        with pytest.raises(SettingsError, match="No such file"):
            load(Path(name))
    settings_file(MLP, "good-model.yaml")
    assert load(Path("good-model.yaml")).settings.net == NetSpec((8, 6), "batchnorm", 0.1)


def test_the_good_model_is_the_notebooks():
    settings = load(shipped_file("good-model.yaml")).settings
    assert settings.net == NetSpec((120, 120, 120, 120), "batchnorm", 4e-2, 1.0, 1e-2)
    solver = settings.solver.of_run
    assert (solver.update_rule, solver.learning_rate, solver.batch_size, solver.num_epochs) == ("sgd", 2.5e-2, 100, 20)
    assert (solver.lr_decay, settings.dtype, settings.solver.patience) == (1, "float64", None)


def test_more_validation_images_are_held_out_of_files(idx_folder, settings_file):
    file = settings_file(MLP.replace("synthetic, num_train: 60, num_val: 50", "fashion-mnist, num_val: 1010"))
    found = make_job(file, (), [idx_folder(1060)])
    assert (found.spec.data.num_train, found.spec.data.num_val) == (50, 1010)


def test_file_names_that_no_folder_can_have(settings_file):
    found = make_job(settings_file(name="My net (2).yaml"))
    folder = found.folder.removeprefix("train/")
    assert folder.startswith("my-net-2-")
    assert folder == Path(folder).name
    assert replace(found, file=Path("elsewhere") / found.file.name).folder == found.folder


def test_images_too_small_for_the_net_are_refused(idx_folder, settings_file):
    file = settings_file(CNN.replace("synthetic, num_train: 60", "fashion-mnist, num_train: 60"))
    with pytest.raises(SettingsError, match="the images are 1 x 1: a convnet needs at least 2 x 2"):
        make_job(file, (), [idx_folder(1060, size=1)])
