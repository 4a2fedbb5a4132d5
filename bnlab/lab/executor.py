"""Where runs go: this process, a pool of processes, or what another package offers; always a `concurrent.futures.Executor`.

Workers inherit nothing of the driver's but their task. They are forked from a server process that has imported what they
need and does nothing else; it is started while the driver still plans. On Windows, which can't fork, they are spawned. How
workers live and die is told in `pool.py`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from bnlab.errors import BnlabError, RunError, SettingsError, did_you_mean
from bnlab.lab.interrupts import ctrl_c_ignored, interrupts_held_back
from bnlab.lab.pool import WorkerDied, WorkerPool

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
IMPORTED = "bnlab.lab.worker"
"""What the server imports before it forks."""
MOST_WORKERS = 1_000
ATTEMPTS = 3
"""How often a task is tried whose worker dies. An innocent one's worker may be killed once, but hardly three times."""
CHECK_EVERY = 5.0
"""Seconds without an ended task after which the executor is asked whether it still works."""
ENTRY_POINTS = "bnlab.executors"
"""Where other packages name executors of theirs."""
ADDRESS = re.compile(r"[^/\s]+:([1-9]\d{0,4})")
HIGHEST_PORT = 65_535
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS"), "1"
)
"""The environment in which any BLAS starts with one thread. Apple's Accelerate can't be told later."""
_starting = threading.Lock()
Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Workers:
    """Who trains: so many at once. executor: a name from EXECUTORS, or one of another package, with its address behind
    `://`; without one, a pool of processes, or for one job without a time limit this process. time_limit: seconds per run.
    """

    jobs: int = 1
    executor: str | None = None
    time_limit: float | None = None

    @property
    def name(self) -> str:
        """The executor's name, without its address."""
        serial = self.jobs == 1 and self.time_limit is None
        usual = "serial" if serial else "process"
        return (usual if self.executor is None else self.executor).partition("://")[0]

    @property
    def address(self) -> str:
        """What stands behind `://`; empty without it."""
        return (self.executor or "").partition("://")[2]

    def at_once(self, tasks: int) -> int | None:
        """How many of so many tasks are done at the same time; None for a cluster, which says only when it is asked."""
        return {"serial": 1, "dask": None}.get(self.name, self.at_most(tasks).jobs)

    def at_most(self, tasks: int) -> Workers:
        """No more of them than there are tasks."""
        return Workers(max(min(self.jobs, tasks), 1), self.executor, self.time_limit)


class InProcess(Executor):
    """Runs each task in this process, while it is being submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def start_early(*more: str) -> None:
    """Start the server that workers are forked from, and don't wait for it. Does nothing where it runs, or there is
    none. more: modules that it imports besides."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver, resource_tracker

        forkserver.set_forkserver_preload([IMPORTED, *more])
        resource_tracker.ensure_running()  # it lets signals through that are held back, so it comes first
        with interrupts_held_back(), ctrl_c_ignored():
            forkserver.ensure_running()


@contextlib.contextmanager
def serial(workers: Workers) -> Iterator[Executor]:
    """One run at a time, in this process. Raises SettingsError for a time limit: nobody could end the run."""
    if workers.time_limit is not None:
        raise SettingsError("--run-time-limit is not allowed with --executor serial, which can't end a run: choose process")
    yield InProcess()


@contextlib.contextmanager
def processes(workers: Workers) -> Iterator[Executor]:
    """So many runs at once, each in a process. On an exception, an interrupt too, the workers are ended at once."""
    pool = new_pool(min(workers.jobs, MOST_WORKERS), workers.time_limit)
    try:
        yield pool
    except BaseException:
        with interrupts_held_back():  # a second Ctrl-C must not leave anybody behind
            pool.kill()
        raise
    pool.shutdown()


def new_pool(workers: int, time_limit: float | None, *more: str) -> WorkerPool:
    """So many worker processes at most, each with one thread of BLAS. time_limit: seconds per task. more: modules that they
    have imported when they start."""
    start_early(*more)
    around_start = contextlib.nullcontext if METHOD == "forkserver" else _one_thread
    return WorkerPool(workers, multiprocessing.get_context(METHOD), time_limit, around_start)


def cluster(workers: Workers) -> AbstractContextManager[Executor]:
    """The workers of a Dask cluster. Raises SettingsError if the extra `dask` isn't installed."""
    try:
        from bnlab.lab.cluster import connected
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"--executor {workers.executor} needs Dask, and {error.name} is not installed: pip install 'bnlab[dask]'"
        ) from error
    return connected(workers)


EXECUTORS: dict[str, Callable[[Workers], AbstractContextManager[Executor]]] = {
    "serial": serial,
    "process": processes,
    "dask": cluster,
}
"""To add one: a context manager that takes the Workers, and its row. An executor may have two methods more: `check`, which
raises RunError when it has stopped working, and `ahead`, how many tasks it takes at this moment, if that changes."""


