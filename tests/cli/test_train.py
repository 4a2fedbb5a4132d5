"""`bnlab train` as a real process: what it leaves, and that no signal and no second command harms it."""

import json
import os
import random
import re
import signal
import socket
import time

import pytest

from bnlab.engines import FRAMEWORKS
from bnlab.runs.spec import ENGINES

pytestmark = pytest.mark.slow

TINY = """
data: {dataset: synthetic, num_train: 60, num_val: 50}
net: {hidden_dims: [8, 6], normalization: batchnorm, weight_scale: 0.1, keep_prob: 0.8}
solver: {update_rule: adam, learning_rate: 1e-2, lr_decay: 0.999, batch_size: 20, num_epochs: 4}
"""
LONG = ("-s", "solver.num_epochs=250")
FOLDER = "results/train/tiny"
FILES = {"checkpoint.npz", "figure.png", "figure.svg", "figure-numbers.csv", "summary.json"}


@pytest.fixture(autouse=True)
def tiny_file(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)


def checkpoint(folder, name="tiny"):
    return folder / "results" / "train" / name / "checkpoint.npz"


def test_what_it_prints_and_leaves(call, tmp_path):
    done = call("train", "tiny.yaml")
    assert (done.status, done.err) == (0, "")
    assert "Finished after 4 epochs, 12 iterations; " in done.out
    assert " s with 1 thread\n" in done.out
    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == FILES
    assert all(f"{FOLDER}/{name}\n" in done.out for name in FILES)
    summary = json.loads((tmp_path / FOLDER / "summary.json").read_text())
    assert (summary["status"], summary["iterations"], summary["threads"]) == ("finished", 12, 1)
    assert [check["iteration"] for check in summary["checks"]] == [1, 3, 6, 9, 12]
    assert summary["best"] in summary["checks"]
    assert summary["best"]["val_acc"] == max(check["val_acc"] for check in summary["checks"])
    assert summary["provenance"]["seconds"] > 0
    assert summary["command"] == "bnlab train tiny.yaml --threads 1"


def test_json_and_quiet(call, contents, tmp_path):
    printed = call("train", "tiny.yaml", "--json", "--out", "a").json
    assert {os.path.basename(file) for file in printed.pop("files")} == FILES
    assert printed == json.loads((tmp_path / "a/train/tiny/summary.json").read_text())
    assert call("train", "tiny.yaml", "-q", "--out", "b") == (0, "", "")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_options_stand_for_settings(call):
    printed = call("train", "tiny.yaml", "--seed", 7, "-s", "seed=8", "--dataset", "fashion-mnist-mini", "--json").json
    assert (printed["spec"]["seed"], printed["spec"]["data"]["dataset"]) == (7, "fashion-mnist-mini")
    assert printed["changed"] == {"seed": 7, "data.dataset": "fashion-mnist-mini"}
    assert printed["command"] == "bnlab train tiny.yaml -s seed=7 -s data.dataset=fashion-mnist-mini --threads 1"
    assert printed["files"][0] == "results/train/tiny-dataset-fashion-mnist-mini-seed-7/checkpoint.npz"


def test_a_file_by_its_whole_path_is_the_same_training(call, tmp_path):
    """Its path is no part of the command that is noted, and the threads are those of the checkpoint."""
    first = call("train", tmp_path / "tiny.yaml", "--threads", 2, "--json").json
    again = call("train", "tiny.yaml", "--resume", "--json").json
    assert first["command"] == again["command"] == "bnlab train tiny.yaml --threads 2"
    assert (first["checks"], again["threads"]) == (again["checks"], 2)


def test_early_stopping_is_stated(call):
    sets = ("-s", "solver.patience=1", "-s", "solver.learning_rate=1e-9")
    printed = call("train", "tiny.yaml", *sets, "--json").json
    assert (printed["status"], printed["epochs"]) == ("stopped early", 1)
    assert "Stopped early after 1 epoch, 3 iterations" in call("train", "tiny.yaml", *sets, "--resume").out


