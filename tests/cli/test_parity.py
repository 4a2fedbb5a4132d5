"""`bnlab parity`: what it prints and writes, and with which status it ends."""

import json

import pytest

from bnlab import engines
from bnlab.engines import FRAMEWORKS, installed
from bnlab.parity import differences

pytestmark = pytest.mark.slow

torch_only = pytest.mark.skipif(not installed("torch"), reason="PyTorch isn't installed")
SMALL = ("--engine", "torch", "--dataset", "synthetic", "-j", 1)


def test_without_a_framework(call, refused, monkeypatch):
    for engine in FRAMEWORKS:
        monkeypatch.setitem(FRAMEWORKS, engine, FRAMEWORKS[engine]._replace(modules=("no_such_module",)))
    missing = "PyTorch, which isn't installed: pip install 'bnlab[torch]'"
    neither = (
        "neither PyTorch nor TensorFlow is installed: pip install 'bnlab[torch]', or pip install 'bnlab[tensorflow]'\n"
    )
    refused(call("parity", "--engine", "torch"), missing)
    for words in (["parity"], ["parity", "--claims"]):
        refused(call(*words), neither)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "touch"], "did you mean torch?"),
        (["--replicates", "3"], "--replicates is not allowed without --claims"),
        (["--claims", "dropuot"], "did you mean dropout?"),
    ],
)
@torch_only
def test_what_is_refused(call, tmp_path, words, said):
    done = call("parity", *words)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert [*tmp_path.iterdir()] == []


@torch_only
def test_everything_agrees_and_is_written(call, tmp_path):
    done = call("parity", *SMALL, "--json")
    assert done.status == 0
    found = done.json
    assert found["ok"] is True
    assert {row["engine"] for row in found["costs"]} == {"numpy", "torch"}
    assert all(row["training"] > 0 and row["peak_bytes"] > 10**7 for row in found["costs"])
    assert (found["study"], found["dataset"], found["seed"]) == ("compare", "synthetic", 231)
    assert {(row["dtype"], row["arm"], len(row["ours"])) for row in found["trainings"]} == {
        (dtype, arm, 200) for dtype in ("float32", "float64") for arm in ("batchnorm", "no normalization")
    }
    folder = tmp_path / "results" / "parity"
    assert {path.name for path in folder.iterdir()} == {
        "figure.png", "figure.svg", "figure-numbers.csv", "differences.csv", "parity.json"
    }  # fmt: skip
    stored = json.loads((folder / "parity.json").read_text())
    assert stored["differences"] == found["differences"]
    assert stored["provenance"]["framework"] == engines.version("torch")
    assert "parity" not in call("report").err  # its figure isn't taken for a study's, nor is its table
    listed = call("runs", "list")
    assert (listed.status, listed.err) == (0, "")
    assert "torch" in listed.out
    assert call("runs", "gc", "--status", "finished").status == 0


@torch_only
def test_a_disagreement_is_status_3(call, monkeypatch):
    monkeypatch.setitem(differences.TOLERANCES, "float32", 1e-9)
    done = call("parity", *SMALL)
    assert done.status == 3
    assert "DISAGREES" in done.out
    assert "the running variance starts at 1" in " ".join(done.out.split())
    assert " disagree; the largest difference is " in " ".join(done.out.split())


@torch_only
def test_claims_on_each_engine(call, tmp_path):
    done = call("parity", "--claims", "dropout", *SMALL, "--replicates", 2, "--json")
    assert {tuple(row["engines"]) for row in done.json["claims"]} == {("numpy", "torch")}
    assert done.status == (0 if all(row["ok"] for row in done.json["claims"]) else 3)
    stored = json.loads((tmp_path / "results" / "parity" / "claims.json").read_text())
    assert stored["claims"] == done.json["claims"]
    asked = {"study": "dropout", "dataset": "synthetic", "num_train": 500, "seed": 231, "replicates": 2}
    assert {name: stored[name] for name in asked} == asked
    assert stored["provenance"]["framework"] == engines.version("torch")


@torch_only
def test_trainings_of_another_version_and_forced_ones_are_done_anew(call, tmp_path, monkeypatch):
    """Else a new release would be judged by what an old one computed."""
    words = ("parity", "--claims", *SMALL, "--replicates", 1)
    torch = engines.module("torch")

    def frameworks():
        found = [json.loads(path.read_text()) for path in (tmp_path / "results" / "runs").rglob("*.json")]
        return sorted(str(run["provenance"]["framework"]) for run in found)

    with monkeypatch.context() as old:
        old.setattr(torch, "version", lambda: "torch 2.2")
        call(*words)
        assert frameworks() == ["None", "None", "torch 2.2", "torch 2.2"]
        assert "done anew" not in call(*words).err
    done = call(*words)
    assert "2 runs stored by another version of a framework: done anew\n" in done.err
    assert frameworks() == ["None", "None", *[torch.version()] * 2]
    before = {path: path.read_bytes() for path in (tmp_path / "results" / "runs").rglob("*.json")}
    call(*words)
    assert {path: path.read_bytes() for path in before} == before
    call(*words, "--force")
    assert all(path.read_bytes() != content for path, content in before.items())  # at least their times differ
