"""A run whose loss stops being finite is a result like others: recorded, told of, drawn; nothing on standard error."""

import csv
import json

import pytest

CAUSES = {
    "learning rate": ["solver.learning_rate=1e30"],
    "learning rate beyond float32": ["solver.learning_rate=1e300", "solver.update_rule=sgd"],
    "weight scale beyond float32": ["net.weight_scale=1e300"],
    "regularization beyond float32": ["net.reg=1e300"],
    "population statistics": ["solver.learning_rate=1e30", "solver.statistics=population"],
    "float64": ["solver.learning_rate=1e300", "dtype=float64"],
}


def settings(*assignments):
    return [word for assignment in ("net.hidden_dims=[8, 8, 8]", *assignments) for word in ("-s", assignment)]


@pytest.mark.parametrize("cause", CAUSES)
def test_a_diverging_run_is_recorded(call, tiny, tmp_path, study_folder, cause):
    """In this process every warning is an error, so that none can pass unseen."""
    done = call("compare", *tiny, *settings(*CAUSES[cause]), "-j", 1, "--json")
    assert (done.status, done.err) == (0, "")
    document = done.json
    diverged = [row for row in document["runs"] if row["status"] == "diverged"]
    assert "none" in [row["normalization"] for row in diverged]
    for row in diverged:
        at = row["diverged_at"]
        assert row["final_loss"] is None
        assert row["iterations"] == at
        stored = json.loads((tmp_path / "results" / "runs" / row["run"][:2] / f"{row['run']}.json").read_text())
        assert (stored["status"], stored["diverged_at"]) == (row["status"], at)
        overflowed_in_the_update = cause == "learning rate beyond float32"  # after a loss that was finite
        assert (stored["loss_history"][-1] is None) != overflowed_in_the_update
        assert None not in stored["loss_history"][:-1]
        assert stored["check_iterations"][-1] == at
    with open(study_folder(tmp_path / "results") / "table.csv", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["final_loss"] == "inf" for row in rows] == [row["status"] == "diverged" for row in rows]
    assert all("diverged." in finding for finding in document["findings"][:-1])
    svg = (study_folder(tmp_path / "results") / "figure.svg").read_text()
    assert "A cross: the run diverged there" in svg


def test_losses_too_large_to_be_added_up_are_no_crash(call, tiny):
    """A finite loss near the end of float64's range: the sum of the last 100 is beyond it, their mean isn't."""
    done = call("compare", *tiny, *settings("dtype=float64", "net.reg=2e307", "solver.num_epochs=100"), "-j", 1, "--json")
    assert (done.status, done.err) == (0, "")
    for row in done.json["runs"]:
        assert row["status"] != "finished" or row["final_loss"] > 1e300


@pytest.mark.parametrize(("setting", "jobs"), [("solver.learning_rate=1e30", 1), ("net.weight_scale=1e300", 2)])
def test_a_real_process_says_nothing_of_it_on_standard_error(run, tiny, setting, jobs):
    done = run("compare", *tiny, *settings(setting), "-j", jobs)
    assert (done.status, done.err) == (0, "")
    assert "diverged at " in done.out


def test_the_sweep_draws_a_cross_and_a_triangle_and_counts(call, tiny, tmp_path, study_folder):
    few = ["-s", "arms.highest_weight_scale=1e30", "-s", "arms.num_weight_scales=3", "-j", 1]
    done = call("sweep", "weight-scale", *tiny, *few)
    assert (done.status, done.err) == (0, "")
    [line] = [line for line in done.out.splitlines() if line.startswith(" no normalization, weight scale 0.0001 ")]
    assert line.split()[-1] == "finished"
    [line] = [line for line in done.out.splitlines() if line.startswith(" no normalization, weight scale 1e+30 ")]
    assert line.endswith("diverged at 1")
    assert "6 runs in " in done.out
    svg = (study_folder(tmp_path / "results") / "figure.svg").read_text()
    assert "A cross: the run diverged there" in svg
    assert "A triangle at the upper edge: the value lies above it" in svg


def test_no_cross_is_explained_where_none_is_drawn(finished, study_folder):
    _, folder = finished
    assert "A cross" not in (study_folder(folder / "results") / "figure.svg").read_text()
