"""Requests that can't be carried out: one line that names thing, value, what is allowed and the remedy; status 2."""

import json
from pathlib import Path

import pytest

ONE_LINE = {
    "unknown command": (["foo"], ["'foo'", "compare, dropout, gradcheck", "--help"]),
    "misspelt command": (["swep"], ["'swep'", "did you mean bnlab sweep?"]),
    "misspelt command in a group": (["sweep", "weigt-scale"], ["'weigt-scale'", "did you mean bnlab sweep weight-scale?"]),
    "command of a group": (["weight-scale"], ["'weight-scale'", "did you mean bnlab sweep weight-scale?"]),
    "command of another group": (["sweep", "list"], ["'list'", "did you mean bnlab runs list or bnlab data list?"]),
    "command outside the group": (["sweep", "compare"], ["'compare'", "did you mean bnlab compare?"]),
    "unknown option": (["compare", "--jbos", "2"], ["--jbos", "--jobs", "--help"]),
    "a time limit that is no number": (["compare", "--run-time-limit", "nan"], ["'nan' is no number", "0<x<=31536000"]),
    "a time limit without end": (["compare", "--run-time-limit", "inf"], ["inf", "0<x<=31536000"]),
    "a patience without end": (["data", "fetch", "cifar10", "--timeout", "1e300"], ["1e+300", "0<x<=31536000"]),
    "a rate that is no number": (["data", "fetch", "cifar10", "--min-rate", "nan"], ["'nan' is no number", "x>=0"]),
    "unknown data set": (
        ["compare", "--dataset", "cifar"],
        ["'cifar'", "fashion-mnist-mini, fashion-mnist, cifar10, synthetic", "did you mean 'cifar10'?"],
    ),
    "unknown norm": (["compare", "--norm", "groupnorm"], ["--norm", "'groupnorm'", "batchnorm, layernorm"]),
    "a norm of another model": (
        ["compare", "--model", "cnn", "--norm", "layernorm"],
        ["--norm", "'layernorm'", "all, spatial_batchnorm, spatial_groupnorm"],
    ),
    "unknown model": (["compare", "--model", "rnn"], ["--model", "'rnn'", "'mlp', 'cnn'"]),
    "an even filter": (["compare", "--model", "cnn", "-s", "net.filter_size=4"], ["filter_size is 4", "odd"]),
    "groups that don't divide": (
        ["compare", "--model", "cnn", "-s", "net.num_groups=5"],
        ["32 channels", "5 groups", "32 = 6 * 5 + 2", "divisor of 32"],
    ),
    "a setting of another model": (
        ["compare", "--model", "cnn", "-s", "net.hidden_dims=[3]"],
        ["net.hidden_dims", "did you mean net.hidden_dim?"],
    ),
    "a misspelt norm": (["compare", "--norm", "bachnorm"], ["--norm", "'bachnorm'", "did you mean batchnorm?"]),
    "no norm": (["sweep", "batch-size", "--norm", "none"], ["--norm", "'none'", "batchnorm, layernorm"]),
    "unknown layer": (["gradcheck", "relu", "batchnrm"], ["'batchnrm'", "affine, relu", "did you mean batchnorm?"]),
    "unknown group": (["verify", "batchnrm"], ["'batchnrm'", "batchnorm_backward, ", "did you mean batchnorm?"]),
    "one group unknown": (["verify", "layernorm", "initial_lsos"], ["'initial_lsos'", "did you mean initial_loss?"]),
    "no name of a group": (["verify", ""], ["''", "layernorm_forward"]),
    "jobs of verify": (["verify", "-j", "0"], ["--jobs", "0", "x>=1"]),
    "no data folder for verify": (["verify", "--data-dir", "nope"], ["nope", "does not exist", "name a folder"]),
    "no name of a results folder": (["verify", "--out", ""], ["--out", "the name is empty", "such as results"]),
    "no name of a data folder": (["data", "list", "--data-dir", " "], ["--data-dir", "the name is empty"]),
    "unknown key": (["compare", "-s", "net.rge=1"], ["net.rge", "did you mean net.reg?"]),
    "key without its section": (["compare", "-s", "batch_size=1"], ["batch_size", "did you mean solver.batch_size?"]),
    "unlike any key": (["compare", "-s", "xyz=1"], ["xyz", "solver.batch_size", "net.reg"]),
    "a key that the study varies": (
        ["compare", "-s", "net.normalization=none"],
        ["net.normalization", "set arms.norm instead"],
    ),
    "no key": (["compare", "-s", "=1"], ["'=1'", "key.path=value"]),
    "no value": (["compare", "-s", "net.reg"], ["'net.reg'", "key.path=value"]),
    "a value that is no YAML": (["compare", "-s", "net.reg=["], ["net.reg", "not YAML"]),
    "a section given a number": (["compare", "-s", "net=3"], ["-s net", " 3 "]),
    "a section set to nothing": (["compare", "-s", "net="], ["-s net", "null", "net.hidden_dims"]),
    "keep 0": (["dropout", "--keep", "0"], ["--keep", "0.0", "above 0", "[0.25]"]),
    "keep 1.2": (["dropout", "--keep", "1", "--keep", "1.2"], ["--keep", "1.2", "at most 1"]),
    "keep negative": (["dropout", "--keep=-0.5"], ["--keep", "-0.5", "above 0"]),
    "keep nan": (["dropout", "--keep", "nan"], ["--keep", "nan", "above 0"]),
    "keep no number": (["dropout", "--keep", "half"], ["--keep", "'half'", "--help"]),
    "no keep": (["dropout", "-s", "arms.keep=[]"], ["arms.keep", "[]", "at least 1"]),
    "jobs 0": (["compare", "-j", "0"], ["--jobs", "0", "x>=1"]),
    "jobs negative": (["compare", "--jobs=-2"], ["--jobs", "-2", "x>=1"]),
    "jobs no number": (["compare", "-j", "many"], ["--jobs", "'many'"]),
    "batch 0": (["compare", "-s", "solver.batch_size=0"], ["solver.batch_size", " 0 ", "at least 1", "50"]),
    "batch above the images": (["compare", "-s", "solver.batch_size=2000"], ["2000", "1 to 1000", "data.num_train"]),
    "batches above the images": (["sweep", "batch-size", "-s", "arms.batch_sizes=[5, 2000]"], ["2000", "1 to 1000"]),
    "one of the batches 0": (["sweep", "batch-size", "-s", "arms.batch_sizes=[5, 0]"], ["arms.batch_sizes", " 0 "]),
    "baseline batch": (["sweep", "batch-size", "-s", "arms.baseline_batch_size=0"], ["arms.baseline_batch_size", "0"]),
    "batch of one, population statistics": (
        ["compare", "-s", "solver.batch_size=1", "-s", "solver.statistics=population"],
        ["batch size 1", "at least 2", "solver.statistics=running"],
    ),
    "scale 0": (["compare", "-s", "net.weight_scale=0"], ["net.weight_scale", " 0 ", "above 0", "0.02"]),
    "scale negative": (["compare", "-s", "net.weight_scale=-1"], ["net.weight_scale", "-1", "above 0"]),
    "scale infinite": (["compare", "-s", "net.weight_scale=.inf"], ["net.weight_scale", "inf", "above 0"]),
    "scale above the numbers": (["compare", "-s", "net.weight_scale=1e400"], ["net.weight_scale", "inf", "above 0"]),
    "lowest scale 0": (["sweep", "weight-scale", "-s", "arms.lowest_weight_scale=0"], ["lowest_weight_scale", "0.0001"]),
    "lowest scale above": (["sweep", "weight-scale", "-s", "arms.lowest_weight_scale=10"], ["10", "highest", "lower one"]),
    "no scales": (["sweep", "weight-scale", "-s", "arms.num_weight_scales=0"], ["num_weight_scales", "20"]),
    "seed negative": (["compare", "--seed", "-1"], ["--seed", "-1", "at least 0", "231"]),
    "seed negative by -s": (["compare", "-s", "seed=-1"], ["-s seed", "-1", "at least 0"]),
    "seed no whole number": (["compare", "--seed", "1.5"], ["--seed", "'1.5'"]),
    "seed of gradcheck": (["gradcheck", "--seed", "-1"], ["--seed", "-1", "0<=x"]),
    "no images": (["compare", "-s", "data.num_train=0"], ["data.num_train", " 0 ", "1000"]),
    "too many images": (["compare", "-s", "data.num_train=5000"], ["5,000", "4,000", "at most 4000"]),
    "no layers": (["compare", "-s", "net.hidden_dims=[]"], ["net.hidden_dims", "[]", "at least 1"]),
    "layer of width 0": (["compare", "-s", "net.hidden_dims=[10, 0]"], ["net.hidden_dims", " 0 "]),
    "epochs 0": (["compare", "-s", "solver.num_epochs=0"], ["solver.num_epochs", "10"]),
    "epochs no whole number": (["compare", "-s", "solver.num_epochs=1.5"], ["solver.num_epochs", "1.5", "whole number"]),
    "rate 0": (["compare", "-s", "solver.learning_rate=0"], ["solver.learning_rate", "above 0"]),
    "true for a number": (["compare", "-s", "seed=true"], ["seed", "true", "whole number"]),
    "text for a number": (["compare", "-s", "net.reg='1'"], ["net.reg", "'1'", "number"]),
    "unknown rule": (["compare", "-s", "solver.update_rule=adamm"], ["adamm", "sgd_momentum, rmsprop, adam"]),
    "unknown dtype": (["compare", "-s", "dtype=float16"], ["dtype", "float16", "float32, float64"]),
    "unknown engine": (["compare", "-s", "engine=abacus"], ["engine", "abacus", "numpy", "torch"]),
    "an engine's option, wrong": (["compare", "--engine", "touch"], ["--engine", "touch", "did you mean torch?"]),
    "a device without an engine for it": (["compare", "--device", "cuda"], ["device", "numpy", "cuda", "torch"]),
    "no settings file": (["compare", "--config", "nope.yaml"], ["nope.yaml", "No such file", "--config"]),
    "a folder for a settings file": (["compare", "--config", "."], ["settings file", "directory", "--config"]),
    "no data folder": (["compare", "--data-dir", "nope"], ["nope", "does not exist", "name a folder"]),
    "no files of the data set": (["compare", "--dataset", "cifar10"], ["cifar10", "no-cache", "data_batch_1.bin"]),
}


