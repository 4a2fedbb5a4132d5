"""Diagnostics of a study: the table against what the runs recorded, and the figure against the table."""

import csv
import io
import math
from dataclasses import replace

import pytest

from bnlab.lab.driver import carry_out
from bnlab.lab.store import Store
from bnlab.nets.diagnostics import QUANTITIES
from bnlab.report.figure import HeatMap, Panel
from bnlab.runs.outcome import planned_checks
from bnlab.studies.diagnostics import COLUMNS, diagnostics_files, rows
from bnlab.studies.diagnostics_figure import diagnostics_figures
from bnlab.studies.plan import judged, results
from bnlab.studies.publish import publish
from bnlab.studies.study import Arm, Result

SMALL = {"data.dataset": "synthetic", "data.num_train": 100, "net.hidden_dims": [8, 6], "solver.num_epochs": 2}


@pytest.fixture(scope="module")
def recorded(plan, tmp_path_factory):
    """The plan and the results of a small `compare` with diagnostics, and its results folder."""
    made, store = plan("compare", {**SMALL, "diagnostics": True, "replicates": 1}), Store(tmp_path_factory.mktemp("store"))
    assert {ended.status for ended in carry_out(made.runs, store)} == {"finished"}
    return made, results(made, store), store


def test_a_row_for_each_arm_check_and_layer_has_what_the_run_recorded(recorded):
    _, found, _ = recorded
    table = rows(found)
    places = [(row["arm"], row["replicate"], row["iteration"], row["epoch"], row["layer"]) for row in table[:9]]
    assert places == [("batchnorm", 0, t, t / 2, layer) for t in (1, 2, 4) for layer in (1, 2, 3)]
    assert len(table) == 18
    for result, part in zip(found, (table[:9], table[9:]), strict=True):
        for name in QUANTITIES:
            assert [row[name] for row in part] == result.histories[0].outcome.diagnostics[name]


def test_the_file_loses_nothing(recorded):
    _, found, _ = recorded
    [(name, content)] = diagnostics_files(found).items()
    assert name == "diagnostics.csv"
    assert b"\r" not in content
    read = [*csv.DictReader(io.StringIO(content.decode(), newline=""))]
    assert [*read[0]] == [*COLUMNS]
    for row, back in zip(rows(found), read, strict=True):
        assert {name: str("" if value is None else value) for name, value in row.items()} == back


def test_without_diagnostics_there_is_nothing(make_history):
    spec = make_history().spec
    found = [Result(Arm("plain", "plain", None, {}, (), (spec,)), (make_history(),))]
    assert (rows(found), diagnostics_files(found), diagnostics_figures(found)) == ([], {}, {})


def test_a_study_passes_the_setting_on_and_has_a_folder_of_its_own(plan):
    made = plan("compare", {"diagnostics": True})
    assert all(run.diagnostics for run in made.runs)
    assert made.folder == "compare-batchnorm-diagnostics"
    assert not any(run.diagnostics for run in plan("compare").runs)


def test_the_files_are_published_beside_the_others(recorded, tmp_path):
    made, found, _ = recorded
    document = publish(made, found, judged(made, found), Store(tmp_path), 1.0)
    names = {path.rpartition("/")[2] for path in document["files"]}
    assert names >= {"figure.png", "diagnostics.png", "diagnostics.svg", "diagnostics.csv"}
    assert {path.name for path in (tmp_path / made.folder).iterdir()} == names


def with_values(make_history, make_spec, diverged_at=None, replicate=0, dims=(8, 6), **columns):
    """A History with these values in each row of its diagnostics, 1 for those that aren't named."""
    spec = make_spec(diagnostics=True, replicate=replicate, hidden_dims=dims)
    history, checks = make_history(spec, diverged_at=diverged_at), planned_checks(spec, diverged_at)
    layers = [*range(1, len(dims) + 2)]
    places = {"iteration": [t for t in checks for _ in layers], "layer": layers * len(checks)}
    quantities = {name: columns.get(name, [1.0] * len(places["layer"])) for name in QUANTITIES}
    return replace(history, outcome=replace(history.outcome, diagnostics=places | quantities))


def result(label, *histories, curve=None, x=None, varied=None):
    specs = tuple(history.spec for history in histories)
    return Result(Arm(label, curve or label, x, varied or {}, (), specs), histories)


