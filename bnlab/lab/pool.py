"""A pool of worker processes. A worker that is lost takes its task with it, and nothing else.

Each worker has a pipe and, in the driver, a thread of its own. They share no lock and no queue between processes, which a
worker that is killed could leave locked, or half-written.

1. The thread takes a task, starts a worker if it has none, sends the task, and waits for the answer.
2. If the worker ends before its answer is whole, the pipe says so: the task's future gets `WorkerDied`, and the next task
   a new worker.
3. If the answer takes longer than the time limit, a timer kills the worker: the future gets `TimeLimit`. The timer's clock
   is monotonic, so a change of the system's time ends nothing.
4. A driver that is killed can dismiss nobody. Each worker watches it and leaves with it.

Pebble's pool (5.2) was tried in place of this one, and doesn't hold: its workers write their answers into one pipe, under
one lock. Where a worker was killed or stopped at a random moment while answers of 8 to 300 kB came, all other tasks failed
with BrokenProcessPool, or never ended, in about a third of the trials.

Ctrl-C is the driver's to handle: workers ignore it. SIGTERM ends a worker as any signal does.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from queue import Empty, SimpleQueue
from typing import Any

from bnlab.errors import RunError, explain

ATTEMPTS = 5
"""How often the start of a worker is tried."""
LONGEST_START = 30.0
"""Seconds in which a worker must be ready; else it is killed, and its task given to another one."""
LONGEST_GOODBYE = 5.0
"""Seconds in which a process must be gone after its pipe has closed; else it is killed."""
READY = b"ready"
"""What a worker sends first."""
_Task = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class WorkerDied(Exception):
    """A worker process ended before its task did. exitcode: its exit status; the negative number of a signal."""

    def __init__(self, exitcode: int | None) -> None:
        super().__init__(f"its worker process {_how(exitcode)}")
        self.exitcode = exitcode

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.exitcode,)


class TimeLimit(Exception):
    """A task took longer than it may, and its worker was ended. seconds: the limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it took longer than {seconds:g} s, the time limit of a run, and was ended")
        self.seconds = seconds

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.seconds,)


