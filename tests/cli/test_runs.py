"""`bnlab runs`: what is stored is found again, and nothing is changed by looking."""

import csv
import io
import json
import sys
import time

import pytest
import yaml

from bnlab.lab.files import json_bytes
from bnlab.lab.store import Store
from bnlab.report.table import NAMES
from bnlab.runs.spec import RunSpec
from tests.cli.conftest import write_study


def names(rows, specs):
    """The runs of these rows, in order, by their names above."""
    back = {spec.name: name for name, spec in specs.items()}
    return [back[row["run"]] for row in rows]


SELECTIONS = {
    "all": ([], ["batchnorm", "none", "layernorm", "none", "none", "wild", "none", "loose"]),
    "a study": (["--study", "compare"], ["batchnorm", "none", "layernorm", "none"]),
    "a folder": (["--study", "compare-layernorm"], ["layernorm", "none"]),
    "a study that isn't in the registry": (["--study", "sweep cooling"], ["none", "wild"]),
    "a study without runs": (["--study", "dropout"], []),
    "verify": (["--study", "verify"], ["none"]),
    "an arm": (["--arm", "Norm"], ["batchnorm", "none", "layernorm", "none"]),
    "an arm of a study": (["--study", "rates", "--arm", "rate 10"], ["wild"]),
    "finished": (["--status", "finished"], ["batchnorm", "none", "none", "none", "none", "loose"]),
    "diverged": (["--status", "diverged"], ["wild"]),
    "failed, of a study": (["--study", "compare", "--status", "failed"], ["layernorm"]),
}


@pytest.mark.parametrize("case", SELECTIONS)
def test_runs_are_listed_by_study_arm_and_status(call, results, specs, case):
    arguments, expected = SELECTIONS[case]
    done = call("runs", "list", *arguments, "--json")
    assert (done.status, done.err) == (0, "")
    assert names(done.json, specs) == expected


def test_the_table_is_short(call, results, specs):
    done = call("runs", "list")
    assert (done.status, done.err) == (0, "")
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    name = {key: spec.name[:8] for key, spec in specs.items()}
    assert rows[1] == "run folder arm seed replicate status best val acc final loss"
    assert rows[3:] == [
        f"{name['batchnorm']} compare-batchnorm batchnorm 231 0 finished 0.300 2.25",
        f"{name['none']} compare-batchnorm no normalization 231 0 finished 0.300 2.25",
        f"{name['layernorm']} compare-layernorm layernorm 231 0 failed - -",
        f"{name['none']} compare-layernorm no normalization 231 0 finished 0.300 2.25",
        f"{name['none']} rates rate 1e 3 231 0 finished 0.300 2.25",
        f"{name['wild']} rates rate 10 231 0 diverged 0.100 inf",
        f"{name['none']} verify a, log 231 0 finished 0.300 2.25",
        f"{name['loose']} - - 7 2 finished 0.300 2.25",
        "",
        "5 runs stored in results; those of several folders or arms have a row for each",
    ]


def test_the_table_names_engines_where_there_are_several(call, results, make_spec, make_history):
    other = make_spec(engine="torch")
    Store(results).save(make_history(other))
    rows = [line.split() for line in call("runs", "list").out.splitlines()]
    assert rows[1][:6] == ["run", "folder", "arm", "engine", "seed", "replicate"]
    assert [other.name[:8], "-", "-", "torch", "231", "0", "finished", "0.300", "2.25"] in rows
    assert sum("numpy" in row for row in rows) == 8


def test_a_narrow_terminal_keeps_what_tells_runs_apart(call, results, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda self: True)
    lines = call("runs", "list").out.splitlines()
    assert max(map(len, lines)) <= 70
    head = " ".join(lines[: next(i for i, line in enumerate(lines) if "─" in line)]).split()
    assert {"run", "folder", "arm", "seed", "status"} <= {*head}
    assert "replicate" not in head


def test_the_csv_of_a_study_is_its_table_with_the_study_in_front(call, finished):
    _, folder = finished
    done = call("runs", "list", "--csv", "--out", folder / "results")
    [table] = (folder / "results").glob("compare-*/table.csv")
    head, *lines = table.read_text().splitlines()
    assert done.out.splitlines() == [f"study,folder,{head}", *(f"compare,{table.parent.name},{line}" for line in lines)]


def test_json_has_the_columns_of_the_csv(call, results):
    rows = call("runs", "list", "--json").json
    assert [*rows[0]] == ["study", "folder", *NAMES]
    assert (rows[-1]["study"], rows[-1]["arm"]) == (None, None)
    [diverged] = call("runs", "list", "--json", "--status", "diverged").json
    assert (diverged["final_loss"], diverged["diverged_at"]) == (None, 2)