def test_curves_are_drawn_at_the_first_and_the_last_check(make_history, make_spec):
    norms = {"weight_norm": [2.0] * 9, "gradient_norm": [0.2, 2.0, 20.0, *[2.0] * 3, 2e-6, 2e-3, 0.0]}
    dead = [0.5, 0.25, None] * 3
    one = result("one", with_values(make_history, make_spec, **norms, dead_units=dead))
    other = result("other", with_values(make_history, make_spec))
    drawn = diagnostics_figures([one, other])["diagnostics"]
    assert all(isinstance(panel, Panel) for panel in drawn.panels)
    assert [[line.label for line in panel.lines] for panel in drawn.panels] == [["one", "other"]] * 8
    panels = {panel.title: panel for panel in drawn.panels}
    first, last = panels["Gradient of W, first check"], panels["Gradient of W, last check"]
    assert [*first.lines[0].y] == pytest.approx([-1, 0, 1])
    assert [*last.lines[0].y] == pytest.approx([-6, -3, math.nan], nan_ok=True)
    assert first.y_limits == last.y_limits
    assert first.y_limits[0] < -6
    assert first.y_limits[1] > 1
    assert [*first.lines[0].x] == [1, 2, 3]
    assert [*panels["Dead units, last check"].lines[0].y] == pytest.approx([0.5, 0.25, math.nan], nan_ok=True)
    assert not [line for panel in panels.values() for line in panel.lines if line.above(panel.upper_limit)]
    assert "last check" in drawn.caption


def test_replicates_are_averaged_where_they_have_a_value(make_history, make_spec):
    deviations = [[1.0, 1.0, 1.0] * 2 + [10.0, 0.0, 0.0], [1.0, 1.0, 1.0] * 2 + [1000.0, 10.0, 0.0]]
    histories = [
        with_values(make_history, make_spec, replicate=i, preactivation_std=each) for i, each in enumerate(deviations)
    ]
    drawn = diagnostics_figures([result("one", *histories)])["diagnostics"]
    [line] = next(panel for panel in drawn.panels if panel.title == "Signal, last check").lines
    assert [*line.y] == pytest.approx([2, 1, math.nan], nan_ok=True)
    assert drawn.caption.endswith("seed 231; mean of 2 replicates")


def test_a_diverged_run_is_drawn_at_its_own_last_check(make_history, make_spec):
    recorded = with_values(make_history, make_spec, diverged_at=2, update_norm=[1.0] * 3 + [None] * 3)
    drawn = diagnostics_figures([result("one", recorded), result("other", with_values(make_history, make_spec))])
    panels = {panel.title: panel for panel in drawn["diagnostics"].panels}
    assert [*panels["Update of W, first check"].lines[0].y] == [0, 0, 0]
    assert [*panels["Update of W, last check"].lines[0].y] == pytest.approx([math.nan] * 3, nan_ok=True)


def swept(curve, x, history):
    return result(f"{curve}, {x}", history, curve=curve, x=x, varied={"net.normalization": curve, "net.hidden_dims": x})


def test_many_points_of_few_curves_are_heat_maps(make_history, make_spec):
    """Of a sweep over the depth: what a shallow net doesn't have stays without a value."""
    shallow = with_values(make_history, make_spec, dims=(8,), preactivation_std=[1.0] * 4 + [10.0, 0.0])
    deep = with_values(make_history, make_spec, preactivation_std=[1.0] * 6 + [100.0, 1000.0, 1.0])
    runs = [*((x, deep) for x in (20, 8, 5, 2)), (1, shallow)]
    arms = [swept(curve, x, history) for curve in ("batchnorm", "none") for x, history in runs]
    drawn = diagnostics_figures(arms, "depth", "; net.reg 0.5")["diagnostics"]
    assert all(isinstance(panel, HeatMap) for panel in drawn.panels)
    assert (len(drawn.panels), drawn.rows) == (8, 2)
    signal = drawn.panels[0]
    assert (signal.title, signal.x_label, signal.y_label, signal.y_scale) == (
        "Signal, batchnorm", "layer", "depth", "log"
    )  # fmt: skip
    assert ([*signal.x], [*signal.y]) == ([1, 2, 3], [1, 2, 5, 8, 20])
    assert signal.values[0][0] == pytest.approx(1)
    assert all(map(math.isnan, signal.values[0][1:]))
    assert signal.values[4] == pytest.approx([2, 3, 0])
    assert "no such layer" in drawn.caption
    assert drawn.caption.endswith("; net.reg 0.5")


def test_few_points_are_curves(make_history, make_spec):
    arms = [swept("batchnorm", x, with_values(make_history, make_spec)) for x in (1, 2, 5)]
    for panel in diagnostics_figures(arms)["diagnostics"].panels:
        assert [line.label for line in panel.lines] == ["batchnorm, 1", "batchnorm, 2", "batchnorm, 5"]


def test_only_what_all_runs_share_stands_in_the_caption(make_history, make_spec):
    one, other = with_values(make_history, make_spec), with_values(make_history, make_spec)
    other = replace(other, spec=replace(other.spec, solver=replace(other.spec.solver, batch_size=10)))
    words = diagnostics_figures([result("one", one)])["diagnostics"].caption
    assert "synthetic, 60 training images; hidden layers of 8, 6; weight scale 0.01; adam at 0.001; batch 20" in words
    assert "; batch" not in diagnostics_figures([result("one", one), result("other", other)])["diagnostics"].caption
