"""Ctrl-C, and processes that are killed: what is finished stays stored, nobody is left over, and it goes on from there."""

import json
import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from bnlab.lab.interrupts import ONE_PRESS
from tests.program import alive_in_group, workers_of

pytestmark = pytest.mark.slow

SIX_RUNS = ("compare", "--replicates", "3", "--dataset", "synthetic", "-s", "solver.num_epochs=15")
RUNS = 6
ENDLESS = (*SIX_RUNS[:-1], "solver.num_epochs=10000000")
"""For signals that come before anything is stored."""
TRIES = 20

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to find processes in")


def stored(folder):
    """The finished runs' files and when each was written; each is whole, and bears the name it should."""
    files = [*(folder / "results" / "runs").rglob("*.json")]
    for file in files:
        assert json.loads(file.read_bytes())["run"] == file.stem
    return {file.name: file.stat().st_mtime_ns for file in files}


def any_file(folder):
    return lambda: [*(folder / "results" / "runs").rglob("*.json")]


def nobody_is_left(process):
    return not alive_in_group(process.pid)


def caught(run, until, jobs, disturb):
    """The study, disturbed when something is stored and something is to do: its process, how it ended, and what was stored.

    disturb: a function of the process. On a busy machine the study may have ended before: then it is begun anew.
    """
    for _ in range(TRIES):
        process = run.start(*SIX_RUNS, "-j", jobs)
        until(any_file(run.folder))
        disturb(process)
        done, before = run.ended(process), stored(run.folder)
        until(partial(nobody_is_left, process))
        if len(before) < RUNS:
            return done, before
        shutil.rmtree(run.folder / "results")
    raise AssertionError("it always ends before it is disturbed")


def sends(signum, to=os.killpg):
    return lambda process: to(process.pid, signum)


def goes_on(call, tmp_path, before):
    """The same command again does the rest, and only that."""
    done = call(*SIX_RUNS, "-j", 1)
    assert (done.status, done.err) == (0, "")
    assert f"({len(before)} stored before)" in done.out
    after = stored(tmp_path)
    assert len(after) == RUNS
    assert {name: after[name] for name in before} == before
    assert [*(tmp_path / "results").glob("compare-batchnorm-synthetic-*/figure.png")]


def was_interrupted(done, word="Interrupted: "):
    """It ends with status 130 and a line."""
    assert (done.status, done.out) == (130, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith(word)


@pytest.mark.parametrize("loading", ["bnlab.cli", "click", "bnlab.cli.streams"])
def test_ctrl_c_while_the_program_still_loads(run, loading):
    done = run.python(
        "import signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == {loading!r}: signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
        "from bnlab.__main__ import main; main()"
    )
    assert done == (130, "", "Interrupted\n")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("where", ["a finalizer", "a weak reference"])
def test_a_signal_that_comes_where_python_drops_exceptions_is_not_lost(run, signum, where):
    done = run.python(
        "import signal, threading, time, weakref; from bnlab.lab.interrupts import Terminated, one_interrupt\n"
        "class Thing:\n"
        f"    def __del__(self): {where == 'a finalizer'} and signal.raise_signal({signum:d})\n"
        "with one_interrupt():\n"
        "    try:\n"
        "        thing = Thing()\n"
        f"        reference = weakref.ref(thing, lambda _: {where != 'a finalizer'} and signal.raise_signal({signum:d}))\n"
        "        del thing\n"
        "        threading.Event().wait(60)\n"
        "    except KeyboardInterrupt as error: print(type(error).__name__)\n"
    )
    assert done == (0, "Terminated\n" if signum == signal.SIGTERM else "KeyboardInterrupt\n", "")


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c(run, call, tmp_path, until, jobs):
    done, before = caught(run, until, jobs, sends(signal.SIGINT))
    line = f"Interrupted: {len(before)} of {RUNS} runs are stored in results; the same command goes on from there\n"
    assert done == (130, "", line)
    assert not [
        path for path in (tmp_path / "results").rglob("*") if path.is_file() and path.suffix not in (".json", ".csv")
    ]
    goes_on(call, tmp_path, before)


@needs_proc
@pytest.mark.parametrize("attempt", range(3))
def test_ctrl_c_while_the_workers_start(run, until, attempt):
    """A matter of moments: NumPy's own threads may take the signal while the driver holds it back."""
    process = run.start(*ENDLESS, "-j", 2)
    until(lambda: workers_of(process.pid))
    os.killpg(process.pid, signal.SIGINT)
    was_interrupted(run.ended(process))
    until(partial(nobody_is_left, process))


@needs_proc
def test_ctrl_c_twice_leaves_nobody_either(run, until):
    def twice(process):
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGINT)

    done, _ = caught(run, until, 2, twice)
    assert done.status == 130
    assert "Traceback" not in done.err


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_again_and_again_until_it_ends(run, until, jobs):
    """As from a key held down: the first one counts, and not one of the others. Only if it hasn't ended soon, one does."""
    seconds = []

    def again_and_again(process):
        start = time.monotonic()
        while process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.01)
        seconds.append(time.monotonic() - start)

    done, _ = caught(run, until, jobs, again_and_again)
    was_interrupted(done, "Interrupted: " if seconds[-1] < ONE_PRESS else ("Interrupted: ", "Interrupted twice: "))


