"""Trains one net on all of its images, with a checkpoint at each check."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from bnlab.errors import RunError, SettingsError, StoreError
from bnlab.fullsize.checkpoint import NAME, Checkpoint, read, remove, save, solver_of
from bnlab.fullsize.job import Job
from bnlab.lab.machine import blas_threads
from bnlab.runs.spec import RunSpec
from bnlab.solver import Solver

MOST = 2**16
"""More threads than any BLAS has. Of far larger numbers BLAS sees the last bits alone."""


class Trained(NamedTuple):
    """A training that has ended. begun_at: the iterations that were done before this command; seconds: it took."""

    solver: Solver
    threads: int
    begun_at: int
    seconds: float


def find_checkpoint(folder: Path, spec: RunSpec, resume: bool, force: bool, threads: int | None) -> Checkpoint | None:
    """The checkpoint to go on from; None to begin anew. Raises StoreError where that isn't what was asked for.

    force: remove the one that is there. threads: as they were asked for, if they were; SettingsError if there are fewer.
    """
    path = folder / NAME
    if threads is not None and (most := threads_of(threads)) < threads:
        raise SettingsError(f"--threads {threads}: BLAS has at most {most} here: give so many or fewer")
    if force:
        remove(path)
    if not path.exists():
        return None
    if not resume:
        raise StoreError(f"{path} is there already: go on from it with --resume, or begin anew with --force")
    found = read(path)
    found.check_is_of(spec)
    if threads is not None and threads != found.threads:
        raise StoreError(
            f"{path} was made with --threads {found.threads}, and {threads} would round otherwise: leave --threads out, or "
            "begin anew with --force"
        )
    if (most := threads_of(found.threads)) < found.threads:
        raise StoreError(
            f"{path} was made with --threads {found.threads}, and BLAS has at most {most} here: go on where it was made, "
            "or begin anew with --force"
        )
    return found


def threads_of(asked: int) -> int:
    """How many threads BLAS takes when it is told to take so many: it may take fewer, and says nothing."""
    with threadpool_limits(limits=min(asked, MOST), user_api="blas"):
        taken = blas_threads()
    return asked if taken is None else taken


def train(
    job: Job,
    folder: Path,
    threads: int,
    checkpoint: Checkpoint | None = None,
    tell: Callable[[Solver], object] = lambda solver: None,
) -> Trained:
    """Train from the start, or from the checkpoint, to the end; `tell` is called with the Solver after each iteration.

    folder: where the checkpoint is written. threads: of BLAS. An undisturbed training, and one that was broken off and goes
    on from its checkpoint, end with the same bytes. Raises StoreError if a checkpoint can't be written, RunError if memory
    runs out.
    """

    def check(solver: Solver) -> None:
        save(folder / NAME, solver, job.spec, threads)

    start = time.perf_counter()
    try:
        with threadpool_limits(limits=threads, user_api="blas"), np.errstate(all="ignore"):
            data = job.dataset.lazy_arrays(job.spec.dtype)
            solver = solver_of(job.spec, data, observer=check, patience=job.settings.solver.patience)
            if checkpoint is not None:
                checkpoint.bring(solver)
            begun_at = solver.t
            while not solver.step():
                tell(solver)
            tell(solver)
    except MemoryError as error:
        raise RunError("memory ran out: try a smaller net, a smaller solver.batch_size or dtype: float32") from error
    return Trained(solver, threads, begun_at, time.perf_counter() - start)
