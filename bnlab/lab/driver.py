"""Carries out the runs of a study: what is stored is read, what isn't is trained and stored as it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from bnlab.lab.executor import map_unordered, open_executor
from bnlab.lab.store import Store
from bnlab.lab.train import train
from bnlab.runs.history import History
from bnlab.runs.spec import RunSpec

MOST_WORKERS = 61 if sys.platform == "win32" else 1_000
"""Windows can't wait for more."""
Progress = Callable[[History], None]


def stored(specs: Iterable[RunSpec], store: Store) -> dict[str, History]:
    """The Histories by run name that need not be made again."""
    loaded = (store.load(spec) for spec in specs)
    return {history.spec.name: history for history in loaded if history is not None}


def complete(
    specs: Sequence[RunSpec],
    have: Mapping[str, History],
    store: Store,
    folders: Sequence[str] = (),
    jobs: int = 1,
    on_stored: Progress = lambda history: None,
) -> dict[str, History]:
    """The Histories of all specs by run name, in their order: those in `have`, and the rest trained in `jobs` processes.

    Each is written to the store as its run ends, by this process alone; on_stored is called after that. Raises
    StoreError, DataError, RunError; KeyboardInterrupt passes, with all that had ended in the store.
    """
    missing = list({spec.name: spec for spec in specs if spec.name not in have}.values())
    made: dict[str, History] = dict(have)
    workers = min(jobs, len(missing), MOST_WORKERS)
    if missing:
        with open_executor(workers) as executor:
            for spec, history in map_unordered(executor, partial(train, folders=tuple(folders)), missing, 2 * workers):
                store.save(history)
                made[spec.name] = history
                on_stored(history)
    return {spec.name: made[spec.name] for spec in specs}
