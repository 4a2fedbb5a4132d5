"""`bnlab runs gc`: it lists what may go, deletes it when told to, and never more."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from bnlab.lab.files import json_bytes
from bnlab.lab.store import Store
from bnlab.runs.history import SCHEMA, Failure
from bnlab.studies import garbage

DAY = 86_400


@pytest.fixture
def runs(tmp_path, make_history, make_spec):
    """Three studies: two share a run. Two runs are in none: a replicate that was left out, and one that failed."""
    store = Store(tmp_path / "results")
    specs = {
        name: make_spec(seed=seed) for seed, name in enumerate(["own", "shared", "other", "left_out", "failed", "lost"])
    }
    for name, spec in specs.items():
        failed = name in ("failed", "lost")
        store.save(Failure(spec, "MemoryError: no room", {"seconds": 1.0}) if failed else make_history(spec))
    for folder, names in {"one": ("own", "shared", "failed"), "two": ("shared", "other")}.items():
        (store.root / folder).mkdir()
        rows = [{"arm": name, "run": specs[name].name} for name in names]
        (store.root / folder / "summary.json").write_bytes(json_bytes({"schema": 2, "study": "compare", "runs": rows}))
    return store, {spec.name: name for name, spec in specs.items()}


def gone(call, runs, *args):
    """What it says may go, and what is gone after --delete; both are the same."""
    store, named = runs
    listed = call("runs", "gc", *args, "--json").json
    before = {*store.entries()}
    assert not listed["deleted"]
    deleted = call("runs", "gc", *args, "--delete", "--json").json
    assert deleted == {**listed, "deleted": True, "files": deleted["files"]}
    away = sorted(named[name] for name in before - {*Store(store.root).entries()})
    assert away == sorted(named.get(os.path.basename(each["path"])[:32], "?") for each in deleted["files"])
    return away, listed["shared"]


def test_by_itself_it_deletes_no_run_of_this_version(call, runs):
    assert gone(call, runs) == ([], 0)


def test_a_study_s_runs_but_those_that_another_one_lists(call, runs):
    assert gone(call, runs, "--study", "one") == (["failed", "own"], 1)


def test_shared_runs_go_when_all_their_studies_are_named(call, runs):
    assert gone(call, runs, "--study", "one", "--study", "two") == (["failed", "other", "own", "shared"], 0)


def test_failed_runs_go_wherever_they_are(call, runs):
    assert gone(call, runs, "--status", "failed") == (["failed", "lost"], 0)


def test_runs_that_no_study_lists_stay(call, runs):
    assert gone(call, runs, "--status", "finished") == (["other", "own", "shared"], 0)


def test_of_a_study_only_those_that_ended_like_this(call, runs):
    assert gone(call, runs, "--study", "compare", "--status", "failed") == (["failed"], 0)


def test_by_age(call, runs, make_spec):
    store, _ = runs
    path = store.file(make_spec(seed=0).name)
    os.utime(path, times=(time.time() - 8 * DAY,) * 2)
    assert gone(call, runs, "--study", "one", "--study", "two", "--older-than", "7") == (["own"], 0)


def test_older_versions_and_leftovers(call, runs, make_spec, tmp_path):
    store, _ = runs
    old = store.file(make_spec(seed=3).name)
    old.write_text(json.dumps({**json.loads(old.read_text()), "schema": SCHEMA - 1}))
    damaged = store.file(make_spec(seed=2).name)
    damaged.write_text("junk")
    aside = old.with_name(f"{old.name}.corrupt")
    aside.write_text("junk")
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    dead, here = int(done.stdout), socket.gethostname().replace(".", "-")
    parts = {
        "gone": old.parent / f".x.{here}.{dead}.part",
        "at work": old.parent / f".x.{here}.{os.getpid()}.part",
        "elsewhere, new": store.root / f".x.elsewhere.{dead}.part",
        "elsewhere, old": store.root / "one" / f".x.elsewhere.{dead}.part",
    }
    for path in parts.values():
        path.write_text("half")
    os.utime(parts["elsewhere, old"], times=(time.time() - 2 * DAY,) * 2)
    done = call("runs", "gc")
    assert done.status == 0
    assert "4 files, 0.0 MB: nothing was deleted; --delete deletes them" in " ".join(done.out.split())
    expected = {old, aside, parts["gone"], parts["elsewhere, old"]}
    assert {each["path"] for each in call("runs", "gc", "--json").json["files"]} == {
        str(path.relative_to(tmp_path)) for path in expected
    }
    assert call("runs", "gc", "--delete").status == 0
    assert not any(path.exists() for path in expected)
    assert all(path.exists() for path in (damaged, parts["at work"], parts["elsewhere, new"]))


def test_nothing_is_deleted_while_another_command_is_at_work(call, runs):
    store, _ = runs
    with store.first_here():
        done = call("runs", "gc", "--study", "one", "--delete")
    assert (done.status, done.out) == (2, "")
    assert "another bnlab is at work" in done.err
    assert len(store.entries()) == 6


def test_a_run_that_was_done_since_it_was_listed_stays(runs, make_history, make_spec):
    store, _ = runs
    found = garbage.find(store, status="failed")
    assert len(found.files) == 2
    store.save(make_history(make_spec(seed=4)))
    assert [each.path for each in garbage.delete(store, found).files] == [store.file(make_spec(seed=5).name)]
    assert store.load(make_spec(seed=4)) is not None


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--study", "compair"], ["'compair'", "compare, one, two", "did you mean compare?"]),
        (["--older-than", "-1"], ["-1", "x>=0"]),
        (["--older-than", "nan"], ["'nan' is no number", "x>=0"]),
        (["--out", "nope"], ["no results folder nope"]),
    ],
)
def test_refused(call, runs, args, words):
    done = call("runs", "gc", *args, "--delete")
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert all(word in done.err for word in words)
