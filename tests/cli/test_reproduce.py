"""`bnlab reproduce`: all by one command, each run once, and the same bytes as the studies' own commands leave."""

import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bnlab.cases import CASES
from bnlab.engines import numpy as numpy_engine
from bnlab.gradcheck import Comparison
from bnlab.studies import STUDIES
from bnlab.studies.settings import Override

pytestmark = pytest.mark.slow

SYNTHETIC = ("--dataset", "synthetic", "--replicates", 1)
TWO = ("reproduce", *SYNTHETIC, "--only", "compare", "--only", "dropout")
OWN = (("compare",), ("compare", "--norm", "layernorm"), ("dropout",))
"""The commands of the studies that those are."""
RUNS = 5
SHORT = {"data.num_train": 100, "solver.num_epochs": 1}
ANSWERS = re.compile(r"supported|contradicted|undecided|claim|accuracy|diverged|\b0?\.\d{2,}", re.IGNORECASE)

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to find processes in")


@pytest.fixture
def short(monkeypatch):
    """All trainings are short, and figures empty."""
    monkeypatch.setattr("bnlab.studies.publish.draw", lambda figure: {"png": b"", "svg": b""})
    monkeypatch.setattr(
        "bnlab.cli.reproduce._overrides",
        lambda given: [
            *(Override({"dataset": "data.dataset"}.get(name, name), value, name) for name, value in given.items() if value),
            *(Override(key, value, key) for key, value in SHORT.items()),
        ],
    )


@pytest.fixture
def pages(monkeypatch):
    """Stands in for what writes the page: notes what it is asked for. The second time it finds something to tell."""
    asked = []

    def write_report(folder, without_answers=False):
        asked.append((str(folder), without_answers, sorted(path.name for path in folder.iterdir())))
        return folder / "report.html", ("a file is damaged",) if len(asked) > 1 else ()

    monkeypatch.setitem(sys.modules, "bnlab.cli.report", SimpleNamespace(write_report=write_report))
    return asked


def folders(results):
    return {path.name for path in results.iterdir() if path.is_dir()}


@needs_proc
def test_after_ctrl_c_it_goes_on_and_leaves_what_the_studies_own_commands_leave(run, call, tmp_path, until, contents):
    runs = tmp_path / "results" / "runs"
    process = run.start(*TWO, "-j", 2)
    until(lambda: [*runs.rglob("*.json")])
    os.killpg(process.pid, signal.SIGINT)
    _, out, err = run.ended(process)
    stored = {path.name: path.stat().st_mtime_ns for path in runs.rglob("*.json")}
    assert (process.returncode, out) == (130, "")
    assert err == f"Interrupted: {len(stored)} of {RUNS} runs are stored in results; the same command goes on from there\n"
    assert 1 <= len(stored) < RUNS
    assert folders(tmp_path / "results") == {"runs"}

    done = run(*TWO, "-j", 2)
    assert (done.status, done.err) == (0, "")
    assert f"{RUNS} runs ({len(stored)} stored before) in " in done.out
    after = {path.name: path.stat().st_mtime_ns for path in runs.rglob("*.json")}
    assert len(after) == RUNS
    assert {name: after[name] for name in stored} == stored

    for words in OWN:
        assert call(*words, *SYNTHETIC, "--out", "own", "-j", 1, "-q") == (0, "", "")
    expected = contents(tmp_path / "own")
    assert len(expected) == RUNS + len(OWN) * 8  # figure, its numbers, tables, findings, summary
    (tmp_path / "results" / "report.html").unlink()
    assert contents(tmp_path / "results") == expected


def test_a_terminal_gets_one_bar_over_all_runs(on_a_terminal):
    status, out, shown = on_a_terminal("reproduce", *SYNTHETIC, "--only", "compare", "-j", 1, "--json")
    assert status == 0
    assert json.loads(out)["runs"] == {"all": 3, "stored_before": 0, "failed": 0}
    counts = re.findall(r"\d/\d", shown)
    assert {each.partition("/")[2] for each in counts} == {"3"}
    assert {"0/3", "3/3"} <= {*counts}
    assert re.search(r"\d:\d\d", shown)  # the time left


