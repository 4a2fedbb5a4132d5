"""Where runs go: this process, or a pool of processes; always a `concurrent.futures.Executor`.

Workers are spawned, never forked, on every system alike: they inherit nothing but their task. Ctrl-C is the driver's to
handle: workers ignore it, and the driver then asks them by SIGTERM to drop what they are at and leave.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from bnlab.errors import BnlabError, RunError
from bnlab.lab.interrupts import interrupts_held_back

log = logging.getLogger("bnlab")
GRACE = 1.0  # seconds
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
    """A pool whose workers are deaf to Ctrl-C from their first instruction on: submitting is what starts them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with interrupts_held_back():
            return super().submit(_droppable, fn, *args, **kwargs)


@contextlib.contextmanager
def open_executor(jobs: int) -> Iterator[Executor]:
    """An executor for so many tasks at once. On an exception, an interrupt too, its workers are ended at once."""
    if jobs == 1:
        yield InProcess()
        return
    others = set(multiprocessing.active_children())
    pool = ProcessPool(jobs, multiprocessing.get_context("spawn"), initializer=_start_worker)
    try:
        yield pool
    except BaseException:
        with interrupts_held_back():  # a second Ctrl-C must not leave anybody behind
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()
            pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown(wait=True)


def map_unordered(
    executor: Executor, function: Callable[[Task], Result], tasks: Iterable[Task], ahead: int
) -> Iterator[tuple[Task, Result]]:
    """(task, result) pairs as they end. At most `ahead` tasks are handed over before one of them has ended.

    Raises RunError if a worker process died or a task failed; a BnlabError of a task comes through as it is.
    """
    pending: dict[Future[Result], Task] = {}
    for task in tasks:
        pending[_submit(executor, function, task)] = task
        yield from _ended(pending, block=len(pending) >= ahead)
    while pending:
        yield from _ended(pending, block=True)


def _submit(executor: Executor, function: Callable[[Task], Result], task: Task) -> Future[Result]:
    try:
        return executor.submit(function, task)
    except BrokenProcessPool as error:
        raise _worker_died() from error


def _ended(pending: dict[Future[Result], Task], block: bool) -> Iterator[tuple[Task, Result]]:
    done, _ = wait(pending, timeout=None if block else 0, return_when=FIRST_COMPLETED)
    for future in done:
        yield pending.pop(future), _result(future)


def _result(future: Future[Result]) -> Result:
    try:
        return future.result()
    except BnlabError:
        raise
    except BrokenProcessPool as error:
        raise _worker_died() from error
    except Exception as error:
        log.info("a run failed", exc_info=error)
        remedy = "try smaller nets or fewer --jobs" if isinstance(error, MemoryError) else "-v shows where"
        raise RunError(f"a run failed: {type(error).__name__}: {error}; {remedy}") from error


def _worker_died() -> RunError:
    return RunError(
        "a worker process died (killed, or out of memory); what is finished stays stored: try again with fewer --jobs"
    )


class _DroppedError(Exception):
    """The driver wants no more results."""


class _Worker:
    """Where a worker process stands."""

    busy = False
    leaving = False


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_the_driver, daemon=True).start()


def _leave_with_the_driver() -> None:
    """A driver that is killed can't dismiss its workers, and they would wait for tasks for ever."""
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def _leave(signum: int, frame: object) -> None:
    """Drop the task in hand, by an exception, and all later ones; the pool then sees its workers leave in good order.

    A worker that simply died would break the pool, which some releases of Python report on standard error. Nobody sends
    a worker away in good order once the pool is broken, though: so each goes by itself, a little later. Being told once
    more changes nothing; no thread is started here, where the interrupted code may be doing just that.
    """
    if _Worker.leaving:
        return
    _Worker.leaving = True
    signal.setitimer(signal.ITIMER_REAL, GRACE)  # SIGALRM ends a process that doesn't handle it
    if _Worker.busy:
        raise _DroppedError


def _droppable(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Runs a task in a worker, unless it is on its way out."""
    _Worker.busy = True
    try:
        if _Worker.leaving:
            raise _DroppedError
        return fn(*args, **kwargs)
    finally:
        _Worker.busy = False
