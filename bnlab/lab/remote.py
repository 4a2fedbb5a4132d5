"""What a worker of a cluster does for a driver elsewhere. A thread of the worker looks after each run, and a process of its
own computes it: the pool of `pool.py`, with one process for each thread.

So BLAS keeps to one thread per run however many threads the worker has; a run that hangs is ended at its time limit, and
one that crashes takes only its process along; and the worker itself always answers its scheduler.

1. `look` says what the worker lacks for the runs of a driver: the same code, the same arithmetic, the images.
2. `serve` carries out a call. Before it the process compares what its bits depend on with the driver's once more: no run is
   computed that the driver would have to throw away.
3. A run that nobody waits for any more, because the driver was interrupted or killed, is ended within `POLL` seconds.

Calls and answers travel as bytes, so that a scheduler needs none of our classes.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnlab import engines
from bnlab.data import search_folders
from bnlab.errors import SettingsError
from bnlab.lab import images
from bnlab.lab.compilation import prepare, prepared
from bnlab.lab.executor import new_pool
from bnlab.lab.numeric_path import differences, numeric_path
from bnlab.lab.pool import WorkerPool, outcome
from bnlab.runs.spec import DataSpec

POLL = 0.5
"""Seconds between two looks at whether a run is still wanted."""
_thread = threading.local()
"""pool, time_limit: the pool of a thread of the worker, with one process."""


@dataclass(frozen=True)
class Needs:
    """What runs need of a worker: facts like these, and images. folders: where the driver has them; here may be others.
    engine: what trains the runs, so that the versions of its framework are among the facts."""

    facts: Mapping[str, str]
    data: DataSpec | None = None
    folders: tuple[str, ...] = ()
    engine: str = "numpy"

    @property
    def key(self) -> str:
        """Stands for what differs between the runs of one driver: the images, and the engine."""
        return f"{self.engine}-{self.fingerprint}"

    @property
    def fingerprint(self) -> str:
        """The images'; empty for none."""
        return self.data.fingerprint if self.data else ""

    def lacking(self) -> list[str]:
        """In words, what differs in this process from the facts."""
        return differences({**numeric_path(), **engines.facts(self.engine)}, self.facts)


@dataclass(frozen=True)
class Found:
    """What a worker has of it. lacking: in words, what differs from the driver. images: whether it has them."""

    lacking: tuple[str, ...]
    images: bool


class OtherArithmetic(SettingsError):
    """The process that should compute a run would give other bits than the driver's."""


def look(needs: bytes, sent: bytes | None = None) -> bytes:
    """What this worker has of what is needed: a `Found`, as the outcome of a call. sent: the images, to be kept until the
    worker ends. Compiles the kernels, which no time limit should cover."""
    folder = _folder_of_this_worker()
    if sent is not None:
        _keep(sent, _file_of(pickle.loads(needs), folder))
    return _in_a_process(_look, (needs, folder), None)


def serve(call: bytes, time_limit: float | None) -> bytes:
    """The outcome of a call that `pack` made, computed in a process of this worker. time_limit: in seconds."""
    return _in_a_process(_serve, (call, _folder_of_this_worker()), time_limit)


def pack(needs: Needs, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """The call as bytes. Raises what pickle raises."""
    return pickle.dumps((needs, pickle.dumps((fn, args, kwargs))))


def _look(needs: bytes, folder: str) -> Found:
    needed = pickle.loads(needs)
    lacking = tuple(needed.lacking())
    if not lacking and not prepared():
        prepare()
    return Found(lacking, not lacking and _has_images(needed, folder))


def _serve(call: bytes, folder: str) -> Any:
    needs, content = pickle.loads(call)
    if lacking := needs.lacking():
        raise OtherArithmetic("; ".join(lacking))
    _has_images(needs, folder)  # puts them where `train` takes them from
    fn, args, kwargs = pickle.loads(content)
    return fn(*args, **kwargs)


def _has_images(needs: Needs, folder: str) -> bool:
    """The driver's folders come first: on a shared file system they are here too."""
    if needs.data is None:
        return True
    named = os.environ.get("BNLAB_DATA_DIR")  # no command line is above this
    own = search_folders(env_dir=os.path.expanduser(named) if named else None)
    return images.find(needs.data, [*needs.folders, *own], _file_of(needs, folder)) is not None


def _file_of(needs: Needs, folder: str) -> Path:
    """Where images that were sent are kept."""
    return Path(folder) / f"bnlab-images-{needs.fingerprint}.npz"


def _keep(sent: bytes, file: Path) -> None:
    beside = file.with_name(f"{file.name}.{threading.get_ident()}.part")
    beside.write_bytes(sent)
    os.replace(beside, file)


def _folder_of_this_worker() -> str:
    from distributed import get_worker

    folder: str = get_worker().local_directory
    return folder


def _in_a_process(fn: Callable[..., Any], args: tuple[Any, ...], time_limit: float | None) -> bytes:
    """The outcome of the call in the process of this thread, which is ended if nobody wants the outcome any more."""
    is_wanted = _watch_this_task()
    pool = _pool_of_this_thread(time_limit)
    future = pool.submit(outcome, fn, args, {})
    while not wait([future], timeout=POLL).done:
        if not is_wanted():
            pool.kill()
            del _thread.pool
    return outcome(future.result, (), {}) if future.cancelled() or future.exception() else future.result()


def _pool_of_this_thread(time_limit: float | None) -> WorkerPool:
    pool: WorkerPool | None = getattr(_thread, "pool", None)
    if pool is None or _thread.time_limit != time_limit:
        if pool is not None:
            pool.shutdown()
        # Dask's nannies start workers as daemons, which Python doesn't allow children, lest they be left over. Ours leave
        # with their parent however it ends.
        multiprocessing.current_process().daemon = False
        pool = _thread.pool = new_pool(1, time_limit, __name__)
        _thread.time_limit = time_limit
    return pool


def _watch_this_task() -> Callable[[], bool]:
    """A function that says whether this thread's task is still wanted, and its worker not about to end."""
    from distributed import get_worker
    from distributed.core import Status
    from distributed.worker import thread_state

    worker, key = get_worker(), thread_state.key

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        ending = worker.status in (Status.closing, Status.closed, Status.failed)
        return task is not None and task.state != "cancelled" and not ending

    return is_wanted
