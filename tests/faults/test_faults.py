"""Faults at random moments: after a one-off fault and the same command again, everything is as if nothing had happened.

Real processes, real signals, real disks. `make test-faults` takes 20 moments per fault.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.program import contents, server_of, until, workers_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /proc to find processes in: needs Linux")
MEMORY = Path("/sys/fs/cgroup/memory")
INTERRUPTED = (130, -signal.SIGINT, 0)
"""Ended by Ctrl-C, or before it came. `python -m` sends itself SIGINT at last if the exception has passed `exec()`, which
makes dataclasses. A shell says 130 of both."""
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@contextmanager
def mounted(folder, size):
    """A real file system in memory."""
    folder.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no privilege to mount file systems: needs root")
    try:
        yield partial(remount, folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


@contextmanager
def memory_group(name, limit):
    """A group of processes that may take so many bytes together. The kernel kills one that would take more."""
    folder = MEMORY / f"bnlab-{name}-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(limit))
    except OSError:
        pytest.skip("no privilege to limit memory: needs root, and memory cgroups (version 1)")
    try:
        yield folder / "cgroup.procs"
    finally:
        deadline = time.monotonic() + 10
        while folder.exists() and time.monotonic() < deadline:
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.1)


def a_worker(process, moment):
    """A worker of the study; none if it has none at this moment. It may be gone before anything is done to it."""
    workers = workers_of(process.pid)
    return random.Random(moment).choice(workers) if workers else None


def test_the_driver_is_killed(study, moment):
    process = study.at(moment)
    process.kill()
    assert study.ended(process).status in (-signal.SIGKILL, 0)
    study.goes_on_to_the_same_bytes()


def test_the_driver_is_sent_sigterm(study, moment):
    process = study.at(moment)
    process.terminate()
    assert study.ended(process).status in (143, -signal.SIGTERM, 0)
    study.goes_on_to_the_same_bytes()


@pytest.mark.parametrize("who", ["worker", "server"])
def test_a_worker_or_their_server_is_killed(study, moment, who):
    process = study.at(moment)
    victim = a_worker(process, moment) if who == "worker" else next(iter(server_of(process.pid)), None)
    with suppress(ProcessLookupError):
        if victim:
            os.kill(victim, signal.SIGKILL)
    assert study.ended(process).status == 0
    study.is_complete()


def test_a_worker_is_stopped_past_its_limit(study, moment):
    process = study.at(moment, "--run-time-limit", 3)
    with suppress(ProcessLookupError):
        if worker := a_worker(process, moment):
            os.kill(worker, signal.SIGSTOP)
    done = study.ended(process)
    assert done.status in (0, 1)
    assert ("it took longer than 3 s" in done.err) == (done.status == 1)
    study.goes_on_to_the_same_bytes()


def test_a_worker_finds_no_more_memory(study, moment):
    process = study.at(moment)
    with suppress(ProcessLookupError, FileNotFoundError):
        if worker := a_worker(process, moment):
            pages = Path(f"/proc/{worker}/statm").read_text().split()[0]
            size = int(pages) * resource.getpagesize()
            resource.prlimit(worker, resource.RLIMIT_AS, (size, size))
    assert study.ended(process).status in (0, 1)
    study.goes_on_to_the_same_bytes()


def test_a_worker_is_killed_for_want_of_memory(study, moment):
    with memory_group("one", 4_000_000) as members:
        process = study.at(moment)
        with suppress(ProcessLookupError):
            if worker := a_worker(process, moment):
                members.write_text(str(worker))
        assert study.ended(process).status == 0
        study.is_complete()


def press_ctrl_c(process):
    """Once the process handles SIGTERM, and so Ctrl-C, if it hasn't ended by then. Before that Python itself starts, and
    Ctrl-C ends it with a traceback."""

    def has_handler():
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        caught = next((line.split()[1] for line in lines if line.startswith("SigCgt:")), "0")
        return int(caught, 16) >> (signal.SIGTERM - 1) & 1

    until(lambda: process.poll() is not None or has_handler())
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)


def test_ctrl_c_once(study, moment):
    process = study.at(moment)
    press_ctrl_c(process)
    assert study.ended(process).status in INTERRUPTED
    study.goes_on_to_the_same_bytes()


def test_ctrl_c_twice(study, moment):
    process = study.at(moment)
    for _ in range(2):
        press_ctrl_c(process)
        time.sleep(0.6)
    assert study.ended(process).status in INTERRUPTED
    study.goes_on_to_the_same_bytes()


def test_ctrl_c_while_a_figure_is_drawn_beside_the_runs(study, moment):
    """In a thread, by Matplotlib's compiled parts: the program ends when they have ended."""
    words = ("weight-scale", "--dataset", "synthetic", "--replicates", 1, "-s", "data.num_train=60", "-j", 2)
    process = study.at(moment, words=("sweep", *words))
    press_ctrl_c(process)
    assert study.ended(process).status in INTERRUPTED


