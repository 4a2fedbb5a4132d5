"""Where runs are trained: executors of other packages, and parts of a study."""

import json
import os
import py_compile
import threading

import pytest

from bnlab.lab.executor import Workers, executor

MODULE = """
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def threads(workers):
    with ThreadPoolExecutor(workers.jobs) as pool:
        yield pool


@contextmanager
def unable(workers):
    raise OSError("no queue\\nthere")
    yield


@contextmanager
def spawned(workers):
    with ProcessPoolExecutor(int(workers.address), get_context("spawn")) as pool:
        yield pool
"""


@pytest.fixture
def other_package(run, tmp_path):
    """A package beside bnlab, installed as pip would: a module, and a folder that says which executor it has."""
    folder = tmp_path / "site"
    info = folder / "other_executors-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-executors\nVersion: 1.0\n")
    names = "other = other_executors:spawned\nthreads = other_executors:threads\nunable = other_executors:unable\n"
    wrong = "gone = no_such_module:it\nlacking = other_executors:it\nanything = builtins:str\n"
    (info / "entry_points.txt").write_text(f"[bnlab.executors]\n{names}{wrong}")
    (folder / "other_executors.py").write_text(MODULE)
    py_compile.compile(str(folder / "other_executors.py"))  # else the first import leaves a file there
    run.env["PYTHONPATH"] = os.pathsep.join([str(folder), run.env["PYTHONPATH"]])


def test_an_executor_of_another_package(run, other_package, tiny, tmp_path, contents):
    done = run("compare", *tiny, "--executor", "other://2")
    assert (done.status, done.err) == (0, "")
    assert run("compare", *tiny, "--executor", "serial", "--out", "serial", "-q").status == 0
    assert contents(tmp_path / "results") == contents(tmp_path / "serial")


def test_an_unknown_executor_is_refused_with_those_that_there_are(run, other_package, refused):
    done = run("compare", "--executor", "othr://2")
    there = "serial, process, dask, other, threads, unable, gone, lacking, anything"
    refused(done, f"there is no executor 'othr': there are {there}; did you mean other?")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gone", "no_such_module:it of another package doesn't start (ModuleNotFoundError: "),
        ("lacking", "other_executors:it of another package doesn't start (AttributeError: "),
        ("anything://x", "builtins:str of another package doesn't start (TypeError: "),
        ("unable", "doesn't start (OSError: no queue there): mend what it says, or choose one of serial, process, dask"),
    ],
)
def test_an_executor_of_another_package_that_does_not_start(run, other_package, tiny, refused, name, why):
    refused(run("compare", *tiny, "--executor", name, "-q"), f"--executor {name}: ", why)


def test_what_another_executor_has_not_begun_is_cancelled_on_an_interrupt(other_package, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "site")
    begun, go_on, futures = threading.Event(), threading.Event(), []

    def task():
        begun.set()
        go_on.wait(60)

    def interrupted():
        with executor(Workers(executor="threads")) as pool:
            futures.extend(pool.submit(task) for _ in range(5))
            futures[-1].add_done_callback(lambda future: go_on.set())  # the pool waits for what it has begun
            assert begun.wait(60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [future.cancelled() for future in futures] == [False, True, True, True, True]


@pytest.mark.parametrize("name", ["serial://2", "process://here:1"])
def test_an_address_where_none_is_taken(call, refused, name):
    refused(call("compare", "--executor", name), "takes no address", "leave it out")


def test_one_run_at_a_time_is_no_place_for_several_jobs(call, refused, tiny):
    refused(call("compare", *tiny, "--executor", "serial", "-j", 2), "--jobs 2 is not allowed", "choose process")
    assert call("compare", *tiny, "--executor", "serial", "-j", 1, "-n").status == 0


SIX = ("--replicates", 3)


def stored(folder):
    return {path.stem for path in (folder / "runs").rglob("*.json")}


def test_shards_make_up_the_whole(call, tiny, tmp_path, contents):
    """Each does its own runs; the last one to be done publishes the bytes that a whole command does."""
    seen = set()
    for shard, count in (("3/4", 1), ("1/4", 3), ("2/4", 5)):
        done = call("compare", *tiny, *SIX, "--shard", shard, "-j", 1)
        assert (done.status, done.err) == (0, "")
        assert done.out.startswith(f"shard {shard}: ")
        assert f"{count} of all 6 runs are in results" in " ".join(done.out.split())
        assert [path.name for path in (tmp_path / "results").iterdir()] == ["runs"]
        assert seen < stored(tmp_path / "results")
        seen = stored(tmp_path / "results")
        assert len(seen) == count
    assert "6 runs (5 stored before)" in call("compare", *tiny, *SIX, "--shard", "4/4", "-j", 1).out
    assert call("compare", *tiny, *SIX, "-j", 1, "--out", "whole").status == 0
    assert contents(tmp_path / "results") == contents(tmp_path / "whole")


def test_a_shard_is_the_same_whoever_asks(call, tiny):
    """Neighbouring runs, which are of one arm, go to different shards."""

    def planned(*options):
        return [row["run"] for row in call("compare", *tiny, *SIX, "-n", "--json", *options).json["runs"]]

    whole = planned()
    assert planned("--shard", "1/4") == [whole[0], whole[4]]
    assert planned("--shard", "4/4") == [whole[3]]
    assert planned("--shard", "8/9") == []


def test_any_command_gathers_what_shards_have_done(call, tiny):
    assert call("compare", *tiny, *SIX, "--shard", "1/2", "-q", "-j", 1).out == ""
    assert "6 runs (3 stored before)" in call("compare", *tiny, *SIX, "-j", 1).out


def test_a_shard_in_json(call, tiny):
    done = call("compare", *tiny, *SIX, "--shard", "1/2", "--json", "-j", 1)
    counts = {"runs": 3, "stored_before": 0, "stored_of_all": 3, "all": 6}
    assert done.json == {"shard": "1/2", **counts, "results": "results"}
    assert call("compare", *tiny, *SIX, "--shard", "1/2", "--json", "-j", 1).json == {**done.json, "stored_before": 3}


def test_a_shard_of_everything(call, tiny, tmp_path):
    """Reproduce's studies; its page comes with the last one."""
    command = ("reproduce", "--only", "compare", "--dataset", "synthetic", "--replicates", 1, "-j", 1)
    first = call(*command, "--shard", "2/2")
    assert (first.status, first.err) == (0, "")
    assert first.out.startswith("shard 2/2: ")
    assert not (tmp_path / "results" / "report.html").exists()
    last = call(*command, "--shard", "1/2", "--json")
    assert json.loads(last.out)["page"] == "results/report.html"


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1", "a/b", "-1/4", "1/0", "1/4/2"])
def test_what_is_no_shard(call, refused, shard):
    refused(call("compare", f"--shard={shard}"), repr(shard), "write K/N, with K from 1 to N, such as 1/4")


def test_what_a_shard_does_not_go_with(call, refused):
    refused(call("compare", "--shard", "1/2", "--until-decided"), "--shard is not allowed with --until-decided")
    refused(call("reproduce", "--shard", "1/2", "--dry-run"), "--shard is not allowed with --dry-run")