def executor(workers: Workers) -> AbstractContextManager[Executor]:
    """The executor that is asked for. Raises SettingsError for a name that nobody has."""
    check_name(workers)
    return EXECUTORS.get(workers.name, _of_another_package)(workers)


@contextlib.contextmanager
def _of_another_package(workers: Workers) -> Iterator[Executor]:
    """What an entry point names. On an exception, an interrupt too, what it hasn't begun is cancelled. Raises SettingsError
    if it doesn't start."""
    point = _others()[workers.name]
    with contextlib.ExitStack() as stack:
        try:
            where: Executor = stack.enter_context(point.load()(workers))
        except BnlabError:
            raise
        except Exception as error:
            words = " ".join(str(error).split())
            raise SettingsError(
                f"--executor {workers.executor}: {point.value} of another package doesn't start ({type(error).__name__}: "
                f"{words}): mend what it says, or choose one of {', '.join(EXECUTORS)}"
            ) from error
        try:
            yield where
        except BaseException:
            with contextlib.suppress(Exception):
                where.shutdown(wait=False, cancel_futures=True)
            raise


def check_name(workers: Workers) -> None:
    """Raises SettingsError for an executor that nobody has, or one without the address it needs."""
    if workers.name not in EXECUTORS and workers.name not in (others := _others()):
        known = [*EXECUTORS, *others]
        hint = did_you_mean(workers.name, known)
        raise SettingsError(f"--executor: there is no executor {workers.name!r}: there are {', '.join(known)}{hint}")
    if workers.name == "dask" and not _is_address(workers.address):
        raise SettingsError(
            f"--executor: {workers.executor!r} has no address of a scheduler: write dask://HOST:PORT, such as "
            "dask://127.0.0.1:8786"
        )
    if workers.name in ("serial", "process") and workers.address:
        raise SettingsError(f"--executor: {workers.name} takes no address, and {workers.address!r} is given: leave it out")


def _is_address(text: str) -> bool:
    match = ADDRESS.fullmatch(text)
    return match is not None and int(match[1]) <= HIGHEST_PORT


def _others() -> dict[str, Any]:
    """The entry points of other packages' executors."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def as_they_end(
    executor: Executor,
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    ahead: int,
    pending: dict[Future[Result], tuple[Task, int]] | None = None,
) -> Iterator[tuple[Task, Future[Result]]]:
    """(task, its ended future) as they end. At most `ahead` tasks are handed over before one of them has ended, or as many
    as the executor's own `ahead` says.

    A task whose worker died is tried again, `ATTEMPTS` times in all. Of those that ended at the same time, the ones with a
    result come first, so that a failure keeps none of them back. pending: where the futures stand that haven't been given
    and dealt with, each with its task and the number of the attempt; who cancels one takes it out. Raises RunError, after
    all that had ended, if the executor broke.
    """
    pending = {} if pending is None else pending
    most: Callable[[], int] = getattr(executor, "ahead", lambda: ahead)
    lost: list[BaseException] = []

    def ended(block: bool) -> Iterator[tuple[Task, Future[Result]]]:
        for future in _done(executor, pending, block):
            task, attempt = pending[future]
            error = _error(future)
            if isinstance(error, BrokenExecutor | CancelledError):
                lost.append(error)
            elif isinstance(error, WorkerDied) and attempt < ATTEMPTS:
                hand_over(task, attempt + 1)
            else:
                yield task, future
            del pending[future]

    def hand_over(task: Task, attempt: int) -> None:
        try:
            pending[executor.submit(function, task)] = (task, attempt)
        except BrokenExecutor as error:
            lost.append(error)

    for task in tasks:
        hand_over(task, 1)
        while not lost and len(pending) >= most():
            yield from ended(block=True)
        yield from ended(block=False)
        if lost:
            break
    while pending:
        yield from ended(block=True)
    if lost:
        why = str(lost[0]) or type(lost[0]).__name__
        raise RunError(
            f"the workers can't be reached any more ({why}); what is finished stays stored: run the same command again to "
            "do the rest"
        ) from lost[0]


def _done(executor: Executor, pending: Iterable[Future[Result]], block: bool) -> list[Future[Result]]:
    """Those that have ended, those with a result first. block: wait for one, for `CHECK_EVERY` seconds at most."""
    check: Callable[[], None] = getattr(executor, "check", lambda: None)
    done, _ = wait(pending, timeout=CHECK_EVERY if block else 0, return_when=FIRST_COMPLETED)
    if block and not done:
        check()
    return sorted(done, key=lambda future: _error(future) is not None)


def _error(future: Future[Any]) -> BaseException | None:
    """Why an ended future has no result."""
    return CancelledError() if future.cancelled() else future.exception()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Around the start of a process that is spawned, on Windows. The environment is the whole process's, so one at a time.

    Elsewhere the environment of a process with threads must not change: whoever reads it at that moment, in any library of
    C, may crash. There the workers' server sets its own.
    """
    with _starting:
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(ONE_THREAD)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
