"""`bnlab settings`: what it shows can be handed back by --config; and unknown options that are settings are answered."""

import gzip
import struct

import numpy as np
import pytest
import yaml

from bnlab.studies import STUDIES, SWEEP


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_what_is_shown_is_what_the_study_does_and_changes_nothing(call, tmp_path, entry):
    shown = call("settings", *entry.name.split())
    assert (shown.status, shown.err) == (0, "")
    (tmp_path / "mine.yaml").write_text(shown.out)
    command = [*entry.name.split(), "-n", "--json"]
    assert call(*command, "--config", "mine.yaml").json == call(*command).json


def test_the_settings_of_the_general_sweep_are_those_it_starts_from(call, tmp_path):
    shown = call("settings", SWEEP.name)
    assert (shown.status, shown.err) == (0, "")
    assert yaml.safe_load(shown.out)["net"]["normalization"] == "batchnorm"
    command = ["sweep", "net.reg=0,1", "-n", "--json"]
    (tmp_path / "mine.yaml").write_text(shown.out.replace("  reg: 0.0", "  # the x axis: 0.0"))
    assert call(*command, "--config", "mine.yaml").json == call(*command).json


def lines(done):
    """The comment of each setting, by its name."""
    found = {}
    for line in done.out.splitlines():
        if ": " in line and "  # " in line:
            name, _, comment = line.partition("  # ")
            found[name.strip().partition(":")[0]] = comment
    return found


def test_each_value_says_what_it_means_what_it_may_be_and_where_it_comes_from(call, tmp_path):
    (tmp_path / "mine.yaml").write_text("solver: {lr_decay: 0.5}\n")
    more = ("-s", "net.reg=0.1", "-s", "solver.update_rule=sgd_momentum")
    done = call("settings", "compare", "--config", "mine.yaml", *more)
    values, comments = yaml.safe_load(done.out), lines(done)
    assert (values["net"]["reg"], values["solver"]["lr_decay"], values["solver"]["momentum"]) == (0.1, 0.5, 0.9)
    assert "beta1" not in values["solver"]
    assert comments["reg"] == "strength of L2 regularization; a number of at least 0 (-s net.reg)"
    assert comments["lr_decay"].endswith("(mine.yaml)")
    assert comments["batch_size"] == "images per minibatch; a whole number of at least 1 (compare.yaml)"
    assert comments["momentum"].endswith("(default of sgd_momentum)")
    assert comments["num_val"].endswith("(default)")
    assert "# net.normalization is what the study varies: arms.norm" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["settings", "sweep", "weigt-scale"], ["'sweep weigt-scale'", "did you mean sweep weight-scale?"]),
        (["settings", "dropout", "--model", "cnn"], ["'dropout --model cnn'", "compare --model cnn"]),
        (["settings", "compare", "-s", "net.rge=1"], ["did you mean net.reg?"]),
        (["compare", "--lr", "1"], ["--lr", "-s solver.learning_rate=VALUE", "bnlab settings compare"]),
        (["compare", "--epochs", "1"], ["-s solver.num_epochs=VALUE"]),
        (["sweep", "weight-scale", "--optimizer", "sgd"], ["-s solver.update_rule=VALUE", "settings sweep weight-scale"]),
        (["compare", "--momentum", "0.5"], ["-s solver.momentum=VALUE (a setting of sgd_momentum)"]),
        (["compare", "--batch-size", "5"], ["-s solver.batch_size=VALUE"]),
        (["compare", "-s", "solver.lr=0.1"], ["did you mean solver.learning_rate?"]),
        (["compare", "-s", "lr=0.1"], ["did you mean solver.learning_rate?"]),
        (["compare", "-s", "net.norm=layernorm"], ["did you mean arms.norm?"]),
        (["compare", "-s", "solver.optimizer=sgd"], ["did you mean solver.update_rule?"]),
        (["compare", "--normalization", "layernorm"], ["write --norm;"]),
        (["dropout", "--dropout", "0.5"], ["write --keep;"]),
        (["dropout", "--keep", "1"], ["arms.keep holds 1 alone"]),
        (["compare", "--learning-rat", "1"], ["-s solver.learning_rate=VALUE"]),
        (["compare", "--filter-size", "5"], ["-s net.filter_size=VALUE", "bnlab settings compare --model cnn"]),
        (["compare", "--seeds", "5"], ["write --seed;"]),
        (["compare", "--nonsense", "5"], ["--nonsense"]),
        (["compare", "-s", "solver.momentum=0.5"], ["adam has no momentum", "solver.update_rule to sgd_momentum"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_asked_in_other_words_is_answered_in_one_line(call, refused, arguments, words):
    refused(call(*arguments), *words)


def test_the_rules_own_settings_reach_the_training(call, tiny):
    def losses(*settings):
        options = [word for setting in (*settings, "solver.batch_size=20") for word in ("-s", setting)]
        return [row["final_loss"] for row in call("compare", *tiny, *options, "--json", "-j", 1).json["runs"]]

    assert losses("solver.beta1=0.5") != losses()
    assert losses("solver.beta1=0.9") == losses()


def test_fewer_validation_images(call, tiny):
    rows = call("compare", *tiny, "-s", "data.num_val=7", "--json", "-j", 1).json["runs"]
    assert [row["num_val"] for row in rows] == [7, 7]
    assert all((row["final_val_acc"] * 7) % 1 == pytest.approx(0, abs=1e-9) for row in rows)


def test_a_convnet_refuses_images_too_small_to_be_pooled(call, refused, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    pixels = np.zeros((1100, 1, 1), np.uint8)
    header = struct.pack(">IIII", 0x00000803, *pixels.shape)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + pixels.tobytes()))
    labels = struct.pack(">II", 0x00000801, 1100) + bytes(i % 10 for i in range(1100))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    command = ["--dataset", "fashion-mnist", "--data-dir", folder, "-s", "data.num_train=60"]
    done = call("compare", "--model", "cnn", *command)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert "are 1 x 1: a convnet needs at least 2 x 2" in done.err
    assert not (tmp_path / "results").exists()
