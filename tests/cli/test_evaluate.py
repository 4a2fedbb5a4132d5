"""`bnlab evaluate`: what it prints, writes and refuses."""

import json
import os
import shutil

import pytest

from tests.cli.test_train import FOLDER, TINY

FILES = {
    "evaluation.json", "confusion.csv", "confusion.png", "confusion.svg", "mistakes.png", "mistakes.svg",
}  # fmt: skip


@pytest.fixture(scope="module")
def one_training(program, tmp_path_factory):
    """A folder with a settings file and what its training left."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "tiny.yaml").write_text(TINY)
    assert program(folder)("train", "tiny.yaml", "-q").status == 0
    return folder


@pytest.fixture
def trained(one_training, tmp_path):
    """A copy of that folder; the names of the files that the training left."""
    shutil.copytree(one_training, tmp_path, dirs_exist_ok=True)
    return {path.name for path in (tmp_path / FOLDER).iterdir()}


def test_what_it_prints_and_leaves(trained, call, tmp_path):
    done = call("evaluate", FOLDER)
    assert (done.status, done.err) == (0, "")
    document = json.loads((tmp_path / FOLDER / "evaluation.json").read_text())
    low, high = document["interval"]["low"], document["interval"]["high"]
    said = f"Test accuracy {document['accuracy']:.4f} ({low:.4f} to {high:.4f}): {document['right']:,} of 1,000 images; "
    assert f"{said}Wilson score interval, 95 %\n" in done.out
    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == trained | FILES
    assert sum(map(sum, document["confusion"])) == document["test_images"] == 1000
    assert all(f"{FOLDER}/{name}\n" in done.out for name in FILES)


def test_json_quiet_and_another_folder(trained, call, contents, tmp_path):
    printed = call("evaluate", f"{FOLDER}/checkpoint.npz", "--json", "--out", "a").json
    assert [each["name"] for each in printed["classes"]] == [*map(str, range(10))]
    assert {os.path.basename(file) for file in printed.pop("files")} == FILES
    assert printed == json.loads((tmp_path / "a/evaluation.json").read_text())
    assert call("evaluate", FOLDER, "-q", "--out", "b") == (0, "", "")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_training_that_is_under_way_can_be_evaluated(trained, call, tmp_path):
    before = (tmp_path / FOLDER / "checkpoint.npz").read_bytes()
    assert call("evaluate", FOLDER, "-q").status == 0
    assert call("train", "tiny.yaml", "--resume", "-q").status == 0
    assert (tmp_path / FOLDER / "checkpoint.npz").read_bytes() == before


@pytest.mark.parametrize(
    ("what", "words"),
    [("none", "there is no checkpoint none"), ("results", "there is no checkpoint results/checkpoint.npz"),
     ("tiny.yaml", "tiny.yaml is damaged, or no checkpoint")],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(what, words, trained, call):
    done = call("evaluate", what)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"Error: {words}")
    assert done.err.count("\n") == 1


def test_a_damaged_checkpoint_is_refused_by_both_commands(trained, call, tmp_path):
    path = tmp_path / FOLDER / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-40])
    for done in (call("evaluate", FOLDER), call("train", "tiny.yaml", "--resume")):
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith(f"Error: {FOLDER}/checkpoint.npz is damaged")
        assert done.err.count("\n") == 1
    assert call("train", "tiny.yaml", "--force", "-q").status == 0


def test_classes_of_ones_own_have_names_of_ones_own(trained, call):
    document = call("evaluate", FOLDER, "--classes", "cup, plate", "--json").json
    assert [each["name"] for each in document["classes"]] == ["cup", "plate", *map(str, range(2, 10))]


@pytest.mark.parametrize("names", ["cup,cup", "7", "", "cup,,plate", ",".join("abcdefghijk")])
def test_names_that_do_not_tell_classes_apart_are_refused(names, trained, call):
    done = call("evaluate", FOLDER, "--classes", names)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert "give at most 10 names, each once, separated by commas" in done.err
