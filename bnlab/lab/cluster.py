"""The workers of a Dask cluster as an executor: `--executor dask://HOST:PORT`. Needs the extra `dask`.

Dask carries calls and answers, and knows which workers there are. Which worker gets which run is decided here, in one
thread that takes one event after the other. So it is known at any moment who computes what, and nothing rests on a
scheduler's second thoughts, in which clusters have been known to stop for ever.

1. A worker that joins is asked what it has (`remote.look`): the same code, the same arithmetic, the images of the runs. One
   that differs is refused by name, and gets no run. Images that a worker lacks are sent, if they are small enough.
2. A worker has as many runs at once as it has threads; what it lacks is handed over when one ends, so no run waits behind
   another while a worker is idle.
3. If a worker is lost with one run, that run's future gets `WorkerDied`, as in the pool, and is tried again. If it is lost
   with several, nobody knows which of them is to blame: from then on each is done alone on a worker, and only a loss then
   counts.
4. Each second the scheduler is asked for its workers. If it is gone, or silent for `SILENCE` seconds, all is over. A worker
   that is silent, or idle with runs in hand, for `LONGEST_STALL` seconds is given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import dask
import distributed
from distributed.scheduler import KilledWorker

from bnlab import engines
from bnlab.errors import BnlabError, DataError, SettingsError, plural
from bnlab.lab import images
from bnlab.lab.executor import Workers
from bnlab.lab.numeric_path import numeric_path
from bnlab.lab.pool import WorkerDied
from bnlab.lab.remote import Needs, OtherArithmetic, look, pack, serve
from bnlab.runs.spec import DataSpec, RunSpec

log = logging.getLogger("bnlab")
TICK = 1.0
"""Seconds between two questions to the scheduler; more for many workers, whose list takes time to send."""
WORKERS_PER_SECOND = 200
CONNECTING = 30.0
"""Seconds in which a scheduler must answer at the start."""
SILENCE = 30.0
"""Seconds without an answer after which the scheduler counts as lost."""
LONGEST_STALL = 60.0
"""Seconds after which a worker is given up that the scheduler doesn't hear from, or that is idle with runs in hand."""
LONGEST_LOOK = 600.0
"""Seconds in which a worker must say what it has. It may have to compile, and to read images from a slow disk."""
PATIENCE = 300.0
"""Seconds with runs to do and no worker at all, after which it is over."""
REFUSED_PATIENCE = 10.0
"""The same, where there are workers and all are refused."""
MENTIONED_AFTER = 5.0
"""Seconds without a worker after which that is said."""
GOODBYE = 3.0
"""Seconds for the end of the connection."""
MOST_SENT = 100_000_000
"""Bytes of images that are sent. More should lie where the workers are."""
FEWEST_AHEAD = 4
SAME = "give it the same bnlab, NumPy, BLAS and framework as here, on the same kind of processor"
NOISY = ("asyncio", "distributed", "tornado")
"""Who logs what is told here in one line."""


@contextlib.contextmanager
def connected(workers: Workers) -> Iterator[Executor]:
    """The cluster whose scheduler has the address. On an exception, an interrupt too, what it was given is cancelled there.
    Raises SettingsError if there is no scheduler, or one of another version."""
    cluster = Cluster(_client(workers.address), workers.address, workers.time_limit)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def _client(address: str) -> distributed.Client:
    _hush()
    try:
        client = _in_a_thread(partial(distributed.Client, address, timeout=CONNECTING, set_as_default=False), CONNECTING)
        theirs = dict(_ask(client, "versions", packages=[]).result(CONNECTING)["packages"])
    except (OSError, NoAnswer, ValueError) as error:
        raise SettingsError(
            f"--executor dask://{address}: no scheduler answers there within {CONNECTING:g} s ({_words(error)}): start one "
            "by dask scheduler, and give the address that it prints"
        ) from error
    if theirs.get("distributed") != distributed.__version__:
        client.close(timeout=GOODBYE)
        raise SettingsError(
            f"--executor dask://{address}: the scheduler there runs distributed {theirs.get('distributed')}, and this "
            f"command {distributed.__version__}: install the same release on both"
        )
    return client


def _in_a_thread(function: Callable[[], Any], seconds: float) -> Any:
    """What the function gives. Raises TimeoutError if that takes longer: Dask's own limits don't cover a scheduler that is
    stopped after the connection was made."""
    future: Future[Any] = Future()

    def call() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    return future.result(seconds)


