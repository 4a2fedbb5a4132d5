"""`bnlab runs export`: each form read back by the library that reads it, and compared with what is stored, bit by bit."""

import csv
import io
import json
import math
import struct
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from bnlab.lab.store import Store, read_run
from bnlab.report.export import FORMATS
from bnlab.report.run_facts import OUTCOME, points
from bnlab.report.table import COLUMNS
from bnlab.runs.history import Failure, History

AWKWARD = [0.1 + 0.2, 1 / 3, 5e-324, 1e300, 2.0, 1.0000000000000002]
"""Losses that come out otherwise if they are rounded to 32 bits, or to fewer digits."""


@pytest.fixture
def stored(results, specs, make_history, make_spec):
    """The folder of tests/cli/test_runs.py, and a run of awkward numbers; all that is stored in it, by name."""
    history = make_history(make_spec(seed=9), losses=AWKWARD, val=[1 / 3, 0.1, 0.7])
    finished = datetime(2026, 5, 4, 3, 2, 1, tzinfo=timezone.utc).isoformat(timespec="seconds")
    Store(results).save(History(history.spec, history.outcome, {"seconds": 2.5, "finished_at": finished}))
    return {path.stem: read_run(path) for path in Store(results).paths()}


def bits(value):
    """So that NaN equals NaN, and 0 isn't -0."""
    return None if value is None else struct.pack("<d", value)


def curves_of(runs):
    """(run, kind, iteration, epoch, value) of each point, in full, as the run files have them."""
    return sorted(
        (name, point.kind, point.iteration, bits(point.epoch), bits(point.value))
        for name, run in runs.items()
        if isinstance(run, History)
        for point in points(run)
    )


def test_the_curves_that_are_compared_are_those_of_the_run_files(stored):
    """The comparison below leans on `points`."""
    for name, run in stored.items():
        if isinstance(run, History):
            own = [point for point in points(run) if point.kind == "loss"]
            losses = [math.nan if point.value is None else point.value for point in own]
            assert [*map(bits, losses)] == [*map(bits, run.outcome.loss_history)], name
            val = {point.iteration: point.value for point in points(run) if point.kind == "val_accuracy"}
            assert val == dict(zip(run.outcome.check_iterations, run.outcome.val_acc_history, strict=True))


def export(call, to, *more):
    done = call("runs", "export", "--to", to, *more)
    assert (done.status, done.err) == (0, "")
    return done


def test_csv(call, results, stored):
    assert export(call, "csv").out == "6 runs written to results/export/csv\n"
    folder = results / "export" / "csv"
    assert sorted(path.name for path in folder.iterdir()) == ["curves.csv", "export.json", "runs.csv"]
    assert (folder / "runs.csv").read_text() == call("runs", "list", "--csv").out
    with open(folder / "curves.csv", newline="") as file:
        rows = [*csv.DictReader(file)]
    found = [
        (row["run"], row["kind"], int(row["iteration"]), bits(float(row["epoch"])), bits(float(row["value"])))
        if row["value"]
        else (row["run"], row["kind"], int(row["iteration"]), bits(float(row["epoch"])), None)
        for row in rows
    ]
    assert sorted(found, key=repr) == sorted(curves_of(stored), key=repr)


def test_parquet(call, results, stored):
    parquet = pytest.importorskip("pyarrow.parquet")
    export(call, "parquet")
    folder = results / "export" / "parquet"
    table = parquet.read_table(folder / "runs.parquet")
    listed = [*csv.reader(io.StringIO(call("runs", "list", "--csv").out))]
    assert table.column_names == listed[0]
    shown = [["" if value is None else str(value) for value in row.values()] for row in table.to_pylist()]
    assert shown == listed[1:]  # floats are written in full, so texts are equal only if all bits are
    kinds = {str: "string", int: "int64", float: "double", bool: "bool"}
    assert {field.name: str(field.type) for field in table.schema} == {"study": "string", "folder": "string"} | {
        column.name: kinds[column.kind] for column in COLUMNS
    }
    rows = parquet.read_table(folder / "curves.parquet").to_pylist()
    found = [(row["run"], row["kind"], row["iteration"], bits(row["epoch"]), bits(row["value"])) for row in rows]
    assert sorted(found, key=repr) == sorted(curves_of(stored), key=repr)


