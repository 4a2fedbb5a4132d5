"""Executors: in this process or in spawned ones, results as they end, and what becomes of failures.

Workers can't import this file, so their tasks are functions that Python has.
"""

import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest

import bnlab
from bnlab.errors import RunError
from bnlab.lab.executor import EXECUTORS, as_they_end

needs_sigterm = pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM to handle")


def pairs_of(executor, function, tasks, ahead=4):
    return [(task, future.result()) for task, future in as_they_end(executor, function, tasks, ahead)]


@pytest.mark.parametrize("name", EXECUTORS)
def test_all_results_come_each_with_its_task(name):
    with EXECUTORS[name](2) as executor:
        assert sorted(pairs_of(executor, abs, [-3, -2, -1, 0])) == [(-3, 3), (-2, 2), (-1, 1), (0, 0)]
        assert pairs_of(executor, abs, []) == []
    assert multiprocessing.active_children() == []


def test_results_come_as_they_end():
    """The first task waits until the second one's result has come."""
    came = threading.Event()
    tasks = {"first": came.wait, "second": int}
    with ThreadPoolExecutor(2) as executor:
        pairs = as_they_end(executor, lambda name: tasks[name](), tasks, ahead=2)
        assert next(pairs)[0] == "second"
        came.set()
        assert [task for task, _ in pairs] == ["first"]


def test_no_more_tasks_are_taken_than_ahead():
    taken = []

    def tasks():
        for task in range(6):
            taken.append(task)
            yield task

    with EXECUTORS["in-process"](1) as executor:
        next(as_they_end(executor, abs, tasks(), ahead=2))
        assert taken == [0]


class AllAtOnce(Executor):
    """All tasks end at the same moment: when the last of so many is submitted."""

    def __init__(self, count):
        self.count, self.waiting = count, []

    def submit(self, fn, /, *args):
        self.waiting.append((Future(), fn, args))
        if len(self.waiting) == self.count:
            for future, fn, args in self.waiting:
                try:
                    future.set_result(fn(*args))
                except ZeroDivisionError as error:
                    future.set_exception(error)
        return self.waiting[-1][0]


def test_a_failing_task_keeps_no_result_of_others_back():
    ended = [*as_they_end(AllAtOnce(4), lambda number: 1 // number, [2, 0, 1, 3], ahead=5)]
    assert sorted(number for number, _ in ended[:3]) == [1, 2, 3]
    assert ended[3][0] == 0
    assert isinstance(ended[3][1].exception(), ZeroDivisionError)


def test_workers_inherit_nothing_but_one_thread_of_blas(monkeypatch):
    """A forked worker, or one in this process, would know what was set in this process alone."""
    monkeypatch.setattr(bnlab, "marker", "set", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("VECLIB_MAXIMUM_THREADS", raising=False)
    code = "getattr(__import__('bnlab'), 'marker', 'none')"
    threads = "[__import__('os').environ[name + '_THREADS'] for name in ('OMP_NUM', 'OPENBLAS_NUM', 'VECLIB_MAXIMUM')]"
    deaf = "__import__('signal').getsignal(2) is __import__('signal').SIG_IGN"
    with EXECUTORS["processes"](1) as executor:
        assert dict(pairs_of(executor, eval, [code, threads, deaf])) == {code: "none", threads: ["1"] * 3, deaf: True}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "VECLIB_MAXIMUM_THREADS" not in os.environ


def test_this_process_runs_one_at_a_time():
    with EXECUTORS["in-process"](1) as executor:
        assert executor.submit(os.getpid).result() == os.getpid()


def test_a_worker_that_dies_is_a_run_error():
    with pytest.raises(RunError, match=r"^a worker process died") as caught, EXECUTORS["processes"](2) as executor:
        pairs_of(executor, os._exit, [3] * 8, ahead=2)
    assert caught.value.exit_status == 1


@needs_sigterm
def test_a_worker_that_another_program_ends_is_told_as_that():
    kill_self = "__import__('signal').raise_signal(15) or __import__('time').sleep(60)"
    with (
        pytest.raises(RunError, match=r"^a worker process was told to end \(SIGTERM\)") as caught,
        EXECUTORS["processes"](2) as executor,
    ):
        pairs_of(executor, eval, [kill_self])
    assert caught.value.exit_status == 1
    nobody_is_left()


def interrupted_at_work():
    """Two workers sleep for a minute, and then something happens here."""
    with EXECUTORS["processes"](2) as executor:
        futures = [executor.submit(time.sleep, 60) for _ in range(2)]
        while not all(future.running() for future in futures):
            time.sleep(0.01)
        raise KeyError("something")


def nobody_is_left():
    for worker in multiprocessing.active_children():
        worker.join(timeout=20)
    assert multiprocessing.active_children() == []


def test_an_exception_ends_the_workers_at_once():
    start = time.perf_counter()
    with pytest.raises(KeyError):
        interrupted_at_work()
    nobody_is_left()
    assert time.perf_counter() - start < 30


TOLD_TWICE = """
try:
    signal.raise_signal(signal.SIGTERM)
except BaseException:
    signal.raise_signal(signal.SIGTERM)
    open({!r}, "w").close()
"""


@needs_sigterm
def test_a_worker_told_to_leave_twice_is_thrown_out_of_its_task_once(tmp_path, capfd):
    """A pool that broke and the driver both tell it, and the second time may come while it tidies up after the first."""
    tidied = tmp_path / "tidied"
    with EXECUTORS["processes"](2) as executor:
        executor.submit(exec, TOLD_TWICE.format(str(tidied))).exception()
    assert tidied.exists()
    nobody_is_left()
    assert capfd.readouterr().err == ""