class WorkerPool(Executor):
    """So many worker processes at most; one is started when a task is submitted and all others are busy.

    context: how processes are started. time_limit: seconds that a task may take; None for any. around_start: a context
    manager around the start of each process.
    """

    def __init__(
        self,
        workers: int,
        context: BaseContext,
        time_limit: float | None = None,
        around_start: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._most, self._context, self._time_limit, self._around_start = workers, context, time_limit, around_start
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._workers: set[_Worker] = set()
        self._open = 0  # tasks that are submitted and not ended
        self._ending = False
        self._lock = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Raises RuntimeError after `shutdown`."""
        future: Future[Any] = Future()
        with self._lock:
            if self._ending:
                raise RuntimeError("the pool is shut down")
            self._open += 1
            if self._open > len(self._threads) < self._most:
                self._threads.append(threading.Thread(target=self._work, daemon=True))
                self._threads[-1].start()
            self._tasks.put((future, fn, args, kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            self._ending = True
        if cancel_futures:
            self._cancel()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def kill(self) -> None:
        """End all workers at once. What they have in hand is lost."""
        with self._lock:
            self._ending = True
            self._cancel()
            for worker in self._workers:
                worker.process.kill()
        self.shutdown(cancel_futures=True)

    def _cancel(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                if (task := self._tasks.get_nowait()) is not None:
                    task[0].cancel()

    def _work(self) -> None:
        """The life of a worker's thread."""
        worker: _Worker | None = None
        while (task := self._tasks.get()) is not None:
            future, *call = task
            if future.set_running_or_notify_cancel():
                try:
                    if worker is None or worker.is_gone():
                        worker = self._replace(worker)
                    answer, value = worker.do(call, self._time_limit)
                except EOFError:
                    answer, value = Future.set_exception, self._bury(worker)
                    worker = None
                except Exception as error:  # no worker can be started, or the task can't be pickled
                    answer, value = Future.set_exception, error
            with self._lock:
                self._open -= 1
            if future.running():
                answer(future, value)
            del task, future, call
        self._bury(worker)

    def _replace(self, gone: _Worker | None) -> _Worker:
        """A new worker. Raises EOFError when the pool is ending, and the error to tell if the system has no room for it."""
        if gone is not None:
            self._bury(gone)
        with self._lock:
            if self._ending:
                raise EOFError
            worker = self._started()
            self._workers.add(worker)
        return worker

    def _started(self) -> _Worker:
        """A new worker. The server that workers are forked from may just have been killed: another one takes its place."""
        for attempt in range(ATTEMPTS):
            try:
                with self._around_start():
                    return _Worker(self._context)
            except (ConnectionError, EOFError) as error:
                lost: Exception = error
                time.sleep(0.1 * 2**attempt)
            except OSError as error:
                raise explain(error) from error
        raise RunError(f"no worker process can be started ({type(lost).__name__}): start the command again") from lost

    def _bury(self, worker: _Worker | None) -> Exception:
        """See a worker out. Gives what to tell of it, if it had a task."""
        if worker is None:
            return WorkerDied(None)
        with self._lock:  # two threads that ask for an exit status at once may both read it, and one in vain
            self._workers.discard(worker)
            return worker.end()


class _Worker:
    """A worker process, seen from the driver."""

    def __init__(self, context: BaseContext) -> None:
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        theirs.close()
        self._too_slow: float | None = None
        self._ready = False

    def is_gone(self) -> bool:
        """Whether the process has ended while it had nothing to do: its end of the pipe is closed. Or it is about to: its
        time limit passed as its answer came."""
        return self._too_slow is not None or self._pipe.poll()

    def do(self, call: Any, time_limit: float | None) -> tuple[Callable[[Future[Any], Any], None], Any]:
        """How to set the future, and to what. Raises EOFError if the worker ends before its answer is whole."""
        content = pickle.dumps(call)
        try:
            if not self._ready:  # the time limit is the task's, not the start's
                with self._ended_after(LONGEST_START):
                    self._pipe.recv_bytes()
                self._too_slow, self._ready = None, True
            with self._ended_after(time_limit):
                self._pipe.send_bytes(content)
                good, value = pickle.loads(self._pipe.recv_bytes())
        except OSError as error:  # a broken pipe, or the end in the middle of an answer
            raise EOFError from error
        return (Future.set_result if good else Future.set_exception), value

    @contextlib.contextmanager
    def _ended_after(self, time_limit: float | None) -> Iterator[None]:
        """Kill the process if the block takes longer."""
        if time_limit is None:
            yield
            return
        timer = threading.Timer(time_limit, self._end_slow, [time_limit])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # it must not end the next task

    def _end_slow(self, time_limit: float) -> None:
        self._too_slow = time_limit
        self.process.kill()

    def end(self) -> Exception:
        """Close the pipe, which lets a living process go, and wait until it has gone. Gives why its task has no answer."""
        self._pipe.close()
        self.process.join(LONGEST_GOODBYE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        over_limit = self._ready and self._too_slow is not None
        return TimeLimit(self._too_slow or 0) if over_limit else WorkerDied(self.process.exitcode)


def serve(pipe: Connection) -> None:
    """The life of a worker process: it answers calls until the driver closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_the_driver, daemon=True).start()
    try:
        pipe.send_bytes(READY)
        while True:
            _answer(pipe, *pipe.recv())
    except (EOFError, OSError):
        os._exit(0)


def _answer(pipe: Connection, fn: Callable[..., Any], args: Any, kwargs: Any) -> None:
    pipe.send_bytes(outcome(fn, args, kwargs))


def outcome(fn: Callable[..., Any], args: Any, kwargs: Any) -> bytes:
    """How the call ended, pickled: (True, its result) or (False, its exception)."""
    try:
        return pickle.dumps((True, fn(*args, **kwargs)))
    except Exception as error:
        return _pickled(error)


def _pickled(error: Exception) -> bytes:
    """The error, or its words if it can't be sent as it is."""
    try:
        content = pickle.dumps((False, error))
        pickle.loads(content)
    except Exception:
        content = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return content


def _leave_with_the_driver() -> None:
    """End this worker when the driver ends, also in the middle of a task."""
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def _how(exitcode: int | None) -> str:
    if exitcode is None or exitcode == 255:
        return "was lost"
    if exitcode >= 0:
        return f"ended with exit status {exitcode}"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    return f"was ended by {name}" + (" (by somebody, or for want of memory)" if name == "SIGKILL" else "")
