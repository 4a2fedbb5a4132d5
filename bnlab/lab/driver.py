"""Carries out the runs of a study: each is stored as it ends, and then forgotten here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial

from bnlab.errors import BnlabError
from bnlab.lab.executor import ATTEMPTS, Workers, as_they_end, executor
from bnlab.lab.interrupts import interrupts_held_back
from bnlab.lab.pool import TimeLimit, WorkerDied
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store
from bnlab.lab.train import train
from bnlab.runs.history import Ended, Failure
from bnlab.runs.spec import RunSpec

HERE = Workers()


def carry_out(
    specs: Iterable[RunSpec],
    store: Store,
    folders: Sequence[str] = (),
    workers: Workers = HERE,
    fail_fast: bool = False,
    anew: bool = False,
    function: Callable[..., Ended] = train,
) -> Iterator[Ended]:
    """Train the runs, several at once, and give each as it ends, when it is stored. A run that is named twice is done once.

    A run that fails is recorded as failed, and the others go on; with fail_fast no more are begun. anew: also runs that are
    stored; without it, a run that another driver has stored by its turn is given as it is. If another driver of this host
    is at work on the folder, this one begins at the other end. This process alone writes the store. function: what trains
    a run.

    Raises StoreError, DataError, SettingsError, and RunError if the executor broke; KeyboardInterrupt passes. All that had
    ended by then is in the store.
    """
    missing = list({spec.name: spec for spec in specs}.values())
    if not missing:
        return
    workers = workers.at_most(len(missing))
    stop: list[BnlabError | Failure] = []
    elsewhere: list[Ended] = []
    pending: dict[Future[Ended], tuple[RunSpec, int]] = {}
    with executor(workers) as where, store.first_here() as first:  # if there is no executor, nothing is written
        tasks = _tasks(missing if first else missing[::-1], store, anew, stop, elsewhere)
        ahead = workers.jobs if fail_fast else 2 * workers.jobs  # what waits behind others would begin after a failure
        ended_ones = as_they_end(where, partial(function, folders=tuple(folders)), tasks, ahead, pending)
        try:
            for spec, future in ended_ones:
                try:
                    ended = _result(spec, future)
                except BnlabError as error:  # what is under way still ends, and is stored
                    stop.append(error)
                    _take_back(pending)
                    continue
                save(store, ended)
                yield ended
                if fail_fast and isinstance(ended, Failure):
                    stop.append(ended)
                    _take_back(pending)
        except (KeyboardInterrupt, GeneratorExit):
            _save_ended(store, pending)
            raise
    yield from elsewhere
    for reason in stop:
        if isinstance(reason, BnlabError):
            raise reason


def _tasks(
    specs: Sequence[RunSpec], store: Store, anew: bool, stop: Sequence[object], elsewhere: list[Ended]
) -> Iterator[RunSpec]:
    """The runs to hand out, until there is a reason to stop. Those that another driver has stored by now go elsewhere."""
    for spec in specs:
        if stop:
            return
        if not anew and (found := store.load(spec)) is not None:
            elsewhere.append(found)
        else:
            yield spec


def _result(spec: RunSpec, future: Future[Ended]) -> Ended:
    """How the run ended. An error of the request is raised; one of the way there and back is a failure of the run."""
    try:
        return future.result()
    except BnlabError:
        raise
    except WorkerDied as error:
        return Failure(spec, f"{error}, {ATTEMPTS} times", provenance(0))
    except TimeLimit as error:
        return Failure(spec, str(error), provenance(error.seconds))
    except Exception as error:
        return Failure(spec, f"{type(error).__name__}: {error}", provenance(0))


def _take_back(pending: dict[Future[Ended], tuple[RunSpec, int]]) -> None:
    """Cancel the runs that were handed over and haven't begun."""
    for future in [*pending]:
        if future.cancel():
            del pending[future]


def save(store: Store, ended: Ended) -> None:
    """Store a run; Ctrl-C waits until it is done."""
    with interrupts_held_back():
        store.save(ended)


def _save_ended(store: Store, pending: dict[Future[Ended], tuple[RunSpec, int]]) -> None:
    """Store the runs that had ended when Ctrl-C came, and that nobody has looked at yet."""
    for future in pending:
        if future.done() and not future.cancelled() and future.exception() is None:
            save(store, future.result())
