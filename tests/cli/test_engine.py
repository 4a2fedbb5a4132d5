"""`--engine`, `--device` and `--convention` of the commands that train."""

import pytest

from bnlab.engines import FRAMEWORKS, installed

pytestmark = pytest.mark.slow


def test_a_missing_framework_is_one_line_and_writes_nothing(call, tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(FRAMEWORKS, "torch", FRAMEWORKS["torch"]._replace(modules=("no_such_module",)))
    for words in (
        ["compare", *tiny],
        ["compare", *tiny, "-n"],
        ["reproduce", "--only", "dropout", "--dataset", "synthetic"],
    ):
        done = call(*words, "--engine", "torch", "-j", 1)
        assert (done.status, done.out) == (2, "")
        assert done.err == (
            "Error: engine torch takes PyTorch, which isn't installed: pip install 'bnlab[torch]', or leave --engine out\n"
        )
    assert [*tmp_path.iterdir()] == []


@pytest.mark.skipif(not installed("torch"), reason="PyTorch isn't installed")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_study_on_pytorch(call, tiny, tmp_path, jobs):
    done = call("compare", *tiny, "--engine", "torch", "-j", jobs, "--json")
    assert done.status == 0
    assert {row["engine"] for row in done.json["runs"]} == {"torch"}
    assert any("engine-torch" in path.name for path in (tmp_path / "results").iterdir())
    again = call("compare", *tiny, "--engine", "torch", "-j", jobs, "-n")
    assert ", 0 missing" in again.err + again.out
    ours = call("compare", *tiny, "-n")
    assert ", 0 missing" not in ours.err + ours.out


def test_conventions_are_runs_of_their_own(call, tiny):
    plain, other = (call("compare", *tiny, "-n", "--json", *more).json for more in ([], ["--convention", "torch"]))
    names = [{run["run"] for run in each["runs"]} for each in (plain, other)]
    assert names[0].isdisjoint(names[1])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "jax"], "'jax' is not allowed: it must be one of numpy, torch, tensorflow"),
        (["--device", "gpu"], "'gpu' is not allowed: it must be one of cpu, cuda, mps; did you mean cpu?"),
        (["--engine", "torch"], "engine torch takes PyTorch, which isn't installed: pip install 'bnlab[torch]'"),
    ],
)
def test_verify_refuses_an_engine_even_where_it_trains_nothing(call, refused, monkeypatch, words, said):
    monkeypatch.setitem(FRAMEWORKS, "torch", FRAMEWORKS["torch"]._replace(modules=("no_such_module",)))
    for group in ([], ["layernorm_backward"]):
        refused(call("verify", *group, *words), said)
