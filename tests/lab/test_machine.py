"""What runs were computed on: processor, BLAS and revision, wherever they are found; and nothing private."""

import getpass
import json
import socket
import subprocess
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from bnlab import fast
from bnlab.lab import machine
from bnlab.lab.machine import blas, git_revision, processor
from bnlab.lab.provenance import provenance

HASH = "0123456789" * 4


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_processor_is_named_as_linux_does(tmp_path):
    text = "processor\t: 0\nvendor_id\t: Any\nmodel name\t: Fast CPU @ 3 GHz \n\nmodel name\t: Other\n"
    assert processor(write(tmp_path, {"cpuinfo": text}) / "cpuinfo") == "Fast CPU @ 3 GHz"


@pytest.mark.parametrize("text", ["processor\t: 0\n", None])
def test_elsewhere_it_is_at_least_the_kind_of_machine(tmp_path, monkeypatch, text):
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert processor(write(tmp_path, {"cpuinfo": text} if text else {}) / "cpuinfo") == "arm64"


def library(path, **more):
    return {"user_api": "blas", "internal_api": "openblas", "version": "1.2", "filepath": path, **more}


def test_the_blas_is_the_one_that_numpy_brought(monkeypatch):
    found = [
        {"user_api": "openmp", "internal_api": "openmp", "version": None, "filepath": "/x/numpy.libs/libgomp.so"},
        library("/x/scipy.libs/libopenblas.so", version="0.9", architecture="Haswell"),
        library("/x/numpy.libs/libopenblas.so", architecture="Zen"),
    ]
    monkeypatch.setattr(machine, "threadpool_info", lambda: found)
    assert blas() == ("openblas 1.2", "Zen")
    monkeypatch.setattr(machine, "threadpool_info", lambda: found[:2])
    assert blas() == ("openblas 0.9", "Haswell")


def test_a_blas_that_cannot_be_asked_is_named_as_numpy_was_built(monkeypatch):
    monkeypatch.setattr(machine, "threadpool_info", lambda: [])
    monkeypatch.setattr("numpy.show_config", lambda mode: {"Build Dependencies": {"blas": {"name": "accelerate"}}})
    assert blas() == ("accelerate", None)


def test_the_threads_of_blas_are_those_of_this_moment():
    with threadpool_limits(limits=1, user_api="blas"):
        assert provenance(0)["blas_threads"] == 1
    with threadpool_limits(limits=2, user_api="blas"):
        assert provenance(0)["blas_threads"] == 2


def test_the_kernels_are_named_as_they_are_used():
    with fast.only_numpy():
        assert provenance(0)["kernels"] == "NumPy"
    assert provenance(0)["kernels"] == fast.description()


def git(folder, *words):
    named = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_revision_is_the_one_that_git_gives(tmp_path):
    """On a branch, after its references were packed, detached, and in a worktree."""
    try:
        git(tmp_path, "init", "-q", "main")
    except OSError:
        pytest.skip("git is not here")
    main, tree = tmp_path / "main", tmp_path / "tree"
    assert git_revision(main) is None  # nothing is committed yet
    git(main, "commit", "-q", "--allow-empty", "-m", "one")
    first = git(main, "rev-parse", "HEAD")
    assert git_revision(main) == first
    git(main, "pack-refs", "--all")
    assert git_revision(main) == first
    git(main, "worktree", "add", "-q", "-b", "feature/two", str(tree))
    git(tree, "commit", "-q", "--allow-empty", "-m", "two")
    assert git_revision(tree) == git(tree, "rev-parse", "HEAD") != first
    assert git_revision(main) == first
    git(tree, "checkout", "-q", "--detach", first)
    assert git_revision(tree) == first


@pytest.mark.parametrize(
    "files",
    [
        {},
        {".git/HEAD": "ref: refs/heads/main\n"},
        {".git/HEAD": "no hash\n"},
        {".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": f"{HASH} refs/heads/other\n"},
        {".git": "gitdir: gone\n"},
        {".git": "something else\n"},
    ],
    ids=str,
)
def test_where_there_is_no_revision_there_is_none(tmp_path, files):
    assert git_revision(write(tmp_path, files)) is None


def test_a_folder_further_up_is_not_asked(tmp_path):
    """A wheel may be installed into an environment that lies in a checkout of something else."""
    write(tmp_path, {".git/HEAD": f"{HASH}\n"})
    assert git_revision(tmp_path) == HASH
    assert git_revision(write(tmp_path / "site-packages", {"bnlab/x": ""})) is None


def test_provenance_names_no_host_no_user_and_no_folder():
    facts = provenance(1)
    assert [*facts] == [
        "seconds", "finished_at", "bnlab", "numpy", "python", "system", "machine", "processor", "cpus", "blas",
        "blas_kernel", "git_revision", "blas_threads", "kernels", "framework",
    ]  # fmt: skip
    text = json.dumps(facts)
    private = [socket.gethostname(), str(Path.home()), str(machine.CHECKOUT), f'"{getpass.getuser()}"']
    assert [word for word in private if len(word) > 1 and word in text] == []


def test_the_machine_is_asked_once(monkeypatch):
    provenance(0)
    monkeypatch.setattr("bnlab.lab.provenance.blas", lambda: pytest.fail("asked again"))
    provenance(0)
