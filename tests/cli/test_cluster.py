"""`--executor dask://HOST:PORT`: a cluster of real processes on the loopback, and what becomes of a study when they are
killed, stopped, late, or not what the driver needs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import bnlab
from bnlab.errors import RunError, SettingsError
from bnlab.lab.executor import ATTEMPTS, Workers, as_they_end, executor
from bnlab.lab.pool import TimeLimit, WorkerDied
from tests.cli.cluster_processes import Processes

pytestmark = pytest.mark.slow

pytest.importorskip("distributed", reason="needs the extra dask")

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to see that a process has stopped")
SIX_RUNS = ("compare", "--replicates", "3", "--dataset", "synthetic", "-s", "solver.num_epochs=10")
MANY_RUNS, MANY = ("compare", "--replicates", "10", *SIX_RUNS[3:]), 20
"""For a fault that must come before the last one is stored."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A scheduler and two workers, one of them with two threads, for tests that leave them as they were."""
    processes = Processes(tmp_path_factory.mktemp("cluster"))
    try:
        processes.start_scheduler()
        processes.start_worker()
        processes.start_worker(threads=2)
        processes.wait_for_workers(2)
        yield processes
    finally:
        processes.end()


@pytest.fixture
def alone(tmp_path):
    """A scheduler, for a test that kills and starts."""
    (tmp_path / "cluster").mkdir()
    processes = Processes(tmp_path / "cluster")
    try:
        yield processes.start_scheduler()
    finally:
        processes.end()


@pytest.fixture
def impatient(monkeypatch):
    """Sets limits of the cluster's module, in seconds, for drivers in this process and for those that `words` starts."""

    def impatient(**limits):
        for name, seconds in limits.items():
            monkeypatch.setattr(f"bnlab.lab.cluster.{name}", seconds)
        settings = "".join(f"bnlab.lab.cluster.{name} = {seconds}\n" for name, seconds in limits.items())
        return f"import sys, bnlab.lab.cluster\n{settings}from bnlab.cli import main\nmain()"

    return impatient


