"""`bnlab sweep KEY=V1,V2` from the outside: when it is the general form, what it leaves behind, what it refuses."""

import json

import pytest

SMALL = ("--dataset", "synthetic", "-s", "data.num_train=60", "-s", "net.hidden_dims=[8]", "-s", "solver.batch_size=20")
SMALL = (*SMALL, "-s", "solver.num_epochs=1", "-s", "replicates=1", "-j", "1")


def arms(done):
    return [run["arm"] for run in done.json["runs"]]


def test_it_leaves_what_every_study_leaves(call, tmp_path, study_folder):
    done = call("sweep", "net.reg=0,0.1,1", "net.normalization=batchnorm,layernorm", *SMALL)
    assert (done.status, done.err) == (0, "")
    folder = study_folder(tmp_path / "results")
    assert folder.name.startswith("sweep-reg-0-0.1-1-by-normalization-batchnorm-layernorm-synthetic-")
    assert {"figure.png", "figure.svg", "summary.json", "table.csv"} <= {path.name for path in folder.iterdir()}
    assert json.loads((folder / "summary.json").read_text())["study"] == "sweep"
    assert "6 runs in " in done.out
    listed = call("runs", "list", "--study", "sweep", "--json").json
    assert len(listed) == 6


def test_it_is_told_by_its_equals_sign_wherever_the_options_stand(call):
    plain = call("sweep", "net.reg=0,1", "-n", "--json", "--against", "net.normalization=none")
    assert plain.status == 0
    assert [*dict.fromkeys(arms(plain))] == [
        f"{curve}, reg {x}" for curve in ("batchnorm", "no normalization") for x in ("0.0", "1.0")
    ]
    for words in (
        ["--json", "-n", "--against", "net.normalization=none", "net.reg=0,1"],
        ["--against=net.normalization=none", "-n", "net.reg=0,1", "--json"],
        ["-n", "--json", "--out", "here", "net.reg=0,1", "--against", "net.normalization=none"],
        ["net.reg=0,1", "-n", "--json", "--against", "net.normalization=none", "--out", "depth"],
    ):
        assert call("sweep", *words) == plain


def test_the_named_sweeps_are_as_they_were(call):
    named = call("sweep", "depth", "-s", "net.reg=1", "-n", "--json").json
    assert named["study"] == "sweep depth"


def test_the_help_of_the_group_explains_it_with_an_example(call):
    text = " ".join(call("sweep", "--help").out.split())
    assert "bnlab sweep KEY=V1,V2" in text
    assert "The first KEY is the x axis." in text
    example = text.partition("For instance: ")[2].partition(" bnlab sweep KEY")[0].replace("\\ ", "")
    assert example.startswith("bnlab sweep net.")
    assert call(*example.split()[1:], "-n").status == 0
    assert call("sweep", "net.reg=0,1", "--help").out == call("sweep", "KEY=V1,V2", "--help").out


def test_the_example_of_its_own_help_is_right(call):
    text = " ".join(call("sweep", "KEY=V1,V2", "--help").out.split())
    words = text.partition("Example: bnlab ")[2].split()
    assert call(*words, "-n", "-q") == (0, "", "")


REFUSED = {
    "another name": (["lr=1e-3,1e-2"], ["lr=1e-3,1e-2: there is no setting lr: did you mean solver.learning_rate?"]),
    "an unknown option": (
        ["net.reg=0,1", "--lr", "1"],
        ["write -s solver.learning_rate=VALUE; bnlab settings sweep lists"],
    ),
    "a misspelt option": (["net.reg=0,1", "--agianst", "dtype=float64"], ["--agianst", "--against"]),
    "a name too": (["net.reg=0,1", "depth"], ["'depth' is no setting with values: write it as KEY=V1,V2"]),
    "x set too": (["net.reg=0,1", "-s", "net.reg=1"], ["-s net.reg: this study varies net.reg itself"]),
    "the help's own words": (["KEY=V1,V2"], ["KEY=V1,V2: there is no setting KEY"]),
    "a baseline alone": (["--against", "dtype=float64"], ["no KEY=V1,V2 is given"]),
    "options alone": (["-n"], ["-n", "bnlab sweep --help"]),
    "no equals sign": (["net.reg"], ["bnlab sweep has no command 'net.reg': there are weight-scale, "]),
    "a misspelt name": (["weigt-scale", "-s", "net.reg=1"], ["'weigt-scale'", "did you mean bnlab sweep weight-scale?"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_one_line(call, refused, case):
    arguments, words = REFUSED[case]
    refused(call("sweep", *arguments), *words)


def test_huge_numbers_are_no_traceback(call, refused):
    refused(call("sweep", f"data.num_train={10**400},5", "-s", "solver.batch_size=5"), "training images")