def test_a_dry_run_lists_all_studies_and_writes_nothing(call, tmp_path):
    done = call("reproduce", *SYNTHETIC, "-n")
    assert (done.status, done.err) == (0, "")
    names = [re.split(r"\s{2,}", line.strip())[0] for line in done.out.splitlines()[3:-2]]
    assert {entry.name for entry in STUDIES} <= {*names}
    assert {"compare --norm layernorm", "sweep batch-size --norm all", "sweep batch-size --equal-updates"} <= {*names}
    assert [*tmp_path.iterdir()] == []
    studies = call("reproduce", *SYNTHETIC, "-n", "--json").json
    listed = [name for each in studies["studies"] for name in each["runs"]]
    assert studies["runs"] == {"all": len({*listed}), "stored_before": 0}
    assert len({*listed}) < len(listed)  # the same baselines
    own = [call(*shlex.split(each["command"])[1:], "-n", "--json").json for each in studies["studies"][:3]]
    assert [[run["run"] for run in each["runs"]] for each in own] == [each["runs"] for each in studies["studies"][:3]]


def test_every_study_runs_at_its_own_replicates_and_the_seed_is_for_all(call):
    def replicates(*options):
        studies = call("reproduce", *options, "-n", "--json").json["studies"]
        return {each["study"]: len(each["runs"]) for each in studies}

    usual, one = replicates(), replicates("--replicates", 1, "--seed", 7)
    assert {name: usual[name] / one[name] for name in one if one[name]} == {
        name: 3 if "cnn" in name else 5 for name in one if one[name]
    }
    commands = [each["command"] for each in call("reproduce", "--seed", 7, "-n", "--json").json["studies"]]
    assert all("--seed 7" in command for command in commands if command != "bnlab verify")


def test_published_numbers_gradients_and_the_page_come_along(call, tmp_path, pages, monkeypatch):
    names = ("affine", "layernorm")
    monkeypatch.setattr("bnlab.cli.reproduce.CASES", {name: CASES[name] for name in names})
    done = call("reproduce", "--only", "verify", "--only", "gradcheck", "--json")
    assert (done.status, done.err) == (0, "")
    document = done.json
    assert document["studies"] == []
    assert document["verify"]["counts"]["agrees"] == 84
    assert document["verify"]["without_images"] == "no files of cifar10 found"
    assert document["gradcheck"]["counts"]["failed"] == 0
    assert [*document][-1] == "provenance"
    assert [*(tmp_path / "results" / "verify").iterdir()] == [tmp_path / "results" / "verify" / "verify.json"]
    written = json.loads((tmp_path / "results" / "gradcheck" / "gradcheck.json").read_text())
    rows = written["rows"]
    assert written["command"] == "bnlab gradcheck"
    assert len(rows) == document["gradcheck"]["counts"]["gradients"] == 6
    assert rows == call("gradcheck", *names, "--json").json
    assert pages == [("results", False, ["gradcheck", "verify"])]
    assert document["page"] == "results/report.html"


def test_each_study_is_summed_up_in_a_row(call, short, pages):
    options = ("reproduce", "--dataset", "synthetic", "--replicates", 5, "--only", "compare", "-j", 1)
    done = call(*options)
    assert (done.status, done.err) == (0, "")
    row = next(line for line in done.out.splitlines() if line.startswith(" compare --norm layernorm"))
    assert re.search(r" 10 +(\d (supported|contradicted|undecided)(, )?)+ +results/compare-layernorm-synthetic", row)
    assert re.search(r"\n10 claims: .*supported|contradicted|undecided", done.out)
    assert "15 runs in " in done.out
    assert done.out.endswith("results/report.html\n")
    studies = call(*options, "--json").json["studies"]
    assert [(each["runs"], each["stored_before"], len(each["verdicts"])) for each in studies] == [(10, 10, 5)] * 2


