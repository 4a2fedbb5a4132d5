"""`bnlab bench` as a real program, on works that take no time."""

import json

import pytest

pytestmark = pytest.mark.slow

TINY = (
    "--dataset", "synthetic", "-s", "data.num_train=60", "-s", "net.hidden_dims=[8]", "-s", "solver.num_epochs=1",
    "-s", "arms.num_weight_scales=2",
)  # fmt: skip


@pytest.fixture
def without_peers(run, tmp_path):
    """The program where none of these can be imported."""
    (tmp_path / "path").mkdir()
    hide = "import sys\nsys.modules.update(dict.fromkeys(['torch', 'jax', 'optax', 'numba']))\n"
    (tmp_path / "path" / "sitecustomize.py").write_text(hide)
    run.env["PYTHONPATH"] = f"{tmp_path / 'path'}:{run.env['PYTHONPATH']}"
    return run


def test_missing_peers_are_named_and_the_rest_is_measured(without_peers, tmp_path):
    without_peers.env["OPENBLAS_CORETYPE"] = "Prescott"
    done = without_peers("bench", "--only", "sweep", "--only", "run", "--rounds", "1", "-j", "1", *TINY)
    assert done.status == 0, done.err
    document = json.loads((tmp_path / "results" / "bench" / "bench.json").read_text(encoding="utf-8"))
    assert [*document["missing"]] == ["PyTorch", "JAX", "the compiled kernels"]
    assert document["missing"]["PyTorch"] == "pip install torch"
    measured = {(row["what"], row["kernels"]) for row in document["figures"]}
    assert measured >= {("bnlab", "NumPy"), ("a notebook", ""), ("the sweep against a notebook", "NumPy")}
    assert not any("PyTorch" in what or kernels == "numba" for what, kernels in measured)
    assert {goal["what"] for goal in document["goals"]} == {
        "the sweep against a notebook", "a run on one core, over its limit", "the command around the runs",
    }  # fmt: skip
    assert all(goal["met"] in (True, False) for goal in document["goals"])
    assert document["reached"].keys() == {"bnlab with NumPy", "a notebook"}
    assert "OPENBLAS_CORETYPE=Prescott is exported" in document["warnings"][0]
    assert document["provenance"]["blas_kernel"] != "Prescott"
    assert (document["provenance"]["blas_threads"], [*document][-1]) == (1, "provenance")
    assert "sweep, round 1 of 1: a notebook" in done.err
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"bench"}
    lines = done.out.splitlines()
    assert lines[1].split() == ["part", "what", "kernels", "measured", "between"]
    goal = next(line for line in lines if "the sweep against a notebook" in line and "at least 4.5" in line)
    assert goal.endswith(("   met", "   NOT MET"))
    [reached] = [line.split() for line in lines if line.startswith(" a notebook")]
    accuracies = [value for best in document["reached"]["a notebook"].values() for value in best.values()]
    assert [float(word.rstrip(",")) for word in reached[2:]] == [round(value, 3) for value in accuracies]
    assert "PyTorch: not installed, and not measured: pip install torch" in lines
    assert lines[-1].endswith("goals.md")


def test_json_is_all_there_is_on_standard_output(without_peers, tmp_path):
    done = without_peers("bench", "--only", "startup", "--rounds", "1", "--json", *TINY)
    assert done.status == 0
    assert done.json == json.loads((tmp_path / "results" / "bench" / "bench.json").read_text(encoding="utf-8"))
    assert {row["what"] for row in done.json["figures"]} == {"python -c pass", "bnlab --help", "import bnlab.solver"}
    assert done.json["goals"] == []


def test_quiet_says_nothing(without_peers):
    done = without_peers("bench", "--only", "startup", "--rounds", "1", "-q", *TINY)
    assert (done.status, done.out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "sweeps"), ("--only 'sweeps' is no part: choose from sweep, run", "did you mean sweep?")),
        (("--scaling", "--only", "run"), ("--only is not allowed with --scaling",)),
        (("--scaling", "-s", "seed=1"), ("--set is not allowed with --scaling",)),
        (("--scaling", "-j", "1"), ("--jobs is not allowed with --scaling",)),
        (("--out", "/dev/null"), ("can't write /dev/null", "choose a results folder by --out")),  # before anything is timed
        (("--scaling", "--out", "/dev/null"), ("can't write /dev/null",)),
        (("-s", "net.reg=1"), ("net.reg is not allowed here",)),
        (("--rounds", "0"), ("--rounds",)),
        (("--dataset", "mnist"), ("mnist",)),
    ],
)
def test_wrong_requests_are_one_line(call, refused, arguments, words):
    refused(call("bench", *arguments), *words)