def _hush() -> None:
    """Keep Dask off standard error: what goes wrong is said here, in one line."""
    import warnings

    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
    for name in [*NOISY, *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _ask(client: distributed.Client, operation: str, **arguments: Any) -> Future[Any]:
    """The scheduler's answer, when it comes."""
    call = getattr(client.scheduler, operation)(**arguments)
    asked: Future[Any] = asyncio.run_coroutine_threadsafe(call, client.loop.asyncio_loop)
    return asked


@dataclass(eq=False)
class _Task:
    """A call that is to be done. alone: a worker was lost with it and others."""

    future: Future[Any]
    needs: Needs
    call: bytes
    alone: bool = False

    def begins(self) -> bool:
        """Whether somebody waits for it still; from now on nobody can cancel it."""
        return self.future.running() or self.future.set_running_or_notify_cancel()


@dataclass(eq=False)
class _Host:
    """A worker of the cluster. standing: for each kind of runs None once it may do them, else why not; or since when it is
    being asked. heard: its last sign of life, as the scheduler dates it, and when that came here."""

    address: str
    threads: int
    executor: Executor
    tasks: list[_Task] = field(default_factory=list)
    standing: dict[str, str | float | None] = field(default_factory=dict)
    heard: tuple[float, float] = (0.0, 0.0)
    at_work: float = 0.0

    def has_room(self, alone: bool) -> bool:
        """Whether it can take one more run, which may have to be alone."""
        if alone or any(task.alone for task in self.tasks):
            return not self.tasks
        return len(self.tasks) < self.threads

    def may_do(self, key: str) -> bool:
        """Whether it may do runs of this kind."""
        return self.standing.get(key, "not asked") is None

    def might_do(self, key: str) -> bool:
        """The same, or it may turn out so."""
        return not isinstance(self.standing.get(key), str)


class Cluster(Executor):
    """See the module. address: what the user gave. All state is the thread's own; others only put events into its queue."""

    def __init__(self, client: distributed.Client, address: str, time_limit: float | None) -> None:
        self._client, self._address, self._time_limit = client, address, time_limit
        self._facts = numeric_path()
        self._hosts: dict[str, _Host] = {}
        self._given_up: set[str] = set()
        self._suspects: set[bytes] = set()
        self._unserved: dict[str, float] = {}
        self._waiting: deque[_Task] = deque()
        self._sent: dict[str, distributed.Future] = {}
        self._broken: BaseException | None = None
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._asked: Future[Any] | None = None
        self._asked_at = time.monotonic()
        self._mentioned = self._closing = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Raises BrokenExecutor when the cluster is lost."""
        if self._broken is not None:
            raise self._broken
        task = _Task(Future(), _needs(self._facts, fn, args), b"")
        try:
            task.call = pack(task.needs, fn, args, kwargs)
        except Exception as error:  # it can't be pickled
            task.future.set_exception(error)
            return task.future
        self._events.put(partial(self._take, task))
        return task.future

    def ahead(self) -> int:
        """How many tasks it takes at this moment: two per thread, so that nobody waits for the driver."""
        return max(FEWEST_AHEAD, 2 * sum(host.threads for host in list(self._hosts.values())))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster. What is still under way there is cancelled."""
        self._closing = True
        self._events.put(_nothing)
        self._thread.join(GOODBYE)
        with contextlib.suppress(Exception):
            self._client.close(timeout=GOODBYE)

    # The rest runs in the thread.

    def _work(self) -> None:
        next_tick = time.monotonic()
        try:
            while not self._closing:
                with contextlib.suppress(Empty):
                    self._events.get(timeout=max(next_tick - time.monotonic(), 0.001))()
                if time.monotonic() >= next_tick:
                    self._tick()
                    next_tick = time.monotonic() + max(TICK, len(self._hosts) / WORKERS_PER_SECOND)
        except BaseException as error:  # whoever waits for a run must learn of it
            self._break(f"{type(error).__name__}: {error}")

    def _take(self, task: _Task) -> None:
        task.alone = task.call in self._suspects
        self._waiting.append(task)
        self._hand_over()

    def _hand_over(self) -> None:
        """Give waiting tasks to the workers with most room. A worker that isn't known to have what they need is asked."""
        if self._broken is not None:
            self._break(str(self._broken))
        later: deque[_Task] = deque()
        blocked: set[tuple[str, bool]] = set()
        room = sum(host.threads - len(host.tasks) for host in self._hosts.values())
        while self._waiting and room > 0:
            task = self._waiting.popleft()
            kind = task.needs.key, task.alone
            host = None if kind in blocked else self._host_for(task)
            if host is None:
                blocked.add(kind)
                later.append(task)
            elif task.begins():
                self._start(task, host)
                room -= 1
        self._waiting.extendleft(reversed(later))

    def _host_for(self, task: _Task) -> _Host | None:
        key = task.needs.key
        for host in self._hosts.values():
            if key not in host.standing:
                self._ask_for(host, task.needs)
        able = [host for host in self._hosts.values() if host.may_do(key) and host.has_room(task.alone)]
        return min(able, key=lambda host: len(host.tasks) / host.threads, default=None)

    def _start(self, task: _Task, host: _Host) -> None:
        if not host.tasks:
            host.at_work = time.monotonic()
        host.tasks.append(task)
        inner = host.executor.submit(serve, task.call, self._time_limit)
        inner.add_done_callback(lambda done: self._events.put(partial(self._ended, task, host, done)))

    def _ended(self, task: _Task, host: _Host, inner: Future[bytes]) -> None:
        if task not in host.tasks:  # the worker was given up before
            return
        error = CancelledError() if inner.cancelled() else inner.exception()
        if isinstance(error, KilledWorker | CancelledError):
            self._lose(host)
        else:
            host.tasks.remove(task)
            host.at_work = time.monotonic()
            self._pass_on(task, host, (False, error) if error else pickle.loads(inner.result()))
        self._hand_over()

    def _pass_on(self, task: _Task, host: _Host, outcome: tuple[bool, Any]) -> None:
        good, value = outcome
        if not good and isinstance(value, OtherArithmetic):
            self._refuse(host, task.needs, f"{value}; {SAME}")
            self._waiting.appendleft(task)
        elif good:
            task.future.set_result(value)
        else:
            task.future.set_exception(value)

    def _lose(self, host: _Host) -> None:
        """Do without a worker from now on, and do its runs again."""
        if self._is_gone():
            return
        self._hosts.pop(host.address, None)
        lost, host.tasks = host.tasks, []
        log.info("the worker %s is lost, with %s in hand", host.address, plural(len(lost), "run"))
        if len(lost) == 1:
            lost[0].future.set_exception(WorkerDied(None))
        else:
            for task in lost:
                task.alone = True
                self._suspects.add(task.call)
            self._waiting.extendleft(reversed(lost))
        threading.Thread(target=_cancel, args=(host.executor,), daemon=True).start()  # it may wait for the scheduler

    def _ask_for(self, host: _Host, needs: Needs, sent: distributed.Future | None = None) -> None:
        host.standing[needs.key] = time.monotonic()
        inner = host.executor.submit(look, pickle.dumps(needs), sent)
        told = sent is not None
        inner.add_done_callback(lambda done: self._events.put(partial(self._answered, host, needs, told, done)))

    def _answered(self, host: _Host, needs: Needs, told: bool, inner: Future[bytes]) -> None:
        """A worker has said what it has."""
        if host.address not in self._hosts:
            return
        error = CancelledError() if inner.cancelled() else inner.exception()
        good, found = (False, error) if error else pickle.loads(inner.result())
        if isinstance(found, KilledWorker | CancelledError):
            self._lose(host)
        elif not good:
            self._refuse(host, needs, f"it can't say what it has: {_words(found)}")
        else:
            self._judge(host, needs, told, found)
        self._hand_over()

    def _judge(self, host: _Host, needs: Needs, told: bool, found: Any) -> None:
        """found: a `Found`."""
        if found.lacking:
            self._refuse(host, needs, f"{'; '.join(found.lacking)}; {SAME}")
        elif found.images:
            host.standing[needs.key] = None
        elif needs.data is not None:
            try:
                self._ask_for(host, needs, self._images(needs.data, needs.folders, host, told))
            except BnlabError as error:
                self._refuse(host, needs, str(error))

    def _images(self, data: DataSpec, folders: tuple[str, ...], host: _Host, told: bool) -> distributed.Future:
        """The images, sent to the cluster once: its workers copy them from each other. As the result of a task they outlive
        the worker that has them, unlike data that is scattered. Raises DataError if they can't be sent."""
        missing = f"{host.address} has no {data.dataset} with the fingerprint {data.fingerprint}"
        if told:
            raise DataError(f"{missing}, and can't read the images that were sent")
        if data.fingerprint not in self._sent:
            dataset = images.find(data, folders)
            if dataset is None:
                raise DataError(f"{missing}, and neither has this machine any more: start the command again")
            content = images.to_bytes(dataset)
            if len(content) > MOST_SENT:
                raise DataError(
                    f"{missing}, and with {len(content) / 1e6:,.0f} MB it is too large to be sent (at most "
                    f"{MOST_SENT / 1e6:.0f} MB): put its files there into the folder that BNLAB_DATA_DIR names"
                )
            self._sent[data.fingerprint] = self._client.submit(bytes, content, pure=False)
        return self._sent[data.fingerprint]

    def _refuse(self, host: _Host, needs: Needs, reason: str) -> None:
        if reason not in host.standing.values():  # for images of many sizes it would be said many times
            log.warning("the worker %s is refused: %s", host.address, reason)
        host.standing[needs.key] = reason

    def _tick(self) -> None:
        """Ask the scheduler for its workers, and see whether anything has stopped."""
        now = time.monotonic()
        if self._is_gone():
            return
        if self._asked is None:
            self._asked, self._asked_at = _ask(self._client, "identity"), now
            self._asked.add_done_callback(lambda asked: self._events.put(partial(self._told, asked)))
        elif now - self._asked_at > SILENCE:
            self._break(f"the scheduler {self._address} hasn't answered for {SILENCE:g} s")
        self._check_patience(now)

    def _told(self, asked: Future[Any]) -> None:
        """The scheduler has answered, or can't."""
        self._asked = None
        if asked.cancelled() or asked.exception():
            self._break(f"the scheduler {self._address} has gone")
        else:
            self._count_workers(asked.result()["workers"], time.monotonic())
            self._hand_over()

    def _is_gone(self) -> bool:
        """Whether the connection to the scheduler is broken, which ends all."""
        if self._client.status != "running":
            self._break(f"the scheduler {self._address} has gone")
        return self._broken is not None

    def _count_workers(self, there: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """Take in who has joined, and do without those that have left or stopped."""
        for address, facts in there.items():
            if address not in self._hosts and address not in self._given_up:
                executor = self._client.get_executor(workers=[address], allow_other_workers=False, pure=False)
                self._hosts[address] = _Host(address, facts["nthreads"], executor)
        for host in list(self._hosts.values()):
            if host.address not in there:
                self._lose(host)
            elif stalled := _stalled(host, there[host.address], now):
                log.warning("the worker %s is given up: %s", host.address, stalled)
                self._given_up.add(host.address)
                self._lose(host)

    def _check_patience(self, now: float) -> None:
        """End what waits for workers for too long."""
        for host in self._hosts.values():
            for key, state in host.standing.items():
                if isinstance(state, float) and now - state > LONGEST_LOOK:
                    host.standing[key] = f"it hasn't said what it has for {LONGEST_LOOK:g} s"
        keys = {task.needs.key for task in self._waiting}
        unserved = {key for key in keys if not any(host.might_do(key) for host in self._hosts.values())}
        self._unserved = {key: self._unserved.get(key, now) for key in unserved}
        waited = {key: now - since for key, since in self._unserved.items()}
        for key in [key for key, seconds in waited.items() if self._hosts and seconds > REFUSED_PATIENCE]:
            self._give_up(key)
        longest = max(waited.values(), default=0.0)
        if longest > PATIENCE:
            self._break(f"the scheduler {self._address} has had no worker for {PATIENCE:g} s")
        if longest > MENTIONED_AFTER and not self._hosts and not self._mentioned:
            log.warning("waiting for a worker: dask worker %s starts one", self._address)
        self._mentioned = longest > MENTIONED_AFTER

    def _give_up(self, key: str) -> None:
        """End the runs of a kind that all workers are refused for."""
        reasons = "; ".join(f"{host.address}: {host.standing[key]}" for host in self._hosts.values())
        workers = plural(len(self._hosts), "worker")
        error = SettingsError(f"--executor dask://{self._address}: {workers}, and none may do these runs: {reasons}")
        ended = [task for task in self._waiting if task.needs.key == key]
        self._waiting = deque(task for task in self._waiting if task.needs.key != key)
        for task in ended:
            if task.begins():
                task.future.set_exception(error)

    def _break(self, why: str) -> None:
        """All is over: whoever waits for a run learns why."""
        self._broken = self._broken or BrokenExecutor(why)
        tasks = [*self._waiting, *(task for host in self._hosts.values() for task in host.tasks)]
        self._waiting.clear()
        for host in self._hosts.values():
            host.tasks = []  # what comes from them now is too late
        self._hosts.clear()
        for task in tasks:
            if task.begins():
                task.future.set_exception(self._broken)


def _needs(facts: Mapping[str, str], fn: Callable[..., Any], args: tuple[Any, ...]) -> Needs:
    """What a call needs: for a run also its images, which `train` looks for in its `folders`."""
    if args and isinstance(args[0], RunSpec):
        spec, folders = args[0], getattr(fn, "keywords", {}).get("folders", ())
        return Needs({**facts, **engines.facts(spec.engine)}, spec.data, folders, spec.engine)
    return Needs(facts)


def _stalled(host: _Host, facts: Mapping[str, Any], now: float) -> str:
    """Why a worker has to be given up; empty for one at work."""
    if facts["last_seen"] != host.heard[0]:
        host.heard = facts["last_seen"], now
    if not host.tasks or facts["metrics"].get("task_counts", {}).get("executing"):
        host.at_work = now
    if now - host.heard[1] > LONGEST_STALL:
        return f"the scheduler hasn't heard from it for {LONGEST_STALL:g} s"
    return f"it has been idle for {LONGEST_STALL:g} s with runs in hand" if now - host.at_work > LONGEST_STALL else ""


def _cancel(executor: Executor) -> None:
    with contextlib.suppress(Exception):
        executor.shutdown(wait=False)


def _nothing() -> None:
    """An event that only wakes the thread."""


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
