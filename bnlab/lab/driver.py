"""Carries out the runs of a study: each is stored as it ends, and then forgotten here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import takewhile

from bnlab.errors import BnlabError
from bnlab.lab.executor import EXECUTORS, as_they_end
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store
from bnlab.lab.train import train
from bnlab.runs.history import Ended, Failure
from bnlab.runs.spec import RunSpec


def stored(specs: Iterable[RunSpec], store: Store) -> set[str]:
    """The names of the runs that need not be done again: finished and diverged ones."""
    return {spec.name for spec in specs if store.load(spec) is not None}


def carry_out(
    specs: Iterable[RunSpec], store: Store, folders: Sequence[str] = (), jobs: int = 1, executor: str | None = None
) -> Iterator[Ended]:
    """Train the runs, `jobs` at once, and give each as it ends, when it is stored. A run that is named twice is done once.

    A run that fails is recorded as failed, and the others go on. This process alone writes the store. executor: a name
    from EXECUTORS; without one, a pool of processes, or for one job this process. Raises StoreError, DataError, and
    RunError for a worker that died; KeyboardInterrupt passes. All that had ended by then is in the store.
    """
    missing = list({spec.name: spec for spec in specs}.values())
    if not missing:
        return
    workers = min(jobs, len(missing))
    where = EXECUTORS[executor or ("in-process" if workers == 1 else "processes")]
    refused: list[BnlabError] = []
    with where(workers) as pool:
        tasks = takewhile(lambda spec: not refused, missing)
        for spec, future in as_they_end(pool, partial(train, folders=tuple(folders)), tasks, 2 * workers):
            try:
                ended = _result(spec, future)
            except BnlabError as error:  # what is under way still ends, and is stored
                refused.append(error)
                continue
            store.save(ended)
            yield ended
    if refused:
        raise refused[0]


def _result(spec: RunSpec, future: Future[Ended]) -> Ended:
    """How the run ended. An error of the request is raised; one of the way there and back is a failure of the run."""
    try:
        return future.result()
    except BnlabError:
        raise
    except Exception as error:
        return Failure(spec, f"{type(error).__name__}: {error}", provenance(0))
