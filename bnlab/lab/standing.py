"""How the runs of a command stand before it begins: stored, failed, still to be done; and how long the rest may take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from bnlab.lab.index import Entry
from bnlab.lab.store import Store
from bnlab.runs.spec import RunSpec


@dataclass(frozen=True)
class Standing:
    """The runs of a command, each once; the names of those that are stored and of those that failed before; and what the
    folder knows of all its runs."""

    runs: Sequence[RunSpec]
    done: Set[str] = frozenset()
    failed: Set[str] = frozenset()
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def part(self, runs: Sequence[RunSpec]) -> Standing:
        """How some of the runs stand."""
        names = {run.name for run in runs}
        return Standing(runs, self.done & names, self.failed & names, self.entries)

    def missing(self, keep_failed: bool = False, anew: bool = False) -> list[RunSpec]:
        """The runs to be done. keep_failed: without those that failed before. anew: all of them."""
        left_out = set() if anew else self.done | (self.failed if keep_failed else set())
        return [spec for spec in self.runs if spec.name not in left_out]

    def seconds(self, specs: Sequence[RunSpec]) -> float | None:
        """What these runs take on one core, by the stored timings: of runs that differ in the seed alone, or else by the
        image of runs of the same kind. None if there are none to go by."""
        alike, per_image = self._timings()
        total = 0.0
        for spec in specs:
            if (own := alike.get(_less_seed(spec))) is not None:
                total += fmean(own)
            elif (rate := per_image.get(Entry.kind_of(spec))) is not None:
                total += rate * spec.num_images
            else:
                return None
        return total

    def _timings(self) -> tuple[Mapping[Any, list[float]], Mapping[str, float]]:
        """Seconds of the stored runs by their settings without the seed; and the usual seconds per image, by kind."""
        alike: dict[Any, list[float]] = defaultdict(list)
        for spec in self.runs:
            if spec.name in self.done and spec.name in self.entries:
                alike[_less_seed(spec)].append(self.entries[spec.name].seconds)
        rates: dict[str, list[float]] = defaultdict(list)
        for entry in self.entries.values():
            if entry.done and entry.images:
                rates[entry.kind].append(entry.seconds / entry.images)
        return alike, {kind: median(each) for kind, each in rates.items()}


def standing(specs: Iterable[RunSpec], store: Store) -> Standing:
    """How the runs stand. A file that can't have been left by its run is named and set aside, as `Store.read` does.

    Raises StoreError for one that can't be read, so that nothing overwrites it.
    """
    runs = list({spec.name: spec for spec in specs}.values())
    entries = store.entries()
    done, failed = set(), set()
    for spec in runs:
        entry = entries.get(spec.name)
        if entry is None:
            continue
        if entry.status == "failed":
            failed.add(spec.name)
        elif entry.done or store.load(spec) is not None:
            done.add(spec.name)
    return Standing(runs, done, failed, entries)


def _less_seed(spec: RunSpec) -> Any:
    return spec.data, spec.net, spec.solver, spec.dtype, spec.engine, spec.diagnostics, spec.device