@pytest.mark.parametrize("case", ONE_LINE)
def test_a_wrong_request_is_refused_in_one_line(call, refused, case):
    arguments, words = ONE_LINE[case]
    refused(call(*arguments), *words)


def test_a_real_process_does_the_same(run, refused):
    arguments, words = ONE_LINE["unknown data set"]
    refused(run(*arguments, "--json"), *words)


@pytest.mark.parametrize("case", ["unknown data set", "unknown key", "keep 0", "batch above the images", "scale 0"])
def test_a_dry_run_refuses_the_same(call, refused, case):
    arguments, words = ONE_LINE[case]
    refused(call(*arguments, "-n"), *words)


FILES = {
    "no YAML": ("net: [\n", ["line 2", "not YAML"]),
    "two documents": ("seed: 1\n---\nseed: 2\n", ["not YAML"]),
    "a list": ("- seed\n", ["list", "mapping", "seed: 231"]),
    "a number": ("42\n", ["int", "mapping"]),
    "a text": ("seed=1\n", ["str", "mapping"]),
    "a key twice": ("seed: 1\nseed: 2\n", ["'seed'", "twice", "line 1"]),
    "a key twice in a section": ("seed: 1\nnet:\n  reg: 1\n  reg: 1\n", ["'reg'", "twice"]),
    "a wrong type": ("solver:\n  batch_size: many\n", ["solver.batch_size", "'many'", "whole number", "50"]),
    "a wrong type in a list": ("net: {hidden_dims: [8, a]}\n", ["net.hidden_dims", "'a'", "whole number"]),
    "a date": ("seed: 2001-01-01\n", ["seed", "2001-01-01", "whole number"]),
    "nothing for a section": ("net:\n", ["net", "null"]),
    "an unknown key": ("net: {rge: 1}\n", ["net.rge", "did you mean net.reg?"]),
    "a key that is a number": ("1: 2\n", ["there is no setting 1"]),
    "a key that is a list": ("? [1]\n: 2\n", ["not YAML"]),
    "a Python object": ("net: {reg: !!python/object/apply:os.system [touch ran]}\n", ["not YAML", "os.system"]),
    "a section that holds itself": ("net: &n {reg: *n}\n", []),
    "a list that holds itself": ("net: {hidden_dims: &a [*a]}\n", []),
    "brackets without end": ("net: " + "[" * 600, ["not YAML"]),
    "a number without end": ("seed: " + "9" * 5000, ["mine.yaml"]),
}