def accumulated(folder):
    """What TensorBoard reads from a log."""
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    log = EventAccumulator(str(folder), size_guidance={SCALARS: 0})
    log.Reload()
    return log


def scalars(log):
    """[(tag, step, value)] of a log, and the times of its events."""
    events = [(tag, event) for tag in log.Tags()["scalars"] for event in log.Scalars(tag)]
    return [(tag, event.step, event.value) for tag, event in events], {event.wall_time for _, event in events}


def rounded(value):
    """To 32 bits."""
    with np.errstate(over="ignore"):
        return float(np.float32(math.nan if value is None else value))


def test_tensorboard(call, results, stored, specs):
    pytest.importorskip("tensorboard")
    from tensorboard.plugins.hparams import api_pb2, metadata

    export(call, "tensorboard")
    folder = results / "export" / "tensorboard"
    logs = {path.name[-32:]: path for path in folder.iterdir() if path.is_dir()}
    assert {*logs} == {*stored}
    assert logs[specs["none"].name].name == f"no-normalization-seed-231-0-{specs['none'].name}"
    assert logs[specs["loose"].name].name.startswith("run-seed-7-2-")
    [listed] = [{row["run"]: row for row in reversed(call("runs", "list", "--json").json)}]
    for name, run in stored.items():
        log = accumulated(logs[name])
        found, times = scalars(log)
        row = listed[name]
        start = metadata.parse_session_start_info_plugin_data(
            log.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
        )
        end = metadata.parse_session_end_info_plugin_data(
            log.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
        )
        given = {key: getattr(value, value.WhichOneof("kind")) for key, value in start.hparams.items()}
        assert given == {k: v for k, v in row.items() if v is not None and k not in (*OUTCOME, "run")}
        if isinstance(run, Failure):
            assert found == []
            assert end.status == api_pb2.STATUS_FAILURE
            continue
        curves = [(tag, step, bits(value)) for tag, step, value in found if not tag.startswith("result/")]
        expected = [(point.kind, point.iteration, bits(rounded(point.value))) for point in points(run)]
        assert sorted(curves) == sorted(expected)
        results_there = {tag: value for tag, _, value in found if tag.startswith("result/")}
        assert results_there["result/best_val_acc"] == rounded(run.best_val_acc)
        assert results_there["result/final_loss"] == rounded(run.final_loss)
        assert end.status == api_pb2.STATUS_SUCCESS
        finished = run.provenance.get("finished_at")
        assert times == {datetime.fromisoformat(finished).timestamp() if finished else 0.0}
        assert end.end_time_secs - start.start_time_secs == run.provenance["seconds"]


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_runs_give_the_same_bytes(call, results, stored, to):
    pytest.importorskip(FORMATS[to].module or "csv")
    export(call, to)
    export(call, to, "--target", "other")
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        for folder in (results / "export" / to, Path("other"))
    )
    assert first == second
    assert len(first) >= 3


@pytest.mark.parametrize("to", FORMATS)
def test_runs_are_selected_as_in_the_list(call, results, stored, specs, to):
    """An earlier export in the same place is replaced, all of it."""
    pytest.importorskip(FORMATS[to].module or "csv")
    export(call, to)
    for options, names in (
        (["--study", "rates"], ["none", "wild"]),
        (["--arm", "layernorm"], ["layernorm"]),
        (["--status", "diverged"], ["wild"]),
        (["--study", "dropout"], []),
    ):
        out = export(call, to, *options).out
        assert out.startswith(f"{len(names)} run")
        folder = results / "export" / to
        about = json.loads((folder / "export.json").read_text())
        assert (about["format"], about["runs"]) == (to, len(names))
        assert {option: about["selected"][option.removeprefix("--")] for option in options[::2]} == {options[0]: options[1]}
        wanted = {specs[name].name for name in names}
        if to == "tensorboard":
            assert {path.name[-32:] for path in folder.iterdir() if path.is_dir()} == wanted
        elif to == "csv":
            assert {row["run"] for row in csv.DictReader(io.StringIO((folder / "runs.csv").read_text()))} == wanted
        else:
            import pyarrow.parquet as parquet

            assert {*parquet.read_table(folder / "runs.parquet")["run"].to_pylist()} == wanted
            assert {*parquet.read_table(folder / "curves.parquet")["run"].to_pylist()} == wanted - {specs["layernorm"].name}


