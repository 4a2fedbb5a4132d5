"""Disks that are full, small or read-only, and files that came to harm."""

import json
import os
import resource
import subprocess
import sys
from functools import partial

import pytest

from bnlab.lab.index import FILE


@pytest.fixture
def mounted(tmp_path):
    """Mounts a real file system in memory: call it with its options."""
    points = []

    def mounted(options):
        point = tmp_path / "mounted"
        point.mkdir()
        if not sys.platform.startswith("linux") or os.geteuid() != 0:
            pytest.skip("only root on Linux may mount")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", point], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("mounting isn't possible here")
        points.append(point)
        return point

    yield mounted
    for point in points:
        subprocess.run(["umount", point], check=True)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.name != FILE]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_while_runs_are_stored(call, tiny, mounted, jobs):
    """Room for two runs of about 25 kB each; the third finds none."""
    disk = mounted("size=64k")
    done = call("sweep", "batch-size", *tiny, "-s", "solver.num_epochs=80", "--out", disk, "-j", jobs)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith(f"Error: can't write {disk}/runs/")
    assert "No space left on device" in done.err
    assert "--out" in done.err
    assert 1 <= len(files(disk)) <= 3
    for file in files(disk):
        assert json.loads(file.read_bytes())["run"] == file.stem


def test_a_full_disk_while_the_picture_is_written(call, tiny, mounted):
    disk = mounted("size=64k")
    done = call("compare", *tiny, "--out", disk, "-j", 1)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert f"can't write {disk}/compare-batchnorm-synthetic-" in done.err
    assert {file.suffix for file in files(disk / "runs")} == {".json"}
    assert not [file for file in files(disk) if file.name.endswith(".part")]
    assert len(files(disk / "runs")) == 2


def test_a_read_only_disk(call, tiny, mounted):
    disk = mounted("ro")
    done = call("compare", *tiny, "--out", disk / "results", "-j", 1)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert f"can't write {disk}/results: Read-only file system" in done.err


def test_a_file_larger_than_allowed(run, tiny, tmp_path):
    """The same without root: the system refuses to let files grow beyond 1,000 bytes."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1000, 1000))
    process = run.start("compare", *tiny, "-j", 1, preexec_fn=limit)
    status, out, err = run.ended(process)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "can't write results/runs/" in err
    assert files(tmp_path) == []


def test_a_damaged_stored_file_is_done_again(run, call, tiny, tmp_path):
    call("compare", *tiny, "-j", 1)
    victim = min((tmp_path / "results" / "runs").rglob("*.json"))
    whole = json.loads(victim.read_bytes())
    victim.write_bytes(victim.read_bytes()[:-20])
    done = run("compare", *tiny, "-j", 1)
    assert done.status == 0
    assert done.err.count("\n") == 1
    assert str(victim.relative_to(tmp_path)) in done.err
    assert victim.with_name(f"{victim.name}.corrupt").exists()
    assert "(1 stored before)" in done.out
    again = json.loads(victim.read_bytes())
    assert {**again, "provenance": None} == {**whole, "provenance": None}