def test_the_curves_in_long_form(call, results, specs, make_history):
    done = call("runs", "list", "--curves", "--study", "compare-batchnorm")
    rows = [*csv.DictReader(io.StringIO(done.out))]
    assert {*names(rows, specs)} == {"batchnorm", "none"}  # the one that failed has no curves
    losses = [row for row in rows if row["kind"] == "loss" and row["arm"] == "no normalization"]
    assert [float(row["value"]) for row in losses] == make_history().outcome.loss_history
    first = {"run": specs["none"].name, "study": "compare", "folder": "compare-batchnorm", "arm": "no normalization"}
    first |= {"seed": "231", "replicate": "0"}
    assert losses[2] == first | {"kind": "loss", "iteration": "3", "epoch": "1.0", "value": "2.3"}
    last = [*csv.DictReader(io.StringIO(call("runs", "list", "--curves", "--status", "diverged").out))]
    assert [row["value"] for row in last if row["kind"] == "loss"] == ["2.5", ""]


def test_files_that_cant_be_used_are_named_and_left_and_the_rest_is_listed(call, results, specs):
    store = Store(results)
    old, damaged = store.path(specs["batchnorm"]), store.path(specs["none"])
    old.write_text(json.dumps({**json.loads(old.read_text()), "schema": 1, "spec": {}}))
    damaged.write_bytes(damaged.read_bytes()[:100])
    summary = results / "rates" / "summary.json"
    summary.write_text("[]")
    (old.parent / "notes.json").write_text("not a run")
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    done = call("runs", "list", "--json")
    assert done.status == 0
    assert names(done.json, specs) == [
        "layernorm",
        *(n for n in sorted(specs, key=lambda n: specs[n].name) if n in ("wild", "loose")),
    ]
    lines = done.err.splitlines()
    assert {line.partition(" ")[0] for line in lines} == {
        str(path.relative_to(results.parent)) for path in (old, damaged, summary)
    }
    assert len(lines) == 3
    assert "schema 1 where 2 was expected" in done.err
    assert {path: path.read_bytes() for path in results.rglob("*") if path.is_file()} == before


def test_a_thousand_runs_are_listed_in_two_seconds(call, tmp_path, make_history, make_spec):
    store = Store(tmp_path / "results")
    specs = [make_spec(seed=seed, num_epochs=60) for seed in range(1000)]
    for spec in specs:
        store.path(spec).parent.mkdir(parents=True, exist_ok=True)
        store.path(spec).write_bytes(json_bytes(make_history(spec, val=[0.5] * 61, train=[0.5] * 61).to_json()))
    write_study(store.root, "many", "compare", **{f"seed_{spec.seed}": spec for spec in specs})
    start = time.process_time()
    done = call("runs", "list")
    assert time.process_time() - start < 2
    assert "1,000 runs stored in results\n" in done.out
    assert [line.split()[3] for line in done.out.splitlines()[3:6]] == ["0", "1", "2"]


def sections(out):
    """The settings and the outcome that were printed, which are YAML."""
    return yaml.safe_load(out.split("\n\n")[1])


@pytest.mark.parametrize("name", ["none", "loose", "wild", "convnet"])
def test_show_gives_all_settings(call, results, specs, make_convnet, make_history, name):
    """From what is printed the very run can be built again."""
    spec = make_convnet("spatial_groupnorm") if name == "convnet" else specs[name]
    if name == "convnet":
        Store(results).save(make_history(spec))
    shown = sections(call("runs", "show", spec.name[:8]).out)
    del shown["outcome"]
    assert RunSpec.from_json(shown) == spec


def test_show_says_where_the_run_lies_and_belongs_and_how_it_ended(call, results, specs):
    name = specs["none"].name
    out = call("runs", "show", name[:6].upper()).out
    assert out.split("\n\n")[0].splitlines() == [
        f"results/runs/{name[:2]}/{name}.json",
        "compare: no normalization (results/compare-batchnorm)",
        "compare: no normalization (results/compare-layernorm)",
        "sweep cooling: rate 1e 3 (results/rates)",
        "verify: a, log (results/verify)",
    ]
    accuracies = {"best_train_acc": 0.3, "final_train_acc": 0.3, "best_val_acc": 0.3, "final_val_acc": 0.3}
    outcome = {"status": "finished", "iterations": 6, "final_loss": 2.25, **accuracies, "seconds": 0.25}
    assert sections(out)["outcome"] == pytest.approx(outcome)
    assert out.split("\n\n")[2].splitlines() == [
        "training loss             2.5 █▇▅▄▂▁ 2",
        "validation accuracy       0.1 ▁▄█ 0.3",
    ]


