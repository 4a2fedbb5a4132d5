"""Images of one's own, as somebody types it: a folder of pictures, or an .npz file."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import make_folder, pixels

SMALL = [word for s in ("data.num_train=60", "data.num_val=30", "net.hidden_dims=[8]", "solver.num_epochs=2",
                        "solver.batch_size=20", "replicates=2") for word in ("-s", s)]  # fmt: skip


@pytest.fixture
def pets(tmp_path):
    """90 colour pictures of 3 classes."""
    return make_folder(tmp_path / "Pets", {"cat": 40, "dog": 30, "emu": 20}, 6, 5, 3)


def refusal(done, *words):
    """One line that says these words, and exit status 2."""
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    for word in words:
        assert word in done.err


def study(results):
    [folder] = [path for path in results.iterdir() if path.name != "runs"]
    return folder


def test_a_study_of_a_folder_of_pictures(call, pets, tmp_path):
    done = call("compare", "--data-dir", "Pets", *SMALL, "-j", 1, "--json")
    assert (done.status, done.err) == (0, "")
    folder = study(tmp_path / "results")
    assert folder.name.startswith("compare-batchnorm-pets-")
    summary = json.loads((folder / "summary.json").read_text())
    data = {name: summary["runs"][0][name] for name in ("dataset", "num_train", "num_val", "num_classes", "size")}
    assert data == {"dataset": "pets", "num_train": 60, "num_val": 30, "num_classes": 3, "size": None}
    assert summary["title"] == summary["title"].replace("fashion", "")
    assert "on pets" in summary["title"]
    assert summary["command"].startswith("bnlab compare --dataset pets ")
    assert "pets, first 60 training images" in (folder / "figure.svg").read_text()


def test_stored_runs_are_found_when_the_folder_has_moved(call, pets, tmp_path):
    call("compare", "--data-dir", pets, *SMALL, "-j", 1, "-q")
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(pets, tmp_path / "elsewhere" / "pets")
    shutil.rmtree(pets)
    for where in ("elsewhere/pets", "elsewhere"):
        plan = call("compare", "--data-dir", where, "--dataset", "pets", *SMALL, "--dry-run", "--json").json
        assert [run["stored"] for run in plan["runs"]] == [True] * 4
    (tmp_path / "elsewhere/pets/cat/0.png").unlink()
    plan = call("compare", "--data-dir", "elsewhere/pets", *SMALL, "-s", "data.num_val=29", "--dry-run", "--json").json
    assert [run["stored"] for run in plan["runs"]] == [False] * 4


def test_workers_give_the_same_bytes(run, pets, contents, tmp_path):
    for jobs in (1, 2):
        done = run("compare", "--data-dir", "Pets", "-s", "data.size=[4,3]", *SMALL, "-j", jobs, "--out", f"by{jobs}")
        assert (done.status, done.err) == (0, "")
    assert contents(tmp_path / "by1") == contents(tmp_path / "by2")


def test_an_npz_file_and_the_same_pictures_make_the_same_runs(call, pets, tmp_path):
    paths = [path for name in ("cat", "dog", "emu") for path in sorted((pets / name).iterdir(), key=lambda path: path.name)]
    arrays = {"X_train": [np.asarray(Image.open(path)) for path in paths], "y_train": [path.parent.name for path in paths]}
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "pets.npz", **arrays)
    call("compare", "--data-dir", "Pets", *SMALL, "-j", 1, "-q")
    plan = call("compare", "--data-dir", "npz/pets.npz", *SMALL, "--dry-run", "--json").json
    assert all(run["stored"] for run in plan["runs"])


def test_which_data_set_is_taken(call, pets, tmp_path, monkeypatch):
    """--dataset, else images of one's own in --data-dir; the environment says where to look, and never what to take."""
    named = ("compare", "--dry-run", "--json", *SMALL)

    def taken(*args):
        return call(*named, *args).json["runs"][0]["spec"]["data"]["dataset"]

    assert taken("--data-dir", "Pets") == "pets"
    assert taken("--data-dir", "Pets", "--dataset", "synthetic") == "synthetic"
    refusal(call(*named, "--data-dir", "Pets", "--dataset", "cifar10"), "no files of cifar10 found (searched: Pets)")
    refusal(call(*named, "--data-dir", "Pets", "--dataset", "dogs"), "unknown data set 'dogs'", "pets")
    refusal(call(*named, "--dataset", "pets"), "unknown data set 'pets'", "point --data-dir to images of your own")
    monkeypatch.setenv("BNLAB_DATA_DIR", str(pets))
    assert taken("--dataset", "pets") == "pets"
    assert taken() == "fashion-mnist-mini"


def test_too_few_images_say_what_to_type(call, pets):
    remedy = "for instance -s data.num_train=72 -s data.num_val=18"
    refusal(call("compare", "--data-dir", "Pets"), "pets has 90 images", remedy)
    typed = remedy.removeprefix("for instance ").split()
    assert call("compare", "--data-dir", "Pets", *typed, "--dry-run").status == 0


def test_bad_files_are_named_a_line_for_each(call, pets, tmp_path):
    for name in ("cat/3.png", "dog/7.png"):
        (pets / name).write_bytes((pets / name).read_bytes()[:60])
    (pets / "emu" / "list.txt").write_text("emus")
    done = call("compare", "--data-dir", "Pets", *SMALL)
    assert (done.status, done.out) == (2, "")
    lines = done.err.splitlines()
    assert [line.split(" ")[:2] for line in lines] == [["Error:", f"Pets/{name}"] for name in ("cat/3.png", "dog/7.png", "emu/list.txt")]  # fmt: skip  # noqa: E501
    assert not (tmp_path / "results").exists()


