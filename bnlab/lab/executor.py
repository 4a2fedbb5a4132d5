"""Where runs go: this process, or a pool of processes; always a `concurrent.futures.Executor`.

Workers inherit nothing of the driver's but their task. They are forked from a server process that has imported what they
need and does nothing else; it is started while the driver still plans. On Windows, which can't fork, they are spawned.
Ctrl-C is the driver's to handle. How a worker leaves before its time:

1. The driver sends it SIGTERM, since Ctrl-C is ignored in workers from their first instruction on.
2. The worker drops its task by raising an exception in it. A worker that simply died would break the pool, and some
   releases of Python report that on standard error.
3. The pool then sees its workers leave in good order. If the pool is broken already, nobody dismisses them, so each also
   sets a timer that ends it a little later.
4. A driver that is killed can dismiss nobody. Each worker watches it and leaves with it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from bnlab.errors import RunError
from bnlab.lab.interrupts import interrupts_held_back

GRACE = 1.0  # seconds
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
IMPORTED = "bnlab.lab.worker"
"""What the server imports before it forks."""
MOST_WORKERS = 61 if sys.platform == "win32" else 1_000
"""Windows can't wait for more."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS"), "1"
)
"""The environment in which any BLAS starts with one thread. Apple's Accelerate can't be told later."""
Task = TypeVar("Task")
Result = TypeVar("Result")


class InProcess(Executor):
    """Runs each task in this process, while it is being submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class ProcessPool(ProcessPoolExecutor):
    """A pool whose workers are deaf to Ctrl-C from their first instruction on, and whose BLAS has one thread.

    A worker is started when a task is submitted.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with interrupts_held_back(), _environment(ONE_THREAD):
            return super().submit(_droppable, fn, *args, **kwargs)


def start_early() -> None:
    """Start the server that workers are forked from, and don't wait for it. Does nothing where it runs, or there is
    none."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload([IMPORTED])
        with interrupts_held_back(), _environment(ONE_THREAD):
            forkserver.ensure_running()


@contextlib.contextmanager
def in_process(jobs: int) -> Iterator[Executor]:
    """One run at a time, in this process."""
    yield InProcess()


@contextlib.contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """So many runs at once, each in a process. On an exception, an interrupt too, the workers are ended at once."""
    others = set(multiprocessing.active_children())
    start_early()
    pool = ProcessPool(min(jobs, MOST_WORKERS), multiprocessing.get_context(METHOD), initializer=_start_worker)
    try:
        yield pool
    except BaseException:
        with interrupts_held_back():  # a second Ctrl-C must not leave anybody behind
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()
            pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown(wait=True)


EXECUTORS: dict[str, Callable[[int], AbstractContextManager[Executor]]] = {"in-process": in_process, "processes": processes}
"""To add one: a context manager that takes the number of runs at once, and its row."""


def as_they_end(
    executor: Executor, function: Callable[[Task], Result], tasks: Iterable[Task], ahead: int
) -> Iterator[tuple[Task, Future[Result]]]:
    """(task, its ended future) as they end. At most `ahead` tasks are handed over before one of them has ended.

    Of those that ended at the same time, the ones with a result come first, so that a failure keeps none of them back.
    Raises RunError if a worker process died, after all that had ended.
    """
    pending: dict[Future[Result], Task] = {}
    try:
        for task in tasks:
            pending[executor.submit(function, task)] = task
            yield from _ended(pending, block=len(pending) >= ahead)
    except BrokenProcessPool as error:
        lost: BaseException | None = error
    else:
        lost = None
    while pending:
        yield from _ended(pending, block=True)
    if lost is not None:
        raise worker_died() from lost


def _ended(pending: dict[Future[Result], Task], block: bool) -> Iterator[tuple[Task, Future[Result]]]:
    done, _ = wait(pending, timeout=None if block else 0, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=lambda future: future.exception() is not None):
        task = pending.pop(future)
        if isinstance(error := future.exception(), BrokenProcessPool):
            raise worker_died() from error
        if isinstance(error, Dropped):
            time.sleep(GRACE / 4)  # a SIGTERM to the whole group reaches us too: then that is what happened
            raise RunError(
                "a worker process was told to end (SIGTERM) by another program; what is finished stays stored: "
                "run the same command again to do the rest"
            ) from error
        yield task, future


def worker_died() -> RunError:
    """The error for a worker that is gone."""
    return RunError(
        "a worker process died (killed, terminated, or out of memory); what is finished stays stored: "
        "try again with fewer --jobs"
    )


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Give processes that start in the block these environment variables."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Dropped(BaseException):
    """A worker dropped its task because it was told to end. Not an Exception: no task may take it for a failure of its
    own.
    """


class _Worker:
    """The state of a worker process: whether it has a task, and whether it is leaving."""

    busy = False
    leaving = False


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_the_driver, daemon=True).start()


def _leave_with_the_driver() -> None:
    """End this worker when the driver ends. The workers of a killed driver would wait for tasks for ever."""
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def _leave(signum: int, frame: object) -> None:
    """Drop the task in hand and all later ones, and end a little later.

    Being told once more changes nothing. No thread is started here, where the interrupted code may be doing just that.
    """
    if _Worker.leaving:
        return
    _Worker.leaving = True
    signal.setitimer(signal.ITIMER_REAL, GRACE)  # SIGALRM ends a process that doesn't handle it
    if _Worker.busy:
        raise Dropped


def _droppable(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Runs a task in a worker, unless it is on its way out."""
    _Worker.busy = True
    try:
        if _Worker.leaving:
            raise Dropped
        return fn(*args, **kwargs)
    finally:
        _Worker.busy = False
