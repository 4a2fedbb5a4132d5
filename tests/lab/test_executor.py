"""Executors: in this process or in spawned ones, results as they end, and what becomes of failures.

Workers can't import this file, so their tasks are functions that Python has.
"""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor

import pytest

import bnlab
from bnlab.errors import RunError, SettingsError
from bnlab.lab.executor import ATTEMPTS, EXECUTORS, METHOD, Workers, as_they_end, executor
from bnlab.lab.pool import TimeLimit, WorkerDied, WorkerPool, _Worker


def pairs_of(executor, function, tasks, ahead=4):
    return [(task, future.result()) for task, future in as_they_end(executor, function, tasks, ahead)]


@pytest.mark.parametrize("name", ["serial", "process"])
def test_all_results_come_each_with_its_task(name):
    with EXECUTORS[name](Workers(2)) as executor:
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

    with EXECUTORS["serial"](Workers(1)) as executor:
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
    with EXECUTORS["process"](Workers(1)) as executor:
        assert dict(pairs_of(executor, eval, [code, threads, deaf])) == {code: "none", threads: ["1"] * 3, deaf: True}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "VECLIB_MAXIMUM_THREADS" not in os.environ


def test_this_process_runs_one_at_a_time():
    with EXECUTORS["serial"](Workers(1)) as executor:
        assert executor.submit(os.getpid).result() == os.getpid()


FIRST_TIME = "open({file!r}, 'a').write('x') and len(open({file!r}).read()) == 1"
"""True when it is evaluated for the first time, in whichever process."""


def died_of(executor, task, function=eval):
    """Why the task has no result."""
    return executor.submit(function, task).exception()


def test_a_task_whose_worker_dies_once_is_done_again_and_no_other_suffers(tmp_path):
    once = f"__import__('os')._exit(3) if {FIRST_TIME.format(file=str(tmp_path / 'tries'))} else 7"
    with EXECUTORS["process"](Workers(2)) as executor:
        assert sorted(future.result() for _, future in as_they_end(executor, eval, [once, *"12345"], 4)) == [
            1,
            2,
            3,
            4,
            5,
            7,
        ]
    assert (tmp_path / "tries").read_text() == "xx"


@pytest.mark.parametrize(("how", "told"), [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "SIGKILL")])
def test_a_task_whose_worker_always_dies_fails_after_the_third_time_and_no_other(tmp_path, how, told):
    guilty = f"open({str(tmp_path / 'tries')!r}, 'a').write('x') and [{how} for os in [__import__('os')]]"
    with EXECUTORS["process"](Workers(2)) as executor:
        ended = {task: future.exception() for task, future in as_they_end(executor, eval, [*"123", guilty, *"456"], 4)}
    assert [task for task, error in ended.items() if error] == [guilty]
    assert isinstance(ended[guilty], WorkerDied)
    assert told in str(ended[guilty])
    assert (tmp_path / "tries").read_text() == "x" * ATTEMPTS == "xxx"


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_worker_killed_while_it_has_nothing_to_do_costs_no_task_an_attempt(signum):
    with EXECUTORS["process"](Workers(1)) as executor:
        process = executor.submit(os.getpid).result()
        os.kill(process, signum)
        while multiprocessing.active_children():
            time.sleep(0.01)
        assert executor.submit(os.getpid).result() != process


LIMIT = 5.0
"""Seconds that a task may take: longer than a busy machine keeps one waiting that takes no time."""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["__import__('time').sleep(90)", "__import__('os').kill(__import__('os').getpid(), 19)"])
def test_a_task_over_its_time_limit_is_ended_also_when_it_is_stopped(how):
    start = time.perf_counter()
    with EXECUTORS["process"](Workers(2, time_limit=LIMIT)) as executor:
        ended = dict(as_they_end(executor, eval, [how, "1", "2", "3"], 4))
    assert isinstance(ended[how].exception(), TimeLimit)
    assert "5 s" in str(ended[how].exception())
    assert [ended[task].result() for task in "123"] == [1, 2, 3]
    assert time.perf_counter() - start < 60


def test_a_time_limit_ends_no_task_that_keeps_it():
    """A timer that outlived its task would end the next one."""
    with EXECUTORS["process"](Workers(1, time_limit=60)) as executor:
        worker = executor.submit(os.getpid).result()
        assert [each for each in threading.enumerate() if isinstance(each, threading.Timer)] == []
        assert executor.submit(os.getpid).result() == worker


def test_a_worker_whose_limit_passed_as_its_answer_came_gets_no_other_task():
    """It is about to end, and the next task would be told that it had taken too long."""
    worker = _Worker(multiprocessing.get_context(METHOD))
    assert worker.do((abs, (-1,), {}), 30)[1] == 1
    worker._end_slow(0.5)
    assert worker.is_gone()
    assert worker.end().args


class StopsFirst:
    """Starts processes of which the first one stops itself, with its pipe open, before it could say that it is there."""

    def __init__(self):
        self.context, self.is_first = multiprocessing.get_context(METHOD), True
        self.Pipe, self.Process = self.context.Pipe, self.process

    def process(self, target, args, daemon):
        if self.is_first:
            target, args = eval, (f"__import__('signal').raise_signal({signal.SIGSTOP:d})", {"pipe": args})
        self.is_first = False
        return self.context.Process(target=target, args=args, daemon=daemon)


def test_a_worker_that_never_gets_ready_is_ended(monkeypatch):
    with WorkerPool(1, StopsFirst()) as pool:
        with monkeypatch.context() as impatient:
            impatient.setattr("bnlab.lab.pool.LONGEST_START", 0.5)
            assert isinstance(pool.submit(abs, -1).exception(), WorkerDied)
        assert pool.submit(abs, -1).result() == 1