def test_a_full_disk(study, moment):
    """Of another size each time: it is full at another file."""
    with mounted(study.results, f"{40 + int(400 * moment)}k") as again:
        done = study.ended(study.start())
        assert done.status == 2
        assert "No space left on device" in done.err
        again("size=64m")
        study.goes_on_to_the_same_bytes()


def test_files_may_not_grow(study, moment):
    """The same without privilege: a limit on the size of each file."""
    limit = 3_000 + int(100_000 * moment)
    done = study.ended(study.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
    assert done.status in (0, 2)
    study.goes_on_to_the_same_bytes()


def test_a_folder_that_turns_read_only(study, moment):
    with mounted(study.results, "64m") as again:
        process = study.at(moment)
        for _ in range(1000):  # not while a file is open for writing
            if (
                subprocess.run(["mount", "-o", "remount,ro", study.results], capture_output=True, check=False).returncode
                == 0
            ):
                break
        done = study.ended(process)
        assert done.status in (0, 2)
        assert ("Read-only file system" in done.err) == (done.status == 2)
        again("rw")
        study.goes_on_to_the_same_bytes()


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is missing: apt install faketime")
@pytest.mark.parametrize("jump", ["+400d", "-4000d"])
def test_a_clock_that_jumps(study, moment, jump):
    """A time limit is on, which must not heed the clock. MT: the other libfaketime crashes programs that have threads."""
    clock = study.folder / "clock"
    clock.write_text("+0d")
    study.program.env |= {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",  # seconds; else the study ends before the jump is seen
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    process = study.at(moment, "--run-time-limit", 60)
    jumped = study.folder / "jumped"
    jumped.write_text(jump)
    jumped.rename(clock)  # libfaketime must not read a file that is half written
    assert study.ended(process).status == 0
    study.goes_on_to_the_same_bytes()


def test_two_drivers_at_once(study, moment):
    first = study.at(moment)
    second = study.start()
    assert study.ended(first).status == 0
    assert study.ended(second).status == 0
    study.is_complete()


ONE_ARM = ("--dataset", "synthetic", "--replicates", 2, "-s", "net.weight_scale=0.01")


def ends_with_failures(study, undisturbed, *words, **more):
    """Two runs fail, and the two of an arm that the undisturbed study has too are the same to the byte. Gives the error."""
    done = study.ended(study.start(words=("sweep", *words, *ONE_ARM, "-j", 2), **more))
    assert done.status == 1
    assert done.err.count("Error: a run failed: ") == 2
    runs = {name: content for name, content in contents(study.results).items() if name.startswith("runs/")}
    assert len(runs) == 4
    good = {name: content for name, content in undisturbed.files.items() if name in runs}
    assert len(good) == 2
    assert {name: runs[name] for name in good} == good
    return done.err


def test_a_run_that_always_hangs_ends_as_failed_and_no_other_suffers(study, undisturbed):
    error = ends_with_failures(study, undisturbed, "solver.num_epochs=12,100000", "--run-time-limit", 8)
    assert error.count("it took longer than 8 s") == 2


def test_a_run_that_always_exhausts_memory_ends_as_failed_and_no_other_suffers(study, undisturbed):
    """The kernel kills it three times: all processes together may take 800 MB, and its net alone takes more."""
    words = ("net.hidden_dims=[100,100,100,100,100],[600000]", "-s", "solver.num_epochs=12")
    with memory_group("all", 800_000_000) as members:
        error = ends_with_failures(study, undisturbed, *words, preexec_fn=lambda: members.write_text(str(os.getpid())))
    assert error.count("was ended by SIGKILL (by somebody, or for want of memory), 3 times") == 2
