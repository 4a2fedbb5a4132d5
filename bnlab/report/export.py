"""Stored runs as files for other programs: two tables as CSV or Parquet, or a log for TensorBoard per run.

The tables are `runs`, with every setting and result, and `curves`, with every loss and accuracy, a line for each. Numbers
keep all their bits, but for TensorBoard's curves: its usual reader takes floats of 32 bits, and leaves out all others in
silence (tensorboard/data/server/data_compat.rs). The same runs give the same bytes; that is why TensorBoard's own writer
isn't used, which puts the host's name and the time of the day into the names of files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from bnlab.errors import BnlabError, did_you_mean
from bnlab.lab.files import json_bytes, whole_folder
from bnlab.report.run_facts import OUTCOME, Point, points
from bnlab.report.table import COLUMNS, write_csv
from bnlab.runs.history import Ended, History

SCHEMA = 1
MARK = "export.json"
"""The file that every export has, and that says what it is."""
ANOTHER_FOLDER = "choose a folder by --target in which you may write, with room"
CURVES = ("run", *Point._fields)
LONGEST = 60
"""Characters of an arm in the name of a log."""
AT_ONCE = 1_000
"""Runs whose points are in memory at the same time."""


class Export(NamedTuple):
    """What is written. head: the columns of `runs`. rows: of that table; a run has one for each place in a study."""

    head: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    runs: Sequence[Ended]


class Format(NamedTuple):
    """A form of export: what writes it into a folder; the module that takes, and the extra that brings it."""

    write: Callable[[Path, Export], None]
    module: str = ""
    extra: str = ""


def export(to: str, folder: Path, content: Export, about: Mapping[str, Any]) -> None:
    """Write the runs into the folder, whole or not at all; an earlier export there is replaced.

    about: what `export.json` says besides. Raises BnlabError for a format that isn't there, or lacks its library;
    StoreError for a folder that can't be written, or holds other things.
    """
    form = FORMATS.get(to)
    if form is None:
        raise BnlabError(f"there is no export to {to!r}: choose one of {', '.join(FORMATS)}{did_you_mean(to, FORMATS)}")
    if form.module and not _is_installed(form.module):
        raise BnlabError(f"--to {to} needs {form.module}, which isn't installed: pip install 'bnlab[{form.extra}]'")
    with whole_folder(folder, MARK, ANOTHER_FOLDER) as new:
        form.write(new, content)
        document = {"schema": SCHEMA, "format": to, **about, "runs": len(content.runs), "rows": len(content.rows)}
        (new / MARK).write_bytes(json_bytes(document))


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # it is marked as missing
        return False


def _lines(runs: Iterable[Ended]) -> Iterator[tuple[Any, ...]]:
    """The lines of `curves`. A failed run has none."""
    for run in runs:
        if isinstance(run, History):
            yield from ((run.spec.name, *point) for point in points(run))


def _csv(folder: Path, content: Export) -> None:
    tables = {
        "runs.csv": (content.head, ([row[name] for name in content.head] for row in content.rows)),
        "curves.csv": (CURVES, _lines(content.runs)),
    }
    for name, (head, lines) in tables.items():
        with open(folder / name, "w", encoding="utf-8", newline="") as file:
            write_csv(file, head, lines)


def _parquet(folder: Path, content: Export) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    kinds = {column.name: column.kind for column in COLUMNS}
    schema = pa.schema([(name, types[kinds.get(name, str)]) for name in content.head])
    parquet.write_table(pa.Table.from_pylist(content.rows, schema), folder / "runs.parquet")

    schema = pa.schema(list(zip(CURVES, map(types.__getitem__, (str, str, int, float, float)), strict=True)))
    with parquet.ParquetWriter(folder / "curves.parquet", schema) as writer:
        for start in range(0, len(content.runs), AT_ONCE):
            columns = [*zip(*_lines(content.runs[start : start + AT_ONCE]), strict=True)]
            arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)] if columns else []
            if arrays:
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _tensorboard(folder: Path, content: Export) -> None:
    places: dict[str, Mapping[str, Any]] = {}
    for row in content.rows:
        places.setdefault(row["run"], row)
    for run in content.runs:
        row = places[run.spec.name]
        log = folder / _log_name(run, row)
        log.mkdir()
        _write_log(log / "events.out.tfevents.0.bnlab", run, row)


def _log_name(run: Ended, row: Mapping[str, Any]) -> str:
    """What TensorBoard calls the run: its arm, seed, replicate and name, in characters that any system takes."""
    arm = re.sub(r"[^a-z0-9._-]+", "-", (row["arm"] or "run").lower()).strip("-.")[:LONGEST]
    return f"{arm or 'run'}-seed-{run.spec.seed}-{run.spec.replicate}-{run.spec.name}"


def _write_log(path: Path, run: Ended, row: Mapping[str, Any]) -> None:
    """TensorBoard's log of a run: its settings as hyperparameters, its curves, its results. row: the first of its rows.

    Every event has the time at which the run ended, since the times in between aren't stored.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    ended = _ended_at(run)
    settings = {name: value for name, value in row.items() if name not in (*OUTCOME, "run") and value is not None}
    started = ended - float(run.provenance["seconds"])
    first, last = _session(run, settings, started, ended)
    events = [Event(file_version="brain.Event:2"), Event(summary=first)]
    if isinstance(run, History):
        for point in points(run):
            value = math.nan if point.value is None else point.value
            events.append(Event(step=point.iteration, summary=Summary(value=[_scalar(point.kind, value)])))
        results = {name: row[name] for name in OUTCOME if isinstance(row[name], int | float)}
        values = [_scalar(f"result/{name}", float(value)) for name, value in results.items()]
        events.append(Event(step=len(run.outcome.loss_history), summary=Summary(value=values)))
    events.append(Event(summary=last))
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        for event in events:
            event.wall_time = ended
            writer.write(event.SerializeToString(deterministic=True))