@pytest.mark.slow
def test_a_worker_stopped_in_the_middle_of_its_answer_is_ended_too():
    """The pipe holds 64 kB; the rest of the answer never comes."""
    stop_soon = "__import__('threading').Timer(.2, __import__('os').kill, (__import__('os').getpid(), 19)).start()"
    with EXECUTORS["process"](Workers(1, time_limit=LIMIT)) as executor:
        future = executor.submit(eval, f"[{stop_soon}, bytes(300_000_000)]")
        assert future.exception() is None or isinstance(future.exception(), TimeLimit)
        assert executor.submit(abs, -1).result() == 1


@pytest.mark.parametrize("error", [WorkerDied(-9), WorkerDied(None), TimeLimit(2.5)])
def test_how_a_task_was_lost_can_be_sent_on(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_an_executor_that_says_how_many_tasks_it_takes_gets_so_many():
    class Three(AllAtOnce):
        def ahead(self):
            return 3

    taken = []
    ended = as_they_end(Three(3), abs, (taken.append(task) or task for task in range(6)), 1)
    assert next(ended)[1].result() in {0, 1, 2}
    assert taken == [0, 1, 2]


def test_an_error_that_cant_be_sent_is_told_in_words():
    with EXECUTORS["process"](Workers(1)) as executor:
        error = died_of(executor, "(_ for _ in ()).throw(type('Odd', (Exception,), {})('words'))")
    assert (type(error), str(error)) == (RuntimeError, "Odd: words")


def test_a_task_that_cant_be_sent_fails_alone():
    with EXECUTORS["process"](Workers(1)) as executor:
        assert executor.submit(lambda: 1).exception() is not None
        assert executor.submit(abs, -1).result() == 1


def test_the_server_that_workers_are_forked_from_may_be_killed():
    if METHOD != "forkserver":
        pytest.skip("no server here")
    from multiprocessing import forkserver

    with EXECUTORS["process"](Workers(2)) as executor:
        assert executor.submit(abs, -1).result() == 1
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        ended = as_they_end(executor, abs, [*range(10)], 4)
        assert sorted(future.result() for _, future in ended) == [*range(10)]


def test_no_thread_changes_the_environment_which_another_may_be_reading():
    """C's getenv and setenv don't exclude each other: a driver under libfaketime, which reads it all the time, crashed."""
    if METHOD != "forkserver":
        pytest.skip("a process is spawned with the environment that is there")
    code = (
        "import sys, threading\n"
        "def hook(event, args):\n"
        "    if event in ('os.putenv', 'os.unsetenv') and threading.active_count() > 1: print(event, args)\n"
        "sys.addaudithook(hook)\n"
        "from bnlab.lab.executor import Workers, executor\n"
        "with executor(Workers(2, 'process')) as pool: print(*pool.map(abs, [-1, -2, -3]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 2 3\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc to read")
def test_the_server_ignores_ctrl_c_and_so_do_its_children_from_their_first_instruction():
    """What a process ignores when it is started, its children ignore before they run a line."""
    if METHOD != "forkserver":
        pytest.skip("no server here")
    code = (
        "from bnlab.lab.executor import start_early; from multiprocessing import forkserver; start_early();"
        "print(open(f'/proc/{forkserver._forkserver._forkserver_pid}/status').read())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    [ignored] = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("SigIgn:")]
    assert int(ignored, 16) >> (signal.SIGINT - 1) & 1


def test_an_executor_that_breaks_is_a_run_error_after_all_that_had_ended():
    class Breaks(AllAtOnce):
        def submit(self, fn, /, *args):
            if self.waiting:
                raise BrokenExecutor("gone")
            return super().submit(fn, *args)

    ended = as_they_end(Breaks(1), abs, [-1, -2, -3], 2)
    assert next(ended)[1].result() == 1
    with pytest.raises(RunError, match=r"can't be reached any more \(gone\)") as caught:
        next(ended)
    assert caught.value.exit_status == 1


@pytest.mark.parametrize("later", [0, 0.1])
def test_an_executor_that_breaks_when_a_task_is_tried_again_is_a_run_error_too(later):
    """While tasks are handed over, and when all of them are."""

    class Breaks(Executor):
        used = False

        def submit(self, fn, /, *args):
            if self.used:
                raise BrokenExecutor("gone")
            self.used = True
            future = Future()
            threading.Timer(later, future.set_exception, [WorkerDied(None)]).start()
            return future

    with pytest.raises(RunError, match=r"can't be reached any more \(gone\)"):
        [*as_they_end(Breaks(), abs, [-1], 4)]


def test_an_executor_that_says_that_it_is_dead_is_believed(monkeypatch):
    class Silent(Executor):
        def submit(self, fn, /, *args):
            return Future()

        def check(self):
            raise RunError("dead")

    monkeypatch.setattr("bnlab.lab.executor.CHECK_EVERY", 0.01)
    with pytest.raises(RunError, match="dead"):
        [*as_they_end(Silent(), abs, [1], 1)]


def test_an_unknown_executor():
    with pytest.raises(SettingsError, match=r"no executor 'proces': there are serial, process.*; did you mean process"):
        executor(Workers(executor="proces://somewhere"))


def test_no_time_limit_in_this_process():
    with pytest.raises(SettingsError, match="choose process"), executor(Workers(executor="serial", time_limit=1)):
        pass
    assert Workers(1).name == "serial"
    assert Workers(1, time_limit=1.0).name == Workers(2).name == "process"


def interrupted_at_work():
    """Two workers sleep for a minute, and then something happens here."""
    with EXECUTORS["process"](Workers(2)) as executor:
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