def test_a_training_that_diverges_is_a_result(call, tmp_path):
    sets = ("-s", "solver.update_rule=sgd", "-s", "solver.learning_rate=1e30", "-s", "net.normalization=none")
    done = call("train", "tiny.yaml", *sets)
    assert done.status == 0
    assert "Diverged at iteration 2" in done.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["none.yaml"], ["none.yaml: No such file"]),
        (["tiny.yaml", "-s", "net.width=3"], ["there is no setting net.width: did you mean net.hidden_dims?"]),
        (["tiny.yaml", "--threads", "0"], ["--threads"]),
        (["tiny.yaml", "--dataset", "cifar10"], ["no files of cifar10 found"]),
        (["tiny.yaml", "--out", "tiny.yaml"], ["tiny.yaml", "Not a directory"]),
        (["tiny.yaml", "--resume", "--force"], ["--resume goes on from the checkpoint", "leave one of them out"]),
        ([], ["FILE.yaml"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_wrong_request_is_refused(args, words, call, refused):
    refused(call("train", *args), *words)


def test_an_engine_without_checkpoints_is_refused_before_anything_is_written(call, refused, monkeypatch):
    monkeypatch.setitem(ENGINES, "torch", "bnlab.engines")
    monkeypatch.setitem(FRAMEWORKS, "torch", FRAMEWORKS["torch"]._replace(modules=()))
    refused(call("train", "tiny.yaml", "-s", "engine=torch"), "engine: torch has no checkpoints: set it to numpy")
    monkeypatch.setitem(FRAMEWORKS, "torch", FRAMEWORKS["torch"]._replace(modules=("no_such_module",)))
    refused(call("train", "tiny.yaml", "-s", "engine=torch"), "PyTorch, which isn't installed: pip install 'bnlab[torch]'")


def test_going_on_from_nothing_is_said(call):
    """Settings given by -s name another folder: who means to add epochs like that would train anew, and not know why."""
    assert call("train", "tiny.yaml").status == 0
    assert call("train", "tiny.yaml", "--resume").err == ""
    begun = call("train", "tiny.yaml", "--resume", "-s", "solver.num_epochs=5")
    name = "results/train/tiny-num_epochs-5/checkpoint.npz"
    assert (begun.status, begun.err) == (0, f"There is no {name} to go on from: training begins anew\n")
    assert call("train", "tiny.yaml", "--resume", "-s", "solver.num_epochs=6", "-q").err == ""


def test_a_checkpoint_is_not_overwritten_unasked(call, tmp_path):
    first = call("train", "tiny.yaml")
    before = checkpoint(tmp_path).read_bytes()
    again = call("train", "tiny.yaml")
    assert (first.status, again.status, again.out) == (0, 2, "")
    assert again.err == (
        f"Error: {FOLDER}/checkpoint.npz is there already: go on from it with --resume, or begin anew with --force\n"
    )
    assert call("train", "tiny.yaml", "--force", "-q").status == 0
    assert checkpoint(tmp_path).read_bytes() == before


def test_killed_at_random_moments_it_goes_on_to_the_same_bytes(run, call, until, contents, tmp_path):
    """Several times SIGKILL, from the start of the process to its end; what is left is always whole."""
    whole, moments = call("train", "tiny.yaml", *LONG, "--out", "whole"), random.Random()
    assert whole.status == 0
    kills = 0
    while True:
        process = run.start("train", "tiny.yaml", *LONG, "--resume")
        before = checkpoint(tmp_path, "tiny-num_epochs-250")
        seen = before.stat().st_mtime_ns if before.exists() else None
        if kills == 3:
            break
        until(lambda b=before, s=seen, p=process: p.poll() is not None or (b.exists() and b.stat().st_mtime_ns != s))
        time.sleep(0.1 * moments.random())
        process.kill()
        kills += 1
        process.communicate(timeout=60)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "Finished after 250 epochs, 750 iterations" in out
    assert contents(tmp_path / "results") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("sent", "status", "word"), [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")], ids=str
)
def test_interrupted_it_says_how_far_it_is_and_goes_on_to_the_same_bytes(
    sent, status, word, run, call, until, contents, tmp_path
):
    long = ("-s", "solver.num_epochs=1000000")
    process = run.start("train", "tiny.yaml", *long)
    until(checkpoint(tmp_path, "tiny-num_epochs-1000000").exists)
    os.killpg(process.pid, sent)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (status, ""), err
    assert err.startswith(f"{word}: ")
    assert err.endswith(
        " of 1,000,000 epochs are in results/train/tiny-num_epochs-1000000/checkpoint.npz; the same command with --resume "
        "goes on from there\n"
    )
    epoch = int(err.split()[1].replace(",", ""))
    assert 0 <= epoch < 1000000
    goal = ("-s", f"solver.num_epochs={epoch + 5}")
    os.rename(tmp_path / "results/train/tiny-num_epochs-1000000", tmp_path / f"results/train/tiny-num_epochs-{epoch + 5}")
    assert call("train", "tiny.yaml", *goal, "--resume").status == 0
    assert call("train", "tiny.yaml", *goal, "--out", "whole").status == 0
    assert contents(tmp_path / "results") == contents(tmp_path / "whole")


def interrupted(*args):
    raise KeyboardInterrupt


def interrupted_and_hidden(*args):
    """As in the middle of `numpy.savez`, which then can't close its archive."""
    try:
        interrupted()
    finally:
        raise ValueError("Can't close the ZIP file while there is an open writing handle on it.")


@pytest.mark.parametrize("interrupted", [interrupted, interrupted_and_hidden])
def test_an_interrupt_while_the_figure_is_drawn_says_that_all_epochs_are_stored(call, monkeypatch, tmp_path, interrupted):
    monkeypatch.setattr("bnlab.cli.train.publish", interrupted)
    done = call("train", "tiny.yaml")
    assert (done.status, done.out) == (130, "")
    assert done.err.startswith(f"Interrupted: 4 of 4 epochs are in {FOLDER}/checkpoint.npz; the same command with --resume")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert call("train", "tiny.yaml", "--resume").status == 0


def test_a_second_command_on_the_same_folder_is_refused_and_harms_nothing(run, until, call, tmp_path):
    process = run.start("train", "tiny.yaml", "-s", "solver.num_epochs=1000000")
    try:
        until(checkpoint(tmp_path, "tiny-num_epochs-1000000").exists)
        for more in ((), ("--resume",), ("--force",)):
            second = call("train", "tiny.yaml", "-s", "solver.num_epochs=1000000", *more)
            assert (second.status, second.out) == (2, "")
            assert second.err.startswith(
                "Error: another bnlab is at work in results/train/tiny-num_epochs-1000000: wait until"
            )
            assert second.err.count("\n") == 1
    finally:
        process.kill()
        process.communicate(timeout=60)
    assert call("train", "tiny.yaml", "-s", "solver.num_epochs=3", "-q").status == 0


def test_a_bar_counts_iterations_on_a_terminal(on_a_terminal):
    status, out, shown = on_a_terminal("train", "tiny.yaml", *LONG)
    assert (status, "Finished" in out) == (0, True)
    assert "iterations" in shown
    assert "/750" in shown
    assert "validation 0." in shown


def test_training_never_reads_test_images(call, run, tmp_path, contents):
    """Three folders: whole; without test files; with test files that hold something else, or can't be opened at all."""
    import numpy as np

    def idx(array):
        return bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()

    draw = np.random.RandomState(5).randint
    names = {"train": (1040, "train"), "t10k": (30, "test")}
    for folder in ("whole", "none", "garbage"):
        (tmp_path / folder).mkdir()
    for prefix, (count, kind) in names.items():
        pictures = idx(draw(0, 256, (count, 6, 6)).astype(np.uint8))
        labels = idx(draw(0, 10, count).astype(np.uint8))
        for name, content in ((f"{prefix}-images-idx3-ubyte", pictures), (f"{prefix}-labels-idx1-ubyte", labels)):
            for folder in ("whole", "none", "garbage") if kind == "train" else ("whole",):
                (tmp_path / folder / name).write_bytes(content)
    # A named pipe blocks whoever opens it, for good: the strictest reader there is.
    os.mkfifo(tmp_path / "garbage" / "t10k-images-idx3-ubyte")
    (tmp_path / "garbage" / "t10k-labels-idx1-ubyte").write_bytes(b"garbage")
    sets = ("--dataset", "fashion-mnist", "-s", "data.num_train=all", "-s", "data.num_val=1000")
    for folder, how in {"whole": call, "none": call, "garbage": run}.items():
        done = how("train", "tiny.yaml", *sets, "--data-dir", folder, "--out", f"of-{folder}")
        assert (done.status, done.err) == (0, "")
    assert contents(tmp_path / "of-whole") == contents(tmp_path / "of-none") == contents(tmp_path / "of-garbage")
    [results] = (tmp_path / "of-none" / "train").iterdir()
    evaluated = call("evaluate", results, "--data-dir", "none")
    assert (evaluated.status, evaluated.out) == (2, "")
    assert "t10k-images-idx3-ubyte (or t10k-images-idx3-ubyte.gz) is missing from none" in evaluated.err
    assert call("evaluate", results, "--data-dir", "whole").status == 0


def test_what_a_killed_command_left_half_written_is_cleared(call, tmp_path):
    part = tmp_path / FOLDER / f".checkpoint.npz.{re.sub('[^A-Za-z0-9-]', '-', socket.gethostname())}.999999999.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    assert call("train", "tiny.yaml", "-q").status == 0
    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == FILES
