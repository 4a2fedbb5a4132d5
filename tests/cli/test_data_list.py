"""`bnlab data list`: what is here, and what to do about the rest."""

import os

import numpy as np
import pytest

from bnlab.data import DATASETS


def test_every_data_set_is_listed_with_its_source(call):
    done = call("data", "list")
    assert (done.status, done.err) == (0, "")
    assert all(f"\n{name}: " in done.out for name in DATASETS)
    assert "MIT" in done.out


def test_what_is_missing_is_told_with_the_files_to_put_there(call, tmp_path):
    listed = {row["name"]: row for row in call("data", "list", "--data-dir", tmp_path, "--json").json}
    assert [name for name, row in listed.items() if row["present"]] == ["fashion-mnist-mini", "synthetic"]
    assert "data_batch_1.bin" in listed["cifar10"]["problem"]
    assert str(tmp_path) in listed["cifar10"]["problem"]
    assert listed["fashion-mnist-mini"]["num_train"] == 4000


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    records = np.zeros((1010, 3073), np.uint8)
    records[:, 1:] = np.random.RandomState(0).randint(0, 256, (1010, 3072))
    records[:, 0] = np.arange(1010) % 10
    (folder / "data_batch_1.bin").write_bytes(records.tobytes())
    return folder


def test_the_environment_names_a_folder_and_the_option_goes_before_it(call, images, tmp_path, monkeypatch):
    monkeypatch.setenv("BNLAB_DATA_DIR", str(images))

    def cifar10(*args):
        return next(row for row in call("data", "list", "--json", *args).json if row["name"] == "cifar10")

    assert (cifar10()["present"], cifar10()["num_train"]) == (True, 10)
    assert cifar10("--data-dir", tmp_path)["present"] is False


@pytest.mark.skipif("BNLAB_DATA_DIR" not in os.environ, reason="BNLAB_DATA_DIR is not set")
def test_real_cifar10_trains_and_its_folder_says_so(run, tmp_path):
    run.env["BNLAB_DATA_DIR"] = os.environ["BNLAB_DATA_DIR"]
    small = [word for s in ("data.num_train=100", "net.hidden_dims=[10]", "solver.num_epochs=1") for word in ("-s", s)]
    done = run("compare", "--dataset", "cifar10", *small, "-j", 1)
    assert (done.status, done.err) == (0, "")
    assert [*(tmp_path / "results").glob("compare-batchnorm-cifar10-*/figure.png")]