@pytest.mark.parametrize("case", FILES)
def test_a_wrong_settings_file_is_refused_in_one_line(call, refused, tmp_path, case):
    text, words = FILES[case]
    (tmp_path / "mine.yaml").write_text(text)
    refused(call("compare", "--config", "mine.yaml"), "mine.yaml", *words, made={"mine.yaml"})


@pytest.mark.parametrize("content", [b"\x00\x01", b"\xff\xfe\x00"])
def test_a_settings_file_that_is_no_text_is_refused(call, refused, tmp_path, content):
    (tmp_path / "mine.yaml").write_bytes(content)
    refused(call("compare", "--config", "mine.yaml"), "mine.yaml", made={"mine.yaml"})


def test_duplicate_keys_are_not_called_a_matter_of_quotes_and_spaces(call, tmp_path):
    (tmp_path / "mine.yaml").write_text("seed: 1\nseed: 2\n")
    assert "quote texts" not in call("compare", "--config", "mine.yaml").err


def test_all_errors_of_a_file_come_at_once(call):
    Path("mine.yaml").write_text('{solver: {batch_size: "50"}, seed: abc, foo: 1}\n')
    done = call("compare", "--config", "mine.yaml")
    assert (done.status, done.out) == (2, "")
    errors = [line.split(": ")[:3] for line in done.err.splitlines()]
    assert errors == [["Error", "mine.yaml", key] for key in ("solver.batch_size", "seed", "foo")]


