"""The studies from the outside: what they leave behind, what they print and where, and which setting wins."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from bnlab.nets.diagnostics import QUANTITIES
from bnlab.report.table import COLUMNS
from bnlab.studies import STUDIES, diagnostics
from bnlab.studies.study import load_study
from tests.published_files import WRITTEN

FILES = sorted(WRITTEN)
MORE_FILES = {"sweep weight-scale": ["signal-numbers.csv", "signal.png", "signal.svg"]}
DIAGNOSTICS = ["diagnostics-numbers.csv", "diagnostics.csv", "diagnostics.png", "diagnostics.svg"]


def test_compare_leaves_its_files_and_one_file_per_run(finished, study_folder):
    done, folder = finished
    assert (done.status, done.err) == (0, "")
    results = folder / "results"
    assert study_folder(results).name == "compare-batchnorm-synthetic-num_train-60-hidden_dims-8-num_epochs-2"
    assert sorted(path.name for path in study_folder(results).iterdir()) == FILES
    assert (results / "runs" / "runs.csv").exists()
    runs = [path for path in (results / "runs").rglob("*") if path.is_file() and path.name != "runs.csv"]
    names = {row["run"] for row in done.json["runs"]}
    assert {str(path.relative_to(results / "runs")) for path in runs} == {f"{n[:2]}/{n}.json" for n in names}
    assert len(names) == 2


def test_json_is_the_summary_and_where_the_files_are(finished, study_folder):
    done, folder = finished
    document = done.json
    where = study_folder(folder / "results")
    summary = json.loads((where / "summary.json").read_text())
    assert [folder / file for file in document.pop("files")] == [where / name for name in WRITTEN]
    assert {**document, "provenance": None} == {**summary, "provenance": None}
    assert summary["study"] == "compare"
    assert summary["settings"]["seed"] == 231
    assert summary["provenance"]["seconds"] > 0


def test_the_table_has_a_row_per_run_and_all_columns(finished, study_folder):
    done, folder = finished
    with open(study_folder(folder / "results") / "table.csv", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [*rows[0]] == [column.name for column in COLUMNS]
    assert [row["normalization"] for row in rows] == ["batchnorm", "none"]
    assert [row["run"] for row in rows] == [row["run"] for row in done.json["runs"]]


SMALL = {
    "mlp": ["net.hidden_dims=[8]"],
    "cnn": ["net.num_filters=4", "net.num_groups=2", "net.filter_size=3", "net.hidden_dim=8"],
}
FEW_ARMS = {
    "sweep weight-scale": ["arms.num_weight_scales=3"],
    "sweep learning-rate": ["arms.rates_per_decade=2"],
    "sweep feature-width": ["arms.widths=[2, 5, 100, 200]"],
    "sweep depth": ["arms.depths=[1, 3]"],
}


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_each_study_runs(call, tmp_path, study_folder, entry):
    common = ["replicates=2", "data.dataset=synthetic", "data.num_train=100", "solver.num_epochs=1"]
    settings = [*common, *SMALL[entry.model], *FEW_ARMS.get(entry.name, [])]
    varied = load_study(entry.module).VARIED
    options = [word for setting in settings if setting.partition("=")[0] not in varied for word in ("-s", setting)]
    listed = call(*entry.name.split(), *options, "-n", "--json").json["runs"]
    done = call(*entry.name.split(), *options, "-j", 1, "-v")
    assert done.status == 0
    assert all(": finished in " in line for line in done.err.splitlines())
    files = sorted([*FILES, *MORE_FILES.get(entry.name, [])])
    assert sorted(path.name for path in study_folder(tmp_path / "results").iterdir()) == files
    assert {path.stem for path in (tmp_path / "results" / "runs").rglob("*.json")} == {run["run"] for run in listed}
    assert f"{len(listed)} runs in " in done.out
    assert f"results/{study_folder(tmp_path / 'results').name}/figure.png" in done.out
    assert done.out.count("finished") == len({run["arm"] for run in listed})


def test_diagnostics_are_recorded_and_drawn_if_they_are_asked_for(call, tiny, tmp_path, finished):
    """In runs of their own, whose losses and accuracies are those of the runs without."""
    without, elsewhere = finished
    done = call("compare", *tiny, "--diagnostics", "--json", "-j", 1)
    assert (done.status, done.err) == (0, "")
    [folder] = {Path(path).parent for path in done.json["files"]}
    assert folder.name == "compare-batchnorm-synthetic-num_train-60-diagnostics-hidden_dims-8-num_epochs-2"
    assert sorted(path.name for path in (tmp_path / folder).iterdir()) == sorted([*FILES, *DIAGNOSTICS])
    named = {"run", "diagnostics"}
    rows = [[{k: v for k, v in row.items() if k not in named} for row in each.json["runs"]] for each in (done, without)]
    assert rows[0] == rows[1]
    assert [row["diagnostics"] for row in done.json["runs"]] == [True, True]
    with open(tmp_path / folder / "diagnostics.csv", newline="") as file:
        table = [*csv.DictReader(file)]
    assert [*table[0]] == [*diagnostics.COLUMNS]
    assert {row["arm"] for row in table} == {"batchnorm", "no normalization"}
    figures = [
        (root / next(path for path in each.json["files"] if path.endswith("/figure.png"))).read_bytes()
        for root, each in ((tmp_path, done), (elsewhere, without))
    ]
    assert figures[0] == figures[1]


def test_a_variation_leaves_the_faithful_studys_folder_alone(call, tiny, tmp_path):
    for more in ([], ["--seed", 1], ["--seed", 1, "-s", "net.reg=0.1"], ["-s", "seed=231"]):
        assert call("compare", *tiny, *more, "-q", "-j", 1).status == 0
    names = sorted(path.name for path in (tmp_path / "results").iterdir() if path.name != "runs")
    base = "compare-batchnorm-synthetic-num_train-60-hidden_dims-8"
    assert names == sorted([f"{base}-num_epochs-2", f"{base}-seed-1-num_epochs-2", f"{base}-reg-0.1-seed-1-num_epochs-2"])


def test_out_names_another_folder(call, tmp_path):
    done = call("compare", "-s", "data.num_train=60", "-s", "net.hidden_dims=[4]", "--out", "here/there", "-j", 1, "-q")
    assert done == (0, "", "")
    assert [*(tmp_path / "here" / "there").glob("compare-batchnorm-*/figure.png")]
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_dry_run_lists_the_runs_and_writes_nothing(run, tiny, tmp_path):
    done = run("dropout", *tiny, "-s", "solver.batch_size=20", "-n")
    assert (done.status, done.err) == (0, "")
    assert "no dropout" in done.out
    assert "keep 0.25" in done.out
    assert "2 runs: 0 stored, 2 missing, 0 failed; nothing was run" in done.out
    assert [*tmp_path.iterdir()] == []


def test_a_dry_run_tells_which_runs_are_stored(finished, call, tiny):
    _, folder = finished

    def listed(*args):
        runs = call("compare", *tiny, "--out", folder / "results", "-n", "--json", *args).json["runs"]
        return [(run["stored"], run["to_do"]) for run in runs]

    assert listed() == [(True, False), (True, False)]
    assert listed("--norm", "layernorm") == [(False, True), (True, False)]
    assert listed("--force") == [(True, True), (True, True)]


def test_a_stored_run_is_not_done_again_unless_forced(call, tiny, tmp_path, finished):
    _, folder = finished
    shutil.copytree(folder / "results", tmp_path / "results")

    def stamps():
        return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "results" / "runs").rglob("*.json")}

    before = stamps()
    assert "(2 stored before)" in call("compare", *tiny, "-j", 1).out
    assert stamps() == before
    assert "stored before" not in call("compare", *tiny, "-j", 1, "--force").out
    assert stamps().keys() == before.keys()
    assert all(stamp > before[name] for name, stamp in stamps().items())


def test_quiet_prints_nothing_and_verbose_a_line_a_run_on_standard_error(run, call, tiny):
    assert call("compare", *tiny, "-q", "-j", 1) == (0, "", "")
    done = run("compare", *tiny, "-v", "--seed", 7, "--json", "-j", 2)
    lines = done.err.splitlines()
    assert len(lines) == 2
    named = {f"{row['arm']}, seed 7 ({row['run']}): finished in" for row in done.json["runs"]}
    assert {line.rpartition(" in ")[0] + " in" for line in lines} == named


def test_a_terminal_gets_a_bar_and_a_pipe_none(on_a_terminal, tiny):
    status, out, shown = on_a_terminal("compare", *tiny, "-j", 1, "--json")
    assert status == 0
    assert json.loads(out)["study"] == "compare"
    counts = re.findall(r"\d/2", shown)
    assert "0/2" in counts
    assert "2/2" in counts
    assert "runs/s" in shown


def test_a_terminal_gets_no_bar_if_all_is_to_be_quiet_or_nothing_is_to_do(on_a_terminal, tiny):
    assert on_a_terminal("compare", *tiny, "-j", 1, "-q") == (0, "", "")
    status, out, shown = on_a_terminal("compare", *tiny, "-j", 1)
    assert (status, shown) == (0, "2 runs: 2 stored, 0 missing, 0 failed\r\n")
    assert "2 stored before" in out


def test_an_option_wins_over_set_over_config_over_the_shipped_file(call, tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text("seed: 1\narms: {norm: layernorm}\nnet: {reg: 1e-3}\nsolver: {lr_decay: 0.9}\n")

    def spec(*args):
        return call("compare", "-n", "--json", *args).json["runs"][0]["spec"]

    assert spec()["seed"] == 231
    assert spec("--config", config)["seed"] == 1
    assert spec("-s", "seed=2", "--config", config)["seed"] == 2
    assert spec("--seed", 3, "-s", "seed=2", "--config", config)["seed"] == 3
    assert spec("-s", "seed=2", "-s", "seed=4")["seed"] == 4
    assert spec("--config", config)["net"]["normalization"] == "layernorm"
    assert spec("--config", config, "--norm", "batchnorm")["net"]["normalization"] == "batchnorm"
    assert spec("--config", config)["net"]["reg"] == 0.001
    assert spec("--config", config, "-s", "net.reg=2e-3")["net"]["reg"] == 0.002
    assert spec("--config", config)["solver"] == {**spec()["solver"], "lr_decay": 0.9}
    assert spec("--dataset", "synthetic", "-s", "data.dataset=cifar10")["data"]["dataset"] == "synthetic"


def test_a_flag_that_is_not_given_leaves_the_setting_alone(call, tmp_path):
    (tmp_path / "mine.yaml").write_text("arms: {equal_updates: true}\n")

    def epochs(*args):
        runs = call("sweep", "batch-size", "--replicates", 1, "-n", "--json", *args).json["runs"]
        return [run["spec"]["solver"]["num_epochs"] for run in runs]

    assert epochs() == [10, 10, 10, 10]
    assert epochs("--equal-updates") == epochs("--config", "mine.yaml") == [10, 20, 100, 10, 20, 100]
    assert epochs("--config", "mine.yaml", "-s", "arms.equal_updates=false") == [10, 10, 10, 10]
    assert epochs("-s", "arms.equal_updates=false", "--equal-updates") == [10, 20, 100, 10, 20, 100]


def test_diagnostics_may_be_set_like_any_setting(call, tmp_path):
    (tmp_path / "mine.yaml").write_text("diagnostics: true\n")

    def asked(*args):
        runs = call("compare", "-n", "--json", *args).json["runs"]
        return {run["spec"].get("diagnostics") for run in runs}

    assert asked() == {None}
    assert asked("--diagnostics") == asked("--config", "mine.yaml") == asked("-s", "diagnostics=true") == {True}
    assert asked("--config", "mine.yaml", "-s", "diagnostics=false") == {None}


def test_keep_is_repeatable_and_replaces_the_studys_own(call):
    runs = call("dropout", "--keep", "0.5", "--keep", "0.9", "--keep", "0.5", "--replicates", 1, "-n", "--json").json[
        "runs"
    ]
    arms = [(run["arm"], run["spec"]["net"]["keep_prob"]) for run in runs]
    assert arms == [("no dropout", 1), ("keep 0.5", 0.5), ("keep 0.9", 0.9)]


def test_close_values_of_keep_are_two_arms(call):
    """Their labels must differ, however many digits that takes."""
    done = call("dropout", "--keep", "0.25", "--keep", "0.2500001", "-n", "--json")
    assert done.err == ""
    assert len({run["arm"] for run in done.json["runs"]}) == 3


def test_a_fine_sweep_is_as_many_arms_as_it_has_scales(call):
    done = call("sweep", "weight-scale", "-s", "arms.num_weight_scales=2000", "--replicates", 1, "-n", "--json")
    assert done.err == ""
    assert len({run["arm"] for run in done.json["runs"]}) == 4000


def test_the_readme_of_the_results_names_every_column_and_file():
    text = (Path(__file__).parents[2] / "results" / "README.md").read_text(encoding="utf-8")
    assert [column.name for column in COLUMNS if f"`{column.name}`" not in text] == []
    files = [*FILES, *DIAGNOSTICS, *(name for names in MORE_FILES.values() for name in names)]
    assert [name for name in files if name not in text] == []


def test_the_readme_of_the_results_says_what_each_quantity_of_the_diagnostics_is():
    text = " ".join((Path(__file__).parents[2] / "results" / "README.md").read_text(encoding="utf-8").split())
    assert [name for name in diagnostics.COLUMNS if f"`{name}`" not in text] == []
    assert [name for name, each in QUANTITIES.items() if f"| `{name}` | {each.meaning} |" not in text] == []
