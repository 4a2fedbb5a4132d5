"""Executors: in this process or in spawned ones, results as they end, and what becomes of failures.

Workers can't import this file, so their tasks are functions that Python has.
"""

import multiprocessing
import os
import sys
import time

import pytest

import bnlab
from bnlab.errors import DataError, RunError
from bnlab.lab.executor import map_unordered, open_executor


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_results_come_each_with_its_task(jobs):
    with open_executor(jobs) as executor:
        pairs = [*map_unordered(executor, abs, [-3, -2, -1, 0], ahead=2 * jobs)]
    assert sorted(pairs) == [(-3, 3), (-2, 2), (-1, 1), (0, 0)]
    assert multiprocessing.active_children() == []


def test_no_tasks_no_results():
    with open_executor(1) as executor:
        assert [*map_unordered(executor, abs, [], ahead=2)] == []


def test_results_come_as_they_end(tmp_path):
    """The first task waits for what the last one makes."""
    made = tmp_path / "made"
    waits = f"[__import__('time').sleep(0.01) for _ in iter(lambda: __import__('os').path.exists({str(made)!r}), True)]"
    makes = f"open({str(made)!r}, 'w').close()"
    with open_executor(2) as executor:
        pairs = map_unordered(executor, eval, [waits, "1", "2", makes], ahead=4)
        assert [task for task, _ in pairs][-1] == waits


def test_no_more_tasks_are_taken_than_ahead():
    taken = []

    def tasks():
        for task in range(6):
            taken.append(task)
            yield task

    with open_executor(1) as executor:
        results = map_unordered(executor, abs, tasks(), ahead=2)
        next(results)
        assert taken == [0]


def test_workers_inherit_nothing(monkeypatch):
    """A forked worker, or one in this process, would know what was set in this process alone."""
    monkeypatch.setattr(bnlab, "marker", "set", raising=False)
    code = "getattr(__import__('bnlab'), 'marker', 'none')"
    with open_executor(2) as executor:
        assert [*map_unordered(executor, eval, [code], ahead=2)] == [(code, "none")]


def test_workers_are_deaf_to_ctrl_c():
    code = "__import__('signal').getsignal(2) is __import__('signal').SIG_IGN"
    with open_executor(2) as executor:
        assert executor.submit(eval, code).result() is True


def test_this_process_runs_one_at_a_time():
    with open_executor(1) as executor:
        assert executor.submit(os.getpid).result() == os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failed_task_is_a_run_error_of_one_line(jobs):
    with pytest.raises(RunError, match=r"^a run failed: ZeroDivisionError: ") as caught, open_executor(jobs) as executor:
        [*map_unordered(executor, eval, ["1 / 0"], ahead=2)]
    assert caught.value.exit_status == 1
    assert "\n" not in str(caught.value)
    nobody_is_left()


def test_lack_of_memory_has_a_remedy():
    with pytest.raises(RunError, match=r"MemoryError.*smaller nets or fewer --jobs"), open_executor(1) as executor:
        [*map_unordered(executor, eval, ["__import__('numpy').empty(10**17)"], ahead=2)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_of_our_own_come_through(jobs):
    code = "(_ for _ in ()).throw(__import__('bnlab.errors').errors.DataError('gone'))"
    with pytest.raises(DataError, match=r"^gone$"), open_executor(jobs) as executor:
        [*map_unordered(executor, eval, [code], ahead=2)]


def test_a_worker_that_dies_is_a_run_error():
    with pytest.raises(RunError, match=r"^a worker process died") as caught, open_executor(2) as executor:
        [*map_unordered(executor, os._exit, [3, 3, 3, 3, 3, 3, 3, 3], ahead=2)]
    assert caught.value.exit_status == 1


def interrupted_at_work():
    """Two workers sleep for a minute, and then something happens here."""
    with open_executor(2) as executor:
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
except Exception:
    signal.raise_signal(signal.SIGTERM)
    open({!r}, "w").close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM to handle")
def test_a_worker_told_to_leave_twice_is_thrown_out_of_its_task_once(tmp_path, capfd):
    """A pool that broke and the driver both tell it, and the second time may come while it tidies up after the first."""
    tidied = tmp_path / "tidied"
    with open_executor(2) as executor:
        executor.submit(exec, TOLD_TWICE.format(str(tidied))).exception()
    assert tidied.exists()
    nobody_is_left()
    assert capfd.readouterr().err == ""