def test_show_marks_what_is_at_its_default(call, results, specs):
    lines = call("runs", "show", specs["wild"].name).out.splitlines()
    comments = {line.split(":")[0].strip(): line.endswith("# default") for line in lines if ": " in line}
    assert (comments["update_rule"], comments["momentum"], comments["engine"]) == (False, True, True)


def test_show_of_runs_that_did_not_finish(call, results, specs):
    failed = call("runs", "show", specs["layernorm"].name).out
    assert sections(failed)["outcome"] == {"status": "failed", "error": "MemoryError: no room", "seconds": 0.5}
    assert len(failed.split("\n\n")) == 2  # no curves
    diverged = call("runs", "show", specs["wild"].name).out
    assert sections(diverged)["outcome"]["diverged_at"] == 2
    assert "training loss             2.5 ▁x nan\n" in diverged


def test_show_draws_in_ascii_where_the_encoding_lacks_blocks(run, results, specs):
    run.env["PYTHONIOENCODING"] = "ascii"
    done = run("runs", "show", specs["none"].name)
    assert (done.status, done.err) == (0, "")
    assert "training loss             2.5 @#+=:. 2\n" in done.out


def test_show_json_is_the_file(call, results, specs):
    done = call("runs", "show", specs["none"].name[:8], "--json")
    assert done.out == Store(results).path(specs["none"]).read_text()


def test_diff_gives_what_differs_and_nothing_else(call, results, specs):
    done = call("runs", "diff", specs["none"].name[:8], specs["wild"].name[:8])
    assert (done.status, done.err) == (0, "")
    head, _, *rows = [" ".join(line.split()) for line in done.out.splitlines() if line]
    assert head == f"{specs['none'].name[:8]} {specs['wild'].name[:8]}"
    assert rows == [
        "solver.learning_rate 0.001 10.0",
        "solver.update_rule adam sgd_momentum",
        "solver.beta1 0.9 -",
        "solver.beta2 0.999 -",
        "solver.epsilon 1.0e-08 -",
        "solver.momentum - 0.9",
        "status finished diverged",
        "iterations 6 2",
        "final_loss 2.25 .inf",
        "best_train_acc 0.30000000000000004 0.1",
        "final_train_acc 0.30000000000000004 0.2",
        "best_val_acc 0.30000000000000004 0.1",
        "final_val_acc 0.30000000000000004 0.2",
        "diverged_at - 2",
    ]


def test_diff_json(call, results, specs):
    pair = [specs["none"].name, specs["wild"].name]
    document = call("runs", "diff", *pair, "--json").json
    assert document["runs"] == pair
    assert document["settings"]["solver.momentum"] == [None, 0.9]
    assert document["outcome"]["final_loss"] == [2.25, None]


def test_a_run_does_not_differ_from_itself(call, results, specs):
    assert call("runs", "diff", specs["none"].name[:4], specs["none"].name) == (0, "nothing differs\n", "")


REFUSED = {
    "an unknown study": (["list", "--study", "compair"], ["'compair'", "compare, ", "did you mean compare?"]),
    "two forms": (["list", "--csv", "--json"], ["--json, --csv and --curves", "give one"]),
    "an unknown status": (["list", "--status", "done"], ["'done'", "'finished', 'diverged', 'failed'"]),
    "no results folder": (["list", "--out", "nope"], ["no results folder nope", "--out"]),
    "too few digits": (["show", "abc"], ["'abc'", "first 4 digits"]),
    "no digits of a hash": (["show", "wxyz"], ["'wxyz'", "0-9, a-f"]),
    "an unknown run": (["show", "0123456789"], ["no run in results begins with '0123456789'", "bnlab runs list"]),
    "one unknown run": (["diff", "0123456789", "0123"], ["'0123456789'"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_one_line(call, results, refused, case):
    arguments, words = REFUSED[case]
    refused(call("runs", *arguments), *words)


def test_an_ambiguous_prefix_names_what_matches(call, results):
    for name in ("abcd1234" + "0" * 24, "abcd1234" + "1" * 24, "abcde" + "2" * 27):
        (results / "runs" / "ab").mkdir(exist_ok=True)
        (results / "runs" / "ab" / f"{name}.json").touch()
    done = call("runs", "show", "abcd1")
    assert (done.status, done.out) == (2, "")
    assert done.err == "Error: 2 runs begin with 'abcd1': abcd12340, abcd12341; give more digits\n"
    done = call("runs", "diff", "abcde", "abcde")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "is damaged or of another version" in done.err