def start(run, code, *args):
    """The program, as a process, after other limits have been set."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, cwd=run.folder, env=run.env, start_new_session=True, **pipes)


def dask(processes):
    return f"dask://{processes.address}"


def connected(processes, **more):
    return executor(Workers(executor=dask(processes), **more))


def stored(folder, results="results"):
    files = [*(folder / results / "runs").rglob("*.json")]
    for file in files:
        assert json.loads(file.read_bytes())["run"] == file.stem
    return {file.name: file.stat().st_mtime_ns for file in files}


def some_file(folder):
    return lambda: [*(folder / "results" / "runs").rglob("*.json")]


def same_but_for_time(contents, one, other):
    """Whether two results folders hold the same bytes, summaries and runs without their provenance."""
    ours, theirs = contents(one), contents(other)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_the_same_bytes_as_in_one_process(run, call, shared, tiny, contents):
    done = run("compare", *tiny, "--replicates", 3, "--executor", dask(shared))
    assert (done.status, done.err) == (0, "")
    assert call("compare", *tiny, "--replicates", 3, "--executor", "serial", "--out", "serial").status == 0
    same_but_for_time(contents, run.folder / "results", run.folder / "serial")


def test_results_and_failures_come_each_with_its_task(shared):
    with connected(shared) as cluster:
        ended = dict(as_they_end(cluster, eval, ["1", "2", "1/0", "3"], 4))
        assert [ended[task].result() for task in "123"] == [1, 2, 3]
        assert isinstance(ended["1/0"].exception(), ZeroDivisionError)
        assert cluster.submit(lambda: 1).exception() is not None  # it can't be sent
        assert cluster.ahead() == 6


def test_what_is_cancelled_before_it_begins_is_not_done(shared, tmp_path):
    note = f"open({str(tmp_path / 'done')!r}, 'a').write('x') and __import__('time').sleep(1)"
    with connected(shared) as cluster:
        futures = [cluster.submit(eval, note) for _ in range(9)]
        while not any(future.running() for future in futures):
            time.sleep(0.01)
        cancelled = [future for future in futures if future.cancel()]
        assert cluster.submit(eval, "1").result() == 1
        assert [future.result() for future in futures if future not in cancelled] == [None] * (9 - len(cancelled))
    assert cancelled
    assert (tmp_path / "done").read_text() == "x" * (9 - len(cancelled))


def test_a_run_that_hangs_is_ended_and_one_that_crashes_fails_alone(shared, tmp_path):
    hangs = "__import__('time').sleep(99)"
    crashes = f"open({str(tmp_path / 'tries')!r}, 'a').write('x') and __import__('os')._exit(3)"
    with connected(shared, time_limit=5.0) as cluster:
        ended = dict(as_they_end(cluster, eval, ["1", hangs, "2", crashes, "3"], 6))
    assert [ended[task].result() for task in "123"] == [1, 2, 3]
    assert isinstance(ended[hangs].exception(), TimeLimit)
    assert isinstance(ended[crashes].exception(), WorkerDied)
    assert "exit status 3" in str(ended[crashes].exception())
    assert (tmp_path / "tries").read_text() == "x" * ATTEMPTS


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_what_a_driver_leaves_behind_is_ended_and_the_cluster_goes_on(run, shared, until, signum, tmp_path):
    begun = tmp_path / "begun"
    task = f"open({str(begun)!r}, 'a').write('x') and __import__('time').sleep(300)"
    code = (
        "from bnlab.lab.executor import Workers, as_they_end, executor\n"
        f"with executor(Workers(executor={dask(shared)!r})) as cluster:\n"
        f"    [*as_they_end(cluster, eval, [{task!r}] * 3, 4)]"
    )
    driver = start(run, code)
    until(lambda: begun.exists() and begun.read_text() == "xxx")
    driver.send_signal(signum)
    driver.communicate(timeout=60)
    with connected(shared) as cluster:
        begin = time.monotonic()
        assert sorted(future.result() for _, future in as_they_end(cluster, eval, ["1", "2", "3"], 4)) == [1, 2, 3]
        assert time.monotonic() - begin < 120


def test_a_worker_killed_and_one_that_joins_late(run, call, alone, until, tmp_path, contents):
    """The command is there before any worker; its first worker is killed, and a later one does the rest."""
    process = run.start(*SIX_RUNS, "--executor", dask(alone))
    first = alone.start_worker()
    until(some_file(tmp_path))
    alone.kill(first)
    alone.start_worker()
    _, out, err = run.ended(process)
    assert (process.returncode, "6 runs in" in out) == (0, True), err
    assert {*err.splitlines()} <= {f"waiting for a worker: dask worker {alone.address} starts one"}
    assert call(*SIX_RUNS, "--executor", "serial", "--out", "serial", "-q").status == 0
    same_but_for_time(contents, tmp_path / "results", tmp_path / "serial")


def test_a_task_that_takes_workers_with_it_fails_alone(alone, tmp_path):
    """Its worker has two threads, and so another task, which is done all the same. Dask's nanny starts it anew."""
    worker = alone.start_worker(threads=2, nanny=True)
    kill = "__import__('os').kill(__import__('multiprocessing').parent_process().pid, 9), __import__('time').sleep(9)"
    tries = tmp_path / "tries"
    guilty = f"open({str(tries)!r}, 'a').write('x'), __import__('time').sleep(.3), {kill}"
    others = [f"__import__('time').sleep(.4) or {number}" for number in range(4)]
    with connected(alone) as cluster:
        ended = dict(as_they_end(cluster, eval, [others[0], guilty, *others[1:]], 6))
    assert [ended[task].result() for task in others] == [0, 1, 2, 3]
    assert str(ended[guilty].exception()) == "its worker process was lost"
    assert ATTEMPTS <= len(tries.read_text()) <= ATTEMPTS + 1  # the first time in company
    assert worker.poll() is None


def test_the_scheduler_dies(run, alone, until, tmp_path):
    alone.start_worker()
    process = run.start(*MANY_RUNS, "--executor", dask(alone))
    until(some_file(tmp_path))
    alone.kill(alone.scheduler)
    _, out, err = run.ended(process)
    assert (process.returncode, out) == (1, "")
    assert err == (
        f"Error: the workers can't be reached any more (the scheduler {alone.address} has gone); what is finished stays "
        "stored: run the same command again to do the rest\n"
    )
    before = stored(tmp_path)
    assert 1 <= len(before) < MANY
    done = run(*MANY_RUNS, "--executor", "process", "-j", 2)
    assert (done.status, done.err) == (0, "")
    after = stored(tmp_path)
    assert len(after) == MANY
    assert {name: after[name] for name in before} == before