def _scalar(tag: str, value: float) -> Any:
    """A value of a curve, as TensorBoard draws it: rounded to 32 bits."""
    import numpy as np
    from tensorboard.compat.proto.summary_pb2 import Summary

    with np.errstate(over="ignore"):
        return Summary.Value(tag=tag, simple_value=float(np.float32(value)))


def _session(run: Ended, settings: Mapping[str, Any], started: float, ended: float) -> tuple[Any, Any]:
    """What TensorBoard's page of hyperparameters reads: the start of a session, with the settings, and its end."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

    start = SessionStartInfo(group_name=run.spec.name, start_time_secs=started)
    for name, value in settings.items():
        field = {bool: "bool_value", str: "string_value"}.get(type(value), "number_value")
        setattr(start.hparams[name], field, value)
    status = api_pb2.STATUS_SUCCESS if isinstance(run, History) else api_pb2.STATUS_FAILURE
    end = SessionEndInfo(status=status, end_time_secs=ended)
    parts = {
        metadata.SESSION_START_INFO_TAG: HParamsPluginData(session_start_info=start),
        metadata.SESSION_END_INFO_TAG: HParamsPluginData(session_end_info=end),
    }
    first, last = (
        Summary(
            value=[Summary.Value(tag=tag, metadata=metadata.create_summary_metadata(part), tensor=metadata.NULL_TENSOR)]
        )
        for tag, part in parts.items()
    )
    return first, last


def _ended_at(run: Ended) -> float:
    """In seconds since 1970; 0 if that isn't stored."""
    try:
        return datetime.fromisoformat(run.provenance["finished_at"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0


FORMATS = {
    "csv": Format(_csv),
    "parquet": Format(_parquet, "pyarrow", "parquet"),
    "tensorboard": Format(_tensorboard, "tensorboard", "tensorboard"),
}
