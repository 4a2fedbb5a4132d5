"""The whole bench: what is measured, what is missing, what spoils it, and which goals are met, as one document."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bnlab.bench import scaling
from bnlab.bench.figures import Figure
from bnlab.bench.goals import Judged, judge, markdown
from bnlab.bench.parts import PARTS, SHORT, Bench
from bnlab.bench.processes import measure
from bnlab.bench.surroundings import (
    busy,
    cache_sizes,
    distinct,
    exported,
    older_kernel,
    processor_flags,
    ticks,
    unsteady,
    waiting,
)
from bnlab.bench.sweep import NUMBA, PEERS
from bnlab.lab.executor import ONE_THREAD
from bnlab.lab.files import json_bytes, write
from bnlab.lab.machine import processor
from bnlab.lab.provenance import provenance
from bnlab.report.draw import draw
from bnlab.report.figure_table import numbers_csv

SCHEMA = 1
FOLDER = "bench"
"""In the results folder."""


@dataclass(frozen=True)
class Findings:
    """What was found. missing: what isn't installed, with the command that installs it. reached: the best accuracies of
    each program of the sweep, by normalization."""

    figures: list[Figure]
    judged: list[Judged]
    missing: dict[str, str]
    warnings: list[str]
    reached: dict[str, Any]
    seconds: float

    def to_json(self, command: str) -> dict[str, Any]:
        """The document. command: what was asked for."""
        return {
            "schema": SCHEMA,
            "command": command,
            "goals": [each.to_json() for each in self.judged],
            "figures": [figure.to_json() for figure in self.figures],
            "reached": self.reached,
            "missing": self.missing,
            "warnings": self.warnings,
            "provenance": _provenance(self.seconds),
        }


def carry_out(names: Sequence[str], bench: Bench) -> Findings:
    """Measure the parts, in their own order."""
    start, load, before = time.perf_counter(), waiting(), ticks()
    measured = [PARTS[name].measure(bench) for name in PARTS if name in names]
    figures = [figure for each in measured for figure in each.figures]
    repeats = {what: seconds for each in measured for what, seconds in each.repeats.items()}
    reached = {name: best for each in measured for name, best in each.reached.items()}
    warnings = [*surroundings(), *busy(load, before, ticks()), *unsteady(repeats)]
    seconds = time.perf_counter() - start
    return Findings(figures, [*judge(figures)], missing(), distinct(warnings), reached, seconds)


def missing() -> dict[str, str]:
    """What isn't installed, and so isn't measured, with the command that installs it."""
    return {peer.name: peer.install for peer in (*PEERS, NUMBA) if not peer.installed}


def surroundings() -> list[str]:
    """Warnings about the environment, and about the kernel of BLAS that timed programs have."""
    return [*exported(), *older_kernel(_timed_blas()["kernel"], processor_flags())]


def publish(document: Mapping[str, Any], judged: Sequence[Judged], out: Path) -> list[Path]:
    """Write the document, and the table of goals for a page."""
    return _write(out, {"bench.json": json_bytes(document), "goals.md": markdown(judged).encode()})


def carry_out_scaling(rounds: int, base: scaling.Base, command: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What work costs as it grows: the document, and all files by name."""
    start, load, before = time.perf_counter(), waiting(), ticks()
    found = measure("scaling", {"rounds": SHORT * rounds, "base": base._asdict()}, ONE_THREAD)
    points, caches = [scaling.Point(*values) for values in found], cache_sizes()
    document = {
        "schema": SCHEMA,
        "command": command,
        "base": base._asdict(),
        "caches": caches,
        "points": [{**point._asdict(), "time_each": point.time_each, "bytes_each": point.bytes_each} for point in points],
        "remarks": scaling.remarks(points, caches),
        "warnings": distinct([*surroundings(), *busy(load, before, ticks())]),
        "provenance": _provenance(time.perf_counter() - start),
    }
    figure = scaling.figure(points, processor())
    files = {f"scaling.{name}": content for name, content in draw(figure).items()}
    return document, {**files, "scaling-numbers.csv": numbers_csv(figure), "scaling.json": json_bytes(document)}


def publish_scaling(files: Mapping[str, bytes], out: Path) -> list[Path]:
    """Write them."""
    return _write(out, files)


def _write(out: Path, files: Mapping[str, bytes]) -> list[Path]:
    for name, content in files.items():
        write(out / FOLDER / name, content)
    return [out / FOLDER / name for name in files]


def _provenance(seconds: float) -> dict[str, Any]:
    """That of the timed programs: their BLAS has the kernel and threads of a run."""
    timed = _timed_blas()
    return {**provenance(seconds), "blas": timed["name"], "blas_kernel": timed["kernel"], "blas_threads": timed["threads"]}


@lru_cache
def _timed_blas() -> Any:
    """What the timed programs compute with."""
    return measure("blas", {}, ONE_THREAD)