def test_a_cluster_that_stops_answering(run, alone, until, tmp_path, impatient):
    """The scheduler is stopped, and every connection stays open. Then it is let go, and the same command does the rest."""
    alone.start_worker()
    command = *MANY_RUNS, "--executor", dask(alone)
    process = start(run, impatient(SILENCE=5, CONNECTING=10), *command)
    until(some_file(tmp_path))
    alone.kill(alone.scheduler, signal.SIGSTOP)
    _, out, err = run.ended(process, timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.count("\n") == 1
    assert f"the scheduler {alone.address} hasn't answered for 5 s" in err
    before = stored(tmp_path)
    assert 1 <= len(before) < MANY
    with pytest.raises(SettingsError, match="no scheduler answers there within 10 s"), connected(alone):
        pass
    alone.kill(alone.scheduler, signal.SIGCONT)
    done = run(*command)
    assert (done.status, done.err) == (0, "")
    assert {name: stored(tmp_path)[name] for name in before} == before


@needs_proc
def test_a_worker_that_stops_is_given_up(alone, until, impatient, caplog):
    impatient(LONGEST_STALL=5)
    worker = alone.start_worker()
    stop = f"__import__('os').kill({worker.pid}, {signal.SIGSTOP}), __import__('time').sleep(60)"
    with connected(alone) as cluster:
        lost = cluster.submit(eval, stop)
        until(lambda: Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        alone.start_worker()
        assert isinstance(lost.exception(60), WorkerDied)
        assert cluster.submit(abs, -1).result(60) == 1
    assert "is given up: the scheduler hasn't heard from it for 5 s" in caplog.text


def other_bnlab(folder):
    """This package with another version number, and all the rest of it the same."""
    package = Path(bnlab.__file__).parent
    other = folder / "bnlab"
    other.mkdir(parents=True)
    for path in package.iterdir():
        if path.name != "__init__.py":
            (other / path.name).symlink_to(path)
    text = (package / "__init__.py").read_text()
    assert f'__version__ = "{bnlab.__version__}"' in text
    (other / "__init__.py").write_text(text.replace(bnlab.__version__, "9.9.9"))
    return {"PYTHONPATH": str(folder)}


def other_numpy(folder):
    """NumPy with another version number."""
    package = Path(np.__file__).parent
    other = folder / "numpy"
    other.mkdir(parents=True)
    for path in package.iterdir():
        if path.name not in ("version.py", "__pycache__"):
            (other / path.name).symlink_to(path)
    if (libraries := package.with_name("numpy.libs")).exists():
        (folder / "numpy.libs").symlink_to(libraries)
    (other / "version.py").write_text((package / "version.py").read_text().replace(np.__version__, "9.9.8"))
    return {"PYTHONPATH": str(folder)}


def test_a_worker_that_would_compute_something_else_is_refused_by_name(run, alone, tmp_path, impatient, tiny):
    core = "Nehalem" if os.uname().machine == "x86_64" else "ARMV8"
    alone.start_worker(**other_bnlab(tmp_path / "one"))
    alone.start_worker(**other_numpy(tmp_path / "two"))
    alone.start_worker(OPENBLAS_CORETYPE=core)
    alone.wait_for_workers(3)
    command = "compare", *tiny, "--executor", dask(alone)
    process = start(run, impatient(REFUSED_PATIENCE=5), *command)
    _, out, err = run.ended(process, timeout=60)
    assert (process.returncode, out) == (2, "")
    *refused, last = err.splitlines()
    assert len(refused) == 3
    assert all(line.startswith("the worker tcp://127.0.0.1:") for line in refused)
    said = "\n".join(refused)
    assert f"is refused: bnlab 9.9.9 there, {bnlab.__version__} here" in said
    assert f"is refused: NumPy 9.9.8 there, {np.__version__} here; give it the same" in said
    assert f"is refused: BLAS kernel {core} there" in said
    assert last.startswith(f"Error: --executor {dask(alone)}: 3 workers, and none may do these runs: tcp://")
    assert stored(tmp_path) == {}
    alone.start_worker()
    done = run(*command)
    assert done.status == 0
    assert len(done.err.splitlines()) == 3
    assert len(stored(tmp_path)) == 2


@pytest.fixture
def own_images(made_images, tmp_path):
    """A folder with images that no worker finds: a relative name, and workers run elsewhere."""
    return made_images(1100).relative_to(tmp_path)


ON_IMAGES = ("compare", "--dataset", "cifar10", "-s", "data.num_train=60", "--replicates", "2")
ON_IMAGES += ("-s", "net.hidden_dims=[8]", "-s", "solver.num_epochs=1")


def sent_to(processes):
    return [path.parent.name for path in processes.folder.rglob("bnlab-images-*.npz")]


def test_images_are_found_there_or_sent_once(run, call, alone, tmp_path, own_images, contents):
    shutil.copytree(tmp_path / own_images, tmp_path / "elsewhere")
    has_them = alone.start_worker(BNLAB_DATA_DIR=str(tmp_path / "elsewhere"))
    command = *ON_IMAGES, "--data-dir", own_images
    assert run(*command, "--executor", dask(alone), "--out", "found").status == 0
    assert sent_to(alone) == []
    alone.kill(has_them)
    alone.start_worker()
    assert run(*command, "--executor", dask(alone), "--out", "sent").status == 0
    assert len(sent_to(alone)) == 1
    assert call(*command, "--executor", "serial", "--out", "serial").status == 0
    for results in ("found", "sent"):
        same_but_for_time(contents, tmp_path / results, tmp_path / "serial")


def test_images_that_are_too_large_to_send(run, shared, own_images, impatient):
    process = start(
        run,
        impatient(MOST_SENT=10_000, REFUSED_PATIENCE=5),
        *ON_IMAGES,
        "--data-dir",
        own_images,
        "--executor",
        dask(shared),
    )
    _, out, err = run.ended(process, timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.count("\n") == 3
    words = (
        "2 workers, and none may",
        "has no cifar10 with the fingerprint ",
        "too large to be sent",
        "BNLAB_DATA_DIR names",
    )
    assert [word for word in words if word not in err.splitlines()[-1]] == []


def test_a_scheduler_with_another_release_of_dask(tmp_path):
    """What it says of itself is what is installed there: a folder of distribution data comes first on its path."""
    info = tmp_path / "path" / "distributed-2000.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: distributed\nVersion: 2000.1.0\n")
    processes = Processes(tmp_path)
    try:
        processes.start_scheduler(PYTHONPATH=str(info.parent))
        with (
            pytest.raises(SettingsError, match=r"runs distributed 2000\.1\.0, and this command .*same release"),
            connected(processes),
        ):
            pass
    finally:
        processes.end()


def test_nobody_is_waited_for_for_ever(alone, impatient, caplog):
    impatient(PATIENCE=2, MENTIONED_AFTER=1)
    with pytest.raises(RunError, match="has had no worker for 2 s"), connected(alone) as cluster:
        [*as_they_end(cluster, abs, [1], 1)]
    assert caplog.messages == [f"waiting for a worker: dask worker {alone.address} starts one"]


def test_what_is_no_address(call, refused):
    for name in ("dask://somewhere", "dask://somewhere:0", "dask://somewhere:65536", "dask://tcp://somewhere:8786"):
        refused(call("compare", "--executor", name), f"'{name}' has no address", "dask://HOST:PORT")
    refused(call("compare", "--executor", ""), "there is no executor ''", "serial, process, dask")
    refused(call("compare", "--executor", "dask://127.0.0.1:8786", "-j", 2), "--jobs is not allowed", "--nthreads N")


def test_nobody_listens_there(run, tiny, impatient):
    nobody = start(run, impatient(CONNECTING=1), "compare", *tiny, "--executor", "dask://127.0.0.1:9")
    _, out, err = run.ended(nobody, timeout=60)
    assert out == ""
    assert err.startswith("Error: --executor dask://127.0.0.1:9: no scheduler answers there within 1 s")
    assert err.count("\n") == 1


def test_without_dask_the_extra_is_named(run, tiny):
    code = f"import sys; sys.modules['distributed'] = sys.modules['dask'] = None; sys.argv[1:] = {['compare', *tiny]!r}"
    done = run.python(f"{code} + ['--executor', 'dask://127.0.0.1:9']; from bnlab.cli import main; main()")
    assert (done.status, done.out) == (2, "")
    assert "needs Dask" in done.err
    assert "pip install 'bnlab[dask]'" in done.err