def test_two_unknown_keys_are_two_lines(call):
    done = call("compare", "-s", "net.rge=1", "-s", "solver.epochs=1")
    assert done.status == 2
    assert [line.split(":")[1] for line in done.err.splitlines()] == [" -s net.rge", " -s solver.epochs"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "net: {reg: 1e-3}\n", "net:\n  reg: 1.0E-3\n", "net.reg: 1e-3\n"])
def test_a_right_settings_file_is_accepted(call, tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text)
    done = call("compare", "--config", "mine.yaml", "-n", "--json")
    assert done.json["runs"][0]["spec"]["net"]["reg"] == (0.001 if "e-3" in text.lower() else 0)


FOREIGN = {
    "empty": (b"", ["it is empty", "0 bytes"]),
    "truncated": (bytes(3073 * 1010 - 1), ["3,072 bytes over", "3,073"]),
    "foreign": (b"PK\x03\x04 this is something else" * 500, ["bytes over", "3,073"]),
    "labels beyond 9": (bytes([200]) * 3073 * 1010, ["label 200", "0 to 9"]),
    "too few images": (bytes(3073 * 1000), ["1,000", "at least 1,001"]),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_wrong_data_file_is_refused(call, refused, tmp_path, case):
    content, words = FOREIGN[case]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "data_batch_1.bin").write_bytes(content)
    small = ["-s", "data.num_train=10", "-s", "solver.batch_size=5"]
    done = call("compare", "--dataset", "cifar10", "--data-dir", "data", *small)
    file = "cifar10" if case == "too few images" else "data_batch_1.bin"
    refused(done, file, *words, made={"data", "data/data_batch_1.bin"})


def test_a_malicious_pickle_is_refused_and_not_run(call, refused, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "data_batch_1").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    done = call("compare", "--dataset", "cifar10", "--data-dir", "data")
    refused(done, "data_batch_1", "os.system", "nothing of it was run", made={"data", "data/data_batch_1"})


def test_a_section_set_to_an_empty_one_stays_as_it_was(call):
    assert call("compare", "-s", "net={}", "-n", "--json").json == call("compare", "-n", "--json").json


@pytest.mark.parametrize("out", ["file", "file/below", "/proc/bnlab", "/dev/null"])
def test_a_results_folder_that_cant_be_written_is_refused(call, refused, tmp_path, tiny, out):
    (tmp_path / "file").write_text("mine\n")
    refused(call("compare", *tiny, "--out", out), f"can't write {out}", "--out", made={"file"})
    assert (tmp_path / "file").read_text() == "mine\n"


def test_a_results_folder_without_permission_is_refused(run, refused, tmp_path, tiny):
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut").chmod(0o555)
    try:
        (tmp_path / "shut" / "probe").touch()
    except PermissionError:
        refused(run("compare", *tiny, "--out", "shut"), "shut", "Permission denied", "--out", made={"shut"})
    else:
        pytest.skip("this user may write anywhere")


def test_a_file_in_the_place_of_a_folder_inside_is_refused(call, tmp_path, tiny):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "runs").write_text("")
    done = call("compare", *tiny, "-j", 1)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "can't write" in done.err


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_net_too_large_is_a_run_that_failed(call, tiny, tmp_path, jobs):
    """The request is right, so the status is 1."""
    done = call("compare", *tiny, "-s", f"net.hidden_dims=[{10**20}]", "-j", jobs)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: a run failed: batchnorm, seed 231 (")
    assert "ValueError" in done.err
    assert done.err.splitlines()[-1].startswith("Error: failed runs are recorded, and the same command tries them again")
    assert {json.loads(file.read_text())["status"] for file in tmp_path.rglob("*.json")} == {"failed"}
    assert not [*tmp_path.rglob("*.png")]


def test_where_a_run_failed_is_told_with_v(run, tiny):
    done = run("compare", *tiny, "-s", f"net.hidden_dims=[{10**20}]", "-j", 1, "-v")
    assert done.status == 1
    assert "Traceback" in done.err
    assert done.err.splitlines()[-2].startswith("Error: a run failed: no normalization, seed 231 (")
