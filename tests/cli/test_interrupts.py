"""Ctrl-C, and processes that are killed: what is finished stays stored, nobody is left over, and it goes on from there."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

SIX_RUNS = ("compare", "--replicates", "3", "--dataset", "synthetic", "-s", "solver.num_epochs=15")
RUNS = 6

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to find processes in")


def processes():
    """(process, parent, group, state) of all there are."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue
        state, parent, group = text.rpartition(")")[2].split()[:3]
        yield int(folder.name), int(parent), int(group), state


def alive_in_group(group):
    return [process for process, _, its_group, state in processes() if its_group == group and state not in "ZX"]


def workers_of(process):
    """The worker processes of the program: forked from a child of it, the server, or spawned by it."""
    parents = {child: parent for child, parent, _, state in processes() if state not in "ZX"}
    children = {child: command_line(child) for child, parent in parents.items() if parent == process.pid}
    servers = [child for child, line in children.items() if b"multiprocessing.forkserver" in line]
    spawned = [child for child, line in children.items() if b"spawn_main" in line]
    return spawned + [child for child, parent in parents.items() if parent in servers]


def command_line(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def stored(folder):
    """The finished runs' files and when each was written; each is whole, and bears the name it should."""
    files = [*(folder / "results" / "runs").rglob("*.json")]
    for file in files:
        assert json.loads(file.read_bytes())["run"] == file.stem
    return {file.name: file.stat().st_mtime_ns for file in files}


def any_file(folder):
    return lambda: [*(folder / "results" / "runs").rglob("*.json")]


def goes_on(call, tmp_path, before):
    """The same command again does the rest, and only that."""
    done = call(*SIX_RUNS, "-j", 1)
    assert (done.status, done.err) == (0, "")
    assert f"({len(before)} stored before)" in done.out
    after = stored(tmp_path)
    assert len(after) == RUNS
    assert {name: after[name] for name in before} == before
    assert [*(tmp_path / "results").glob("compare-batchnorm-synthetic-*/figure.png")]


def was_interrupted(process, until):
    """It ends with status 130 and a line, and leaves nobody behind."""
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.count("\n") == 1
    assert err.startswith("Interrupted: ")
    until(lambda: not alive_in_group(process.pid), seconds=5)


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c(run, call, tmp_path, until, jobs):
    process = run.start(*SIX_RUNS, "-j", jobs)
    until(any_file(tmp_path))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    before = stored(tmp_path)
    assert 1 <= len(before) < RUNS
    assert err == f"Interrupted: {len(before)} of {RUNS} runs are stored in results; the same command goes on from there\n"
    until(lambda: not alive_in_group(process.pid), seconds=5)
    assert not [path for path in (tmp_path / "results").rglob("*") if path.is_file() and path.suffix != ".json"]
    goes_on(call, tmp_path, before)


@needs_proc
@pytest.mark.parametrize("attempt", range(3))
def test_ctrl_c_while_the_workers_start(run, until, attempt):
    """A matter of moments: NumPy's own threads may take the signal while the driver holds it back."""
    process = run.start(*SIX_RUNS, "-j", 2)
    until(lambda: workers_of(process))
    os.killpg(process.pid, signal.SIGINT)
    was_interrupted(process, until)


@needs_proc
def test_ctrl_c_twice_leaves_nobody_either(run, tmp_path, until):
    process = run.start(*SIX_RUNS, "-j", 2)
    until(any_file(tmp_path))
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    until(lambda: not alive_in_group(process.pid), seconds=5)


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_again_and_again_until_it_ends(run, tmp_path, until, jobs):
    """As from a key held down: the first one counts, and not one of the others, to the very end."""
    process = run.start(*SIX_RUNS, "-j", jobs)
    until(any_file(tmp_path))
    while process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.01)
    was_interrupted(process, until)


def leaked(err):
    return [line for line in err.splitlines() if "leaked" in line or "Traceback" in line]


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("to", ["the driver", "the group"])
def test_sigterm(run, call, tmp_path, until, jobs, to):
    """What `timeout` sends to the whole group, and cluster schedulers often to the driver alone."""
    process = run.start(*SIX_RUNS, "-j", jobs)
    until(any_file(tmp_path))
    (os.kill if to == "the driver" else os.killpg)(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    before = stored(tmp_path)
    assert (process.returncode, out) == (143, "")
    assert err == f"Terminated: {len(before)} of {RUNS} runs are stored in results; the same command goes on from there\n"
    until(lambda: not alive_in_group(process.pid), seconds=5)
    assert 1 <= len(before) < RUNS
    if (jobs, to) == (2, "the group"):
        goes_on(call, tmp_path, before)


@needs_proc
def test_sigterm_while_the_workers_start(run, until):
    process = run.start(*SIX_RUNS, "-j", 2)
    until(lambda: workers_of(process))
    os.kill(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, leaked(err)) == (143, [])
    assert err.startswith("Terminated: ")
    assert err.count("\n") == 1
    until(lambda: not alive_in_group(process.pid), seconds=5)


@needs_proc
@pytest.mark.parametrize(("sent", "told"), [(signal.SIGKILL, "died"), (signal.SIGTERM, "")], ids=["SIGKILL", "SIGTERM"])
def test_a_worker_that_another_program_ends(run, tmp_path, until, sent, told):
    process = run.start(*SIX_RUNS, "-j", 2)
    until(any_file(tmp_path))
    os.kill(workers_of(process)[0], sent)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith(f"Error: a worker process {told}")
    assert "stays stored" in err
    assert "Dropped" not in err
    assert 1 <= len(stored(tmp_path)) < RUNS
    until(lambda: not alive_in_group(process.pid), seconds=5)


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_driver(run, call, tmp_path, until, jobs):
    process = run.start(*SIX_RUNS, "-j", jobs)
    until(any_file(tmp_path))
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    try:
        until(lambda: not alive_in_group(process.pid), seconds=4)
    finally:
        for left in alive_in_group(process.pid):
            os.kill(left, signal.SIGKILL)
        process.communicate(timeout=60)
    before = stored(tmp_path)
    assert 1 <= len(before) < RUNS
    goes_on(call, tmp_path, before)
