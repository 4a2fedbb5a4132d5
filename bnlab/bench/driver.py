"""What the driver costs as runs grow in number: time and memory per run, and the seconds until it knows that all are
stored.

Workers hand out made-up runs of the usual size at once. What is left is the driver's part: specs, their hand-over, the
store. Its time is the CPU time of its process, so that what the disk's own fsync takes is left out. How much two workers
gain over one is timed with real runs, which take turns.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from bnlab.bench.figures import Figure, rate_of, ratio_of, time_of
from bnlab.bench.processes import measure, run_python
from bnlab.bench.surroundings import clean_environment
from bnlab.errors import RunError
from bnlab.lab.driver import carry_out
from bnlab.lab.executor import ONE_THREAD, Workers
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store
from bnlab.runs.history import History
from bnlab.runs.outcome import Outcome, planned_checks
from bnlab.runs.spec import RunSpec
from bnlab.studies import STUDIES
from bnlab.studies.plan import StudyPlan, make_plan
from bnlab.studies.settings import Override

PART = "driver"
STUDY, ARMS = "sweep weight-scale", 40
PER_RUN, PER_RUN_MEMORY = "the driver, per run", "the driver's memory, per run"
STORED = "until a command says that all {:,} runs are stored"
TWO_WORKERS = "two workers over one, the runs alone"
SHARES = (4, 2, 1)
"""The parts of all runs that the cost per run is measured at, to see whether it stays level."""
REAL = 25
"""Of so many made-up runs one is real."""
PREPARE = "from bnlab.lab.compilation import prepare; prepare()"
"""Compiles the kernels, so that no command that is timed has to."""


def measure_driver(runs: int, rounds: int) -> list[Figure]:
    """The figures for so many runs, at least 160, a multiple of 40 or the next one above."""
    runs = ARMS * -(-runs // ARMS)
    figures, memory = [], []
    run_python(["-c", PREPARE])
    with tempfile.TemporaryDirectory() as name:
        for share in SHARES:
            replicates = max(runs // ARMS // share, 1)
            folders = [str(Path(name) / f"{share}-{turn}") for turn in range(rounds if share > 1 else 1)]
            found = [measure(PART, {"replicates": replicates, "out": folder}, ONE_THREAD) for folder in folders]
            memory.append((found[0]["runs"], min(taken["memory"] for taken in found)))
            each = [taken["cpu_seconds"] / taken["runs"] for taken in found]
            figures.append(time_of(PART, f"{PER_RUN}, {found[0]['runs']:,} runs", "", each))
        (few, least), (all_runs, most) = memory[0], memory[-1]
        figures.append(rate_of(PART, PER_RUN_MEMORY, "", [(most - least) / (all_runs - few)], "bytes"))
        said = [_seconds_until_said(replicates, folders[-1]) for _ in range(rounds)]
        figures.append(time_of(PART, STORED.format(runs), "", said))
    real = max(runs // REAL // ARMS, 1)
    turns = [measure("workers", {"replicates": real, "turn": turn}, ONE_THREAD) for turn in range(rounds)]
    one, two = zip(*turns, strict=True)
    figures.append(ratio_of(PART, f"{TWO_WORKERS}, {real * ARMS:,} runs", "", one, two))
    return figures


def drive(replicates: int, out: str) -> dict[str, Any]:
    """Carry out made-up runs, and store them: the driver's CPU time, planning included, and its memory at the end. This
    process is the driver."""
    start, plan = time.process_time(), _plan(replicates)
    count = sum(1 for _ in carry_out(plan.runs, Store(Path(out)), workers=Workers(2), function=made_up))
    return {"runs": count, "cpu_seconds": time.process_time() - start, "memory": _resident()}


def made_up(spec: RunSpec, folders: Any = ()) -> History:
    """A run that nobody trained, as large as a real one."""
    checks = planned_checks(spec)
    losses = [2.302585 + 1 / (i + 3) for i in range(spec.num_iterations)]
    accuracies = [float(i > 0) for i in range(len(checks))]
    return History(spec, Outcome(losses, checks, accuracies, accuracies), _provenance())


def one_and_two_workers(replicates: int, turn: int) -> list[float]:
    """Seconds of real runs with one worker, and with two; who comes first changes from turn to turn."""
    taken = {}
    plan = _plan(replicates)
    for workers in (1, 2) if turn % 2 else (2, 1):
        with tempfile.TemporaryDirectory() as out:
            start = time.perf_counter()
            for _ in carry_out(plan.runs, Store(Path(out)), workers=Workers(workers, "process")):
                pass
            taken[workers] = time.perf_counter() - start
    return [taken[1], taken[2]]


def _plan(replicates: int) -> StudyPlan:
    entry = next(entry for entry in STUDIES if entry.name == STUDY)
    settings = {"data.dataset": "synthetic", "replicates": replicates}
    return make_plan(entry, None, [Override(key, value, key) for key, value in settings.items()])


def _seconds_until_said(replicates: int, out: str) -> float:
    """How long a command takes, from its start, to say that all its runs are stored."""
    words = [*STUDY.split(), "--dataset", "synthetic", "--replicates", str(replicates), "--out", out]
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "bnlab", *words],
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        line = process.stderr.readline() if process.stderr else ""
        seconds = time.perf_counter() - start
        process.kill()
    if " 0 missing" not in line:
        raise RunError(f"bnlab {' '.join(words)} said: {line.strip()}")
    return seconds


@lru_cache
def _provenance() -> dict[str, Any]:
    return provenance(0.25)


def _resident() -> int:
    """Bytes of memory that this process has; 0 where the system doesn't say."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
