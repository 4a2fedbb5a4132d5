"""Workers of a Dask cluster against one of them, on runs that sleep as long as a real one computes.

    python -m bnlab.bench.cluster                     4 workers against one, for some seconds
    python -m bnlab.bench.cluster --workers 16 --runs 640 --rounds 3

Sleeping takes no core, so one machine can hold as many workers as it has memory for (some 0.2 GB each), and what is
measured is what it costs to hand out runs, to gather them, and to store them. A real run is trained first, on this machine,
without numba: its time is the time slept, unless `--seconds` says another. Its outcome is what each sleeper hands back, so
that answers are as large as real ones. The clock runs from the first run handed out, when all workers have been asked what
they have, to the last one stored. One worker does an eighth of the runs; rates are compared.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from pathlib import Path

from bnlab import fast
from bnlab.bench.surroundings import clean_environment
from bnlab.bench.sweep import representative
from bnlab.errors import RunError
from bnlab.lab.driver import save
from bnlab.lab.executor import Workers, as_they_end, executor
from bnlab.lab.store import Store
from bnlab.lab.train import train
from bnlab.runs.history import History
from bnlab.runs.spec import RunSpec
from bnlab.studies import STUDIES
from bnlab.studies.plan import make_plan

STUDY = "sweep weight-scale"
IDLE = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
}
"""What a worker of Dask does besides is switched off. On a machine of its own it is a few percent of a core; sixteen on one
machine would take a core together."""
LONGEST_START = 300.0
"""Seconds in which all processes must be there: they share the cores."""


def asleep(spec: RunSpec, seconds: float, like: History) -> History:
    """A run that sleeps, with another's outcome."""
    time.sleep(seconds)
    return replace(like, spec=spec)


@contextlib.contextmanager
def local_cluster(workers: int) -> Iterator[str]:
    """A scheduler and workers with one thread each, as processes of this machine: the scheduler's HOST:PORT."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as processes:
        file = Path(folder) / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)]
        processes.enter_context(_process("scheduler", options, folder))
        _wait(lambda: file.is_file() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"].removeprefix("tcp://")
        for _ in range(workers):
            options = [address, "--nthreads", "1", "--no-nanny", "--local-directory", folder]
            processes.enter_context(_process("worker", options, folder))
        yield address


def rate(workers: int, runs: int, seconds: float, like: History) -> float:
    """Runs per second of so many workers, from the first one handed out to the last one stored."""
    specs = [replace(like.spec, replicate=replicate) for replicate in range(runs)]
    with local_cluster(workers) as address, tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        with executor(Workers(executor=f"dask://{address}")) as cluster:
            _until_all_work(cluster, workers)
            start = time.perf_counter()
            for _, future in as_they_end(cluster, partial(asleep, seconds=seconds, like=like), specs, 1):
                save(store, future.result())
            return runs / (time.perf_counter() - start)


def measure(workers: int, runs: int, seconds: float | None) -> tuple[float, float, float]:
    """Seconds slept; runs per second of one worker, and of so many."""
    [entry] = [entry for entry in STUDIES if entry.name == STUDY]
    spec = representative(make_plan(entry))
    with fast.only_numpy():
        train(spec)  # the first one also reads images
        like = train(spec)
    if not isinstance(like, History):
        raise RunError(f"the run that is to be measured failed: {like.error}")
    slept = like.provenance["seconds"] if seconds is None else seconds
    return slept, rate(1, max(runs // 8, 1), slept, like), rate(workers, runs, slept, like)


def _until_all_work(cluster: Executor, workers: int) -> None:
    """Give tasks until each worker has done one."""
    end = time.monotonic() + LONGEST_START
    seen: set[int] = set()
    while len(seen) < workers:
        if time.monotonic() > end:
            raise RunError(f"{len(seen)} of {workers} workers are there after {LONGEST_START:g} s")
        futures = [cluster.submit(_process_of, 0.2) for _ in range(workers)]
        seen |= {future.result() for future in futures}


def _process_of(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@contextlib.contextmanager
def _process(what: str, options: Sequence[str], folder: str) -> Iterator[None]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *options]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = clean_environment(**{fast.VARIABLE: "0", **IDLE})  # nobody computes
    process = subprocess.Popen(command, cwd=folder, env=environment, **quiet)  # type: ignore[call-overload]
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _wait(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_START
    while not is_so():
        if time.monotonic() > end:
            raise RunError(f"the scheduler isn't there after {LONGEST_START:g} s")
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bnlab.bench.cluster", description="Many Dask workers against one.")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--seconds", type=float, help="to sleep [default: what a run of the weight-scale sweep takes here]")
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    for _ in range(given.rounds):
        slept, one, many = measure(given.workers, given.runs, given.seconds)
        print(
            f"{given.runs} runs of {slept:.3f} s: {one:.3f} runs/s with 1 worker, {many:.3f} with {given.workers}: "
            f"{many / one:.2f} times"
        )


if __name__ == "__main__":
    from bnlab.bench import cluster  # by that name workers find its functions

    cluster.main()