def test_a_size_for_all(call, pets):
    Image.fromarray(pixels(1, 9, 9, 3)[0]).save(pets / "cat" / "large.png")
    refusal(call("compare", "--data-dir", "Pets", *SMALL), "cat/large.png 9 x 9", "-s data.size=[6,5]")
    done = call("compare", "--model", "cnn", "--data-dir", "Pets", "-s", "data.num_train=60", "-s", "data.num_val=30",
                "-s", "data.size=4", "-s", "net.num_filters=2", "-s", "solver.num_epochs=1", "-s", "replicates=1",
                "-s", "net.filter_size=3", "-s", "net.num_groups=1", "-j", 1, "--json")  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert {(run["size"], run["num_classes"]) for run in done.json["runs"]} == {("4 4", 3)}
    refusal(call("compare", "--data-dir", "Pets", *SMALL, "-s", "data.size=0"), "data.size: 0 is not allowed")


def test_a_sweep_over_the_number_of_images(call, pets):
    done = call("sweep", "data.num_train=20,50", "--data-dir", "Pets", "-s", "data.num_val=40", "-s", "net.hidden_dims=[8]",
                "-s", "solver.num_epochs=1", "-s", "solver.batch_size=10", "-j", 1, "--json")  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert {run["num_train"] for run in done.json["runs"]} == {20, 50}


def test_guessing_three_classes(call, pets, tmp_path):
    call(
        "compare", "--data-dir", "Pets", *SMALL, "-s", "solver.learning_rate=1e30", "-s", "solver.update_rule=sgd", "-j", 1
    )
    folder = study(tmp_path / "results")
    *_, last = csv.DictReader((folder / "arms.csv").read_text().splitlines())
    assert float(last["val_acc"]) == pytest.approx(1 / 3)
    assert "after a divergence accuracies count as 0.333" in (folder / "figure.svg").read_text()


@pytest.fixture
def split(tmp_path):
    """Classes that can be told apart: each has a brightness of its own."""
    random = np.random.RandomState(0)
    for part, count in (("train", 30), ("test", 8)):
        for level, name in enumerate(("cat", "dog", "emu")):
            folder = tmp_path / "split" / part / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = random.randint(80 * level, 80 * level + 60, (6, 6), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    return tmp_path / "split"


FILE = """
data: {num_val: 15}
net: {hidden_dims: [8], normalization: batchnorm, weight_scale: 0.1}
solver: {learning_rate: 1e-2, batch_size: 25, num_epochs: 12}
"""


def test_train_and_evaluate(call, split, tmp_path):
    (tmp_path / "mine.yaml").write_text(FILE)
    spoilt = split / "test" / "emu" / "0.png"
    content = spoilt.read_bytes()
    spoilt.write_bytes(b"")  # nobody looks
    trained = call("train", "mine.yaml", "--data-dir", "split", "--json").json
    assert trained["spec"]["data"]["num_train"] == 75
    assert trained["command"] == "bnlab train mine.yaml -s data.dataset=split --threads 1"
    folder = "results/train/mine-dataset-split"
    refusal(call("evaluate", folder, "--data-dir", "split"), "split/test/emu/0.png is empty")
    spoilt.write_bytes(content)
    found = call("evaluate", folder, "--data-dir", "split", "--json").json
    assert [each["name"] for each in found["classes"]] == ["cat", "dog", "emu"]
    assert [each["images"] for each in found["classes"]] == [8, 8, 8]
    assert found["accuracy"] > 0.8
    assert (tmp_path / folder / "confusion.csv").read_text().startswith("class,cat,dog,emu\ncat,")
    shutil.rmtree(split / "test")
    refusal(
        call("evaluate", folder, "--data-dir", "split"),
        "split has no test images",
        "folders train and test",
    )


def test_the_list_of_data_sets(call, pets, split):
    (pets / ".DS_Store").write_bytes(b"x")
    done = call("data", "list", "--data-dir", "Pets")
    [row] = [line.split() for line in done.out.splitlines() if line.startswith(" pets ")]
    assert row[:9] == ["pets", "yes", "90", "-", "-", "3", "3", "x", "6"]
    for words in (
        "classes: cat, dog, emu",
        "left alone, since they are no pictures: .DS_Store",
        "of the training images data.num_val, 1,000",
    ):
        assert f"  {words}" in done.out
    listed = {row["name"]: row for row in call("data", "list", "--data-dir", ".", "--json").json}
    assert (listed["split"]["num_train"], listed["split"]["num_test"], listed["split"]["classes"]) == (90, 24, ["cat", "dog", "emu"])  # fmt: skip  # noqa: E501
    assert listed["pets"]["where"] == "Pets"
    assert listed["cifar10"]["classes"][3] == "cat"
    (pets / "dog" / "0.png").write_bytes(b"")
    done = call("data", "list", "--data-dir", "Pets")
    assert "  Pets/dog/0.png is empty" in done.out


def test_a_folder_that_is_of_no_use_is_told(call, pets, tmp_path):
    """Else somebody might take the results for those of other images."""
    (tmp_path / "mat").mkdir()
    (tmp_path / "mat" / "cats.mat").write_bytes(b"x")
    done = call("compare", "--data-dir", "mat", "--dry-run")
    assert (done.status, done.err) == (0, (
        "Warning: mat is no folder of pictures, nor an .npz file, and fashion-mnist-mini needs no files: --data-dir isn't "
        "used; bnlab data list --data-dir mat says what is there for --dataset\n"
    ))  # fmt: skip
    for used in (("--data-dir", "mat", "--dataset", "synthetic"), ("--data-dir", "Pets", *SMALL), ()):
        assert call("compare", *used, "--dry-run").err == ""