def test_a_claim_on_the_same_runs_counts_once(call, short, pages):
    """Batchnorm's two claims are tested by two studies: alone, and among both normalizations."""
    done = call("reproduce", "--dataset", "synthetic", "--replicates", 5, "--only", "sweep batch-size", "-j", 1, "--json")
    found = done.json
    assert [len(study["verdicts"]) for study in found["studies"]] == [2, 3, 1]
    assert found["claims"]["all"] == 4
    assert sum(found["claims"].values()) == 2 * 4
    strict = found["studies"][1]["verdicts"] + found["studies"][2]["verdicts"]
    for word in ("supported", "contradicted", "undecided"):
        assert found["claims"][word] == sum(each["verdict"] == word for each in strict)


def test_without_answers_nothing_that_was_found_is_printed(call, short, pages):
    options = ("reproduce", "--dataset", "synthetic", "--replicates", 5, "--only", "compare", "--without-answers")
    done = call(*options, "-j", 1)
    assert done.status == 0
    assert not ANSWERS.search(re.sub(r"in [\d.]+ s", "", done.out))
    again = call(*options, "--json").json
    again.pop("provenance")
    assert not ANSWERS.search(json.dumps(again))
    assert [asked[1] for asked in pages] == [True, True]


def test_without_answers_v_does_not_say_which_runs_diverged(call, short, pages, caplog):
    caplog.set_level("INFO")

    def told(*options):
        caplog.clear()
        assert call("reproduce", *SYNTHETIC, "--only", "dropout", "-j", 1, "-v", *options).status == 0
        return [line.rpartition(" in ")[0] for line in caplog.messages]

    lines = told("--out", "one")
    assert len(lines) == 2
    assert all(line.endswith("): finished") for line in lines)
    assert told("--out", "two", "--without-answers") == [line.replace("finished", "done") for line in lines]


def test_a_run_that_fails_is_named_and_the_rest_goes_on(call, short, pages, monkeypatch, tmp_path):
    real = numpy_engine.train

    def train(spec, *rest):
        if spec.net.normalization == "layernorm":
            raise FloatingPointError("out of luck")
        return real(spec, *rest)

    monkeypatch.setattr(numpy_engine, "train", train)
    done = call("reproduce", *SYNTHETIC, "--only", "compare", "-j", 1)
    assert done.status == 1
    assert done.err.startswith("Error: a run failed: compare --norm layernorm: layernorm, seed 231 (")
    assert "FloatingPointError: out of luck" in done.err
    assert "1 failed" in done.out
    assert len([*(tmp_path / "results").glob("compare-*/figure.png")]) == 2
    assert len(pages) == 1

    monkeypatch.setattr(numpy_engine, "train", lambda *args: 1 / 0)
    done = call("reproduce", *SYNTHETIC, "--only", "dropout", "--out", "other", "-j", 1)
    assert done.status == 1
    assert "2 failed" in done.out
    assert folders(tmp_path / "other") == {"runs"}
    assert len(done.err.splitlines()) == 3
    assert len(pages) == 1  # there is nothing that it could be about


def test_gradients_that_fail_and_numbers_that_disagree_are_told_at_the_end(call, facts, pages, monkeypatch):
    facts["groups"]["layernorm_forward"]["before"]["means"][2] += 1e-8
    done = call("reproduce", "--only", "verify")
    assert (done.status, done.err) == (3, "Error: verify: 1 published number disagrees; bnlab verify says more\n")
    monkeypatch.setattr("bnlab.cli.reproduce.CASES", {"x": None})
    monkeypatch.setattr("bnlab.cli.reproduce.check", lambda case, seed: [Comparison("x", "y", error=1.0)])
    done = call("reproduce", "--only", "verify", "--only", "gradcheck")
    assert done.status == 1
    assert [line.split()[:2] for line in done.err.splitlines()] == [
        ["Warning:", "a"], ["Error:", "gradcheck:"], ["Error:", "verify:"],
    ]  # fmt: skip
    assert len(pages) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--only", "weight-scale"), ("--only weight-scale", "sweep weight-scale", "did you mean")),
        (("--replicates", 0), ("--replicates", "at least 1")),
        (("--dataset", "mnist"), ("mnist",)),
        (("--dataset", "cifar10"), ("no files of cifar10 found",)),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_before_anything_runs(call, refused, options, words):
    refused(call("reproduce", *options), *words)
