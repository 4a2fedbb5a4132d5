"""How a command begins, and how it goes on after failures: real commands, real processes."""

import re
import shlex

import pytest

from bnlab.cli.progress import in_time
from bnlab.lab.store import Store
from tests.program import LONGEST

pytestmark = pytest.mark.slow


@pytest.fixture
def sweep(run, tiny):
    """A sweep of which one run fails for want of memory: nobody has terabytes of it."""

    def sweep(*args):
        words = ("sweep", "net.hidden_dims=[8],[1000000000000]", "--dataset", "synthetic", "--replicates", 1)
        return run.start(*words, "-s", "data.num_train=60", "-s", "solver.num_epochs=2", "-j", 1, *args)

    return sweep


def said(process):
    """The exit status, standard output, and the lines of standard error."""
    out, err = process.communicate(timeout=LONGEST)
    return process.returncode, out, err.splitlines()


def test_it_begins_by_saying_how_its_runs_stand(run, tiny):
    status, _, err = said(run.start("compare", *tiny, "-j", 1))
    assert (status, err) == (0, ["2 runs: 0 stored, 2 missing, 0 failed"])
    status, _, [line] = said(run.start("compare", *tiny, "--norm", "layernorm", "-j", 1, "--json"))
    assert status == 0
    assert re.fullmatch(r"2 runs: 1 stored, 1 missing, 0 failed; about [\d.]+ s to go", line)
    status, _, [line] = said(run.start("compare", *tiny, "-j", 1, "--force"))
    assert re.fullmatch(r"2 runs: 2 stored and done anew, 0 missing, 0 failed; about [\d.]+ s to go", line)
    assert said(run.start("compare", *tiny, "-j", 1, "-q")) == (0, "", [])


def test_the_time_left_goes_by_how_many_runs_are_done_at_once(call, tiny):
    assert call("compare", *tiny, "-j", 1).status == 0
    more = ("compare", *tiny, "--replicates", 200, "-n")
    seconds = call(*more, "--json").json["core_seconds_left"]
    for options, share, unit in (
        (("--executor", "serial"), 1, ""),
        (("--executor", "process", "-j", 4), 4, ""),
        (("--executor", "dask://127.0.0.1:8786"), 1, " of one core"),
    ):
        line = call(*more, *options).out.splitlines()[-1]
        assert f"; about {in_time(seconds / share)}{unit} to go; nothing was run" in line


def test_a_failed_run_is_tried_again_unless_it_is_to_be_kept(run, sweep, tmp_path):
    status, _, err = said(sweep())
    assert status == 1
    assert err[0] == "2 runs: 0 stored, 2 missing, 0 failed"
    assert "1 run failed and not drawn" in next(tmp_path.glob("results/*/figure.svg")).read_text()
    again = err[-1].partition(": bnlab ")[2]
    assert again.startswith("sweep 'net.hidden_dims=[8],[1000000000000]' ")
    [failed] = [name for name, entry in Store(tmp_path / "results").entries().items() if entry.status == "failed"]
    stamp = Store(tmp_path / "results").file(failed).stat().st_mtime_ns
    kept = sweep("--keep-failed")
    status, _, err = said(kept)
    assert (status, err) == (0, ["2 runs: 1 stored, 0 missing, 1 failed and left alone"])
    assert Store(tmp_path / "results").file(failed).stat().st_mtime_ns == stamp
    status, _, err = said(run.start(*shlex.split(again)))
    assert status == 1
    assert re.fullmatch(r"2 runs: 1 stored, 0 missing, 1 failed and tried again; about .* to go", err[0])
    assert Store(tmp_path / "results").file(failed).stat().st_mtime_ns > stamp


def test_fail_fast_begins_no_more_runs_and_publishes_nothing(run, tmp_path):
    words = ("sweep", "net.hidden_dims=[1000000000000],[8],[9],[7]", "--dataset", "synthetic", "--replicates", 1)
    status, out, err = said(run.start(*words, "-s", "solver.num_epochs=1", "-j", 1, "--fail-fast"))
    assert (status, out) == (1, "")
    assert err[1].startswith("Error: a run failed: ")
    assert [entry.status for entry in Store(tmp_path / "results").entries().values()] == ["failed"]
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["runs"]


def test_if_all_runs_are_kept_as_failed_it_says_so(run, tmp_path, tiny):
    words = ("sweep", "net.hidden_dims=[1000000000000]", "--dataset", "synthetic", "--replicates", 1, "-j", 1)
    assert said(run.start(*words))[0] == 1
    status, out, err = said(run.start(*words, "--keep-failed"))
    assert (status, out) == (1, "")
    assert err[1:] == ["Error: all runs failed before, and --keep-failed leaves them alone: leave it out to try them again"]


def test_a_run_that_takes_too_long_is_recorded_as_failed_and_the_others_go_on(run, tmp_path):
    """With -j 1 too: a process of its own can be ended."""
    words = ("sweep", "solver.num_epochs=1,100000", "--dataset", "synthetic", "--replicates", 1)
    status, out, err = said(run.start(*words, "--run-time-limit", 6, "-j", 1))
    assert status == 1
    assert "it took longer than 6 s" in err[1]
    assert sorted(entry.status for entry in Store(tmp_path / "results").entries().values()) == ["failed", "finished"]
    assert "2 runs" in out


def test_no_time_limit_that_nobody_can_keep(run, refused, tiny):
    refused(run("compare", *tiny, "--run-time-limit", 0), "0", "0<x<=")


def test_a_dry_run_says_how_long_the_rest_may_take(run, tiny):
    run("compare", *tiny, "-j", 1)
    document = run("compare", *tiny, "--norm", "layernorm", "--dry-run", "--json").json
    assert document["core_seconds_left"] > 0
    assert [(each["stored"], each["failed"], each["to_do"]) for each in document["runs"]] == [
        (False, False, True),
        (True, False, False),
    ]