def leaked(err):
    return [line for line in err.splitlines() if "leaked" in line or "Traceback" in line]


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("to", ["the driver", "the group"])
def test_sigterm(run, call, tmp_path, until, jobs, to):
    """What `timeout` sends to the whole group, and cluster schedulers often to the driver alone."""
    done, before = caught(run, until, jobs, sends(signal.SIGTERM, os.kill if to == "the driver" else os.killpg))
    line = f"Terminated: {len(before)} of {RUNS} runs are stored in results; the same command goes on from there\n"
    assert done == (143, "", line)
    if (jobs, to) == (2, "the group"):
        goes_on(call, tmp_path, before)


@needs_proc
def test_sigterm_while_the_workers_start(run, until):
    process = run.start(*ENDLESS, "-j", 2)
    until(lambda: workers_of(process.pid))
    os.kill(process.pid, signal.SIGTERM)
    _, _, err = run.ended(process)
    assert (process.returncode, leaked(err)) == (143, [])
    assert err.startswith("Terminated: ")
    assert err.count("\n") == 1
    until(partial(nobody_is_left, process))


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_ctrl_c_ends_it_at_once(run, tmp_path, until, jobs):
    """While the first one waits for a disk that doesn't answer: here a pipe in the place of a run's file."""
    last = [row["run"] for row in run(*ENDLESS, "--dry-run", "--json").json["runs"]][-1]
    process = run.start(*ENDLESS, "-j", jobs)
    assert process.stderr.readline().startswith("6 runs: ")
    stuck = tmp_path / "results" / "runs" / last[:2] / f"{last}.json"
    stuck.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(stuck)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    while process.poll() is None:  # one that comes soon after it has seen the first belongs to that
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    was_interrupted(run.ended(process), "Interrupted twice: ended at once; ")
    until(partial(nobody_is_left, process))


@needs_proc
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_worker_that_another_program_ends_costs_nothing(run, tmp_path, until, sent):
    process = run.start(*SIX_RUNS, "-j", 2)
    os.kill(until(lambda: workers_of(process.pid))[0], sent)
    done = run.ended(process)
    assert (done.status, done.err) == (0, "")
    assert len(stored(tmp_path)) == RUNS


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_driver(run, call, tmp_path, until, jobs):
    done, before = caught(run, until, jobs, sends(signal.SIGKILL, os.kill))
    assert done.status == -signal.SIGKILL
    goes_on(call, tmp_path, before)