def test_other_commands_are_not_bothered_by_it(call, results, stored):
    before = call("runs", "list").out
    export(call, "csv", "--target", results / "export")
    assert call("runs", "list").out == before


@pytest.mark.parametrize(("to", "module"), [(to, form.module) for to, form in FORMATS.items() if form.module])
def test_without_the_library_one_line_says_how_to_get_it(run, results, stored, tmp_path, to, module):
    done = run.python(
        f"import sys; sys.modules[{module!r}] = None\n"
        f"sys.argv[1:] = ['runs', 'export', '--to', {to!r}]; from bnlab.__main__ import main; main()"
    )
    assert (done.status, done.out) == (2, "")
    assert done.err == f"Error: --to {to} needs {module}, which isn't installed: pip install 'bnlab[{to}]'\n"
    assert not (results / "export").exists()


def test_a_folder_of_other_things_is_never_replaced(call, results, stored, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    (tmp_path / "file").touch()
    for target in ("mine", "file", "results"):
        done = call("runs", "export", "--to", "csv", "--target", target)
        assert (done.status, done.out) == (2, "")
        assert done.err == f"Error: {target} holds other things: name a folder that isn't there yet, or an empty one\n"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]
    (tmp_path / "empty").mkdir()
    export(call, "csv", "--target", "empty", "-q")
    assert len([*(tmp_path / "empty").iterdir()]) == 3


def test_an_export_that_breaks_off_leaves_the_one_before(run, results, stored, tmp_path):
    """A disk that takes no more than some bytes per file: a limit of the system."""
    resource = pytest.importorskip("resource")
    assert run("runs", "export", "--to", "csv").status == 0
    folder = results / "export" / "csv"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = run.python(
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.RLIM_INFINITY}))\n"
        "sys.argv[1:] = ['runs', 'export', '--to', 'csv', '--study', 'compare']\n"
        "from bnlab.__main__ import main; main()"
    )
    assert (done.status, done.out) == (2, "")
    remedy = "choose a folder by --target in which you may write, with room"
    assert done.err == f"Error: can't write {Path('results/export/csv')}: File too large; {remedy}\n"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in (results / "export").iterdir()] == ["csv"]


REFUSED = {
    "no form": ([], ["Missing option '--to'", "csv, parquet, tensorboard"]),
    "an unknown form": (["--to", "hdf5"], ["'hdf5'", "'csv', 'parquet', 'tensorboard'"]),
    "an unknown study": (["--to", "csv", "--study", "compair"], ["'compair'", "did you mean compare?"]),
    "no results folder": (["--to", "csv", "--out", "nope"], ["no results folder nope"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_one_line(call, results, refused, case):
    arguments, words = REFUSED[case]
    refused(call("runs", "export", *arguments), *words)


def test_a_damaged_run_is_named_and_left_out(call, results, stored, specs):
    Store(results).path(specs["wild"]).write_text("{}")
    done = call("runs", "export", "--to", "csv")
    assert (done.status, done.out) == (0, "5 runs written to results/export/csv\n")
    assert specs["wild"].name in done.err


def test_every_setting_of_a_spec_has_a_column_of_its_type(make_spec):
    """So that a table of some runs has the same types as one of all."""
    for column in COLUMNS:
        value = column.value("arm", History(make_spec(), None, {})) if column.name not in OUTCOME else None
        assert value is None or type(value) is column.kind, column.name
