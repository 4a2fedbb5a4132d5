"""Replicates, claims and verdicts from the outside: options, exit statuses, and what is printed and left behind."""

import json

import pytest

from bnlab.studies.claims_file import read_claims

FIVE = ("--replicates", 5)
ONE = "claims:\n- {measure: best_val_acc, reason: a share lies between 0 and 1, "
SURE = ONE + "claim: It lies between 0 and 1, kind: within, margin: 1, of: batchnorm}\n"
NEVER = ONE + "claim: '{arm} is above 1', kind: more than, margin: 1, of: batchnorm}\n"
OPEN = ONE + "claim: There is no difference at all, kind: within, margin: 0, against: no normalization}\n"


@pytest.fixture
def tiny(tiny):
    """The same options without a number of replicates."""
    return [word for i, word in enumerate(tiny) if "replicates=1" not in (word, *tiny[i + 1 : i + 2])]


@pytest.fixture
def claims(tmp_path):
    def claims(text):
        (tmp_path / "mine.yaml").write_text(text)
        return "mine.yaml"

    return claims


def found(folder, study_folder):
    return json.loads((study_folder(folder / "results") / "findings.json").read_text())


def test_five_replicates_are_paired_and_judged(call, tiny, tmp_path, study_folder):
    done = call("compare", *tiny, "-j", 1)
    assert (done.status, done.err) == (0, "")
    document = found(tmp_path, study_folder)
    assert (document["replicates"], document["seed"], document["vary"], document["tests"]) == (5, 231, "seeds", 5)
    assert document["looks"] == [{"replicates": 5, "share": 1.0}]
    for claim in document["claims"]:
        assert (claim["n"], len(claim["values"])) == (5, 5)
        assert claim["confidence"] == pytest.approx(0.99)
        assert f"{claim['claim']}? {claim['sentence']}" in done.out
    assert "10 runs in " in done.out
    assert " ± " in done.out
    page = (study_folder(tmp_path / "results") / "findings.md").read_text()
    assert all(claim["sentence"] in page and claim["reason"] in page for claim in document["claims"])


def test_more_replicates_keep_the_runs_that_there_are(call, tiny, tmp_path, study_folder):
    assert call("compare", *tiny, "--replicates", 2, "-j", 1, "-q").status == 0
    done = call("compare", *tiny, "--replicates", 3, "-j", 1)
    assert "6 runs (4 stored before) in " in done.out
    assert found(tmp_path, study_folder)["claims"][0]["verdict"] == "undecided"


def test_claims_of_the_users_own_are_tested_with_the_studys(call, tiny, tmp_path, study_folder, claims):
    done = call("compare", *tiny, *FIVE, "--claims", claims(SURE), "-j", 1)
    assert (done.status, done.err) == (0, "")
    document = found(tmp_path, study_folder)
    assert document["tests"] == 6
    assert document["claims"][-1]["confidence"] == pytest.approx(1 - 0.05 / 6)
    assert document["claims"][-1]["verdict"] == "supported"
    assert "It lies between 0 and 1? " in done.out
    stated = study_folder(tmp_path / "results") / "claims.yaml"
    assert [claim.claim for claim in read_claims(stated)] == ["It lies between 0 and 1"]


@pytest.mark.parametrize(
    ("text", "fail_on", "status"),
    [(SURE, "contradicted", 0), (SURE, "undecided", 0), (NEVER, "contradicted", 3), (NEVER, "undecided", 3),
     (OPEN, "contradicted", 0), (OPEN, "undecided", 3)],
)  # fmt: skip
def test_a_verdict_may_be_an_error(call, tiny, tmp_path, claims, text, fail_on, status, study_folder):
    """The convnet's study has no claims of its own."""
    text = text.replace("batchnorm", "spatial_batchnorm")
    small = [
        *("--dataset", "synthetic", "-s", "data.num_train=60", "-s", "net.num_filters=2", "-s", "net.filter_size=3"),
        *("-s", "net.num_groups=2", "-s", "net.hidden_dim=4", "-s", "solver.num_epochs=1", "--norm", "spatial_batchnorm"),
    ]
    asked = ["--claims", claims(text), "--fail-on", fail_on]
    done = call("compare", "--model", "cnn", *small, *FIVE, *asked, "-j", 1, "-q")
    assert (done.status, done.out) == (status, "")
    assert done.err.startswith(f"Error: --fail-on {fail_on}: ") if status else done.err == ""
    assert (study_folder(tmp_path / "results") / "findings.md").exists()


def test_replicates_are_added_until_every_claim_is_decided(call, tiny, tmp_path, study_folder, claims):
    cnn = ("compare", "--model", "cnn", "--norm", "spatial_batchnorm", "--dataset", "synthetic", "-s", "data.num_train=60")
    small = ["-s", "net.num_filters=2", "-s", "net.filter_size=3", "-s", "net.hidden_dim=4", "-s", "solver.num_epochs=1"]
    until = ("--until-decided", "--max-replicates", 12, "-j", 1, "-q")
    assert call(*cnn, *small, "--claims", claims(SURE.replace("batchnorm", "spatial_batchnorm")), *until).status == 0
    document = found(tmp_path, study_folder)
    assert (document["replicates"], document["claims"][0]["look"]) == (5, 5)
    assert [look["replicates"] for look in document["looks"]] == [5, 10, 12]
    assert sum(look["share"] for look in document["looks"]) == pytest.approx(1)
    assert call(*cnn, *small, "--claims", claims(OPEN), *until).status == 0
    document = found(tmp_path, study_folder)
    assert (document["replicates"], document["claims"][0]["look"], document["claims"][0]["verdict"]) == (
        12,
        12,
        "undecided",
    )
    assert len([*(tmp_path / "results" / "runs").rglob("*.json")]) == 24


def test_forced_runs_are_done_once_each_however_many_looks(call, tiny, tmp_path, claims):
    until = ("--until-decided", "--max-replicates", 6, "-j", 1)
    first = call("compare", *tiny, *until, "--claims", claims(OPEN), "-q")
    assert first.status == 0
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "results" / "runs").rglob("*.json")}
    assert len(files) == 12
    done = call("compare", *tiny, *until, "--claims", claims(OPEN), "--force", "-v")
    assert "12 runs in " in done.out
    assert all(path.stat().st_mtime_ns > before for path, before in files.items())


def test_a_failed_run_makes_its_replicate_missing(call, tiny, tmp_path, study_folder, monkeypatch):
    from bnlab.engines import numpy as engine

    real = engine.train

    def fails_once(spec, data, draws):
        if spec.replicate == 2 and spec.net.normalization == "none":
            raise ValueError("out of luck")
        return real(spec, data, draws)

    monkeypatch.setattr(engine, "train", fails_once)
    done = call("compare", *tiny, *FIVE, "-j", 1, "--fail-on", "undecided")
    assert done.status == 1
    assert "no normalization, seed 231, replicate 2 (" in done.err
    for claim in found(tmp_path, study_folder)["claims"]:
        assert (claim["verdict"], claim["n"]) == ("undecided", 4)
        assert "failed" in claim["sentence"]


def test_other_images_for_each_replicate(call, tiny, tmp_path, study_folder):
    done = call("compare", *tiny, "--replicates", 2, "--vary", "images", "-j", 1, "--json")
    assert (done.status, done.err) == (0, "")
    assert study_folder(tmp_path / "results").name.endswith("vary-images")
    assert {row["images"] for row in done.json["runs"]} == {"drawn"}
    assert len({row["fingerprint"] for row in done.json["runs"]}) == 1
    assert "seeds and training images" in done.json["findings"][-1]
    again = call("compare", *tiny, "--replicates", 2, "--vary", "images", "-j", 2, "--json", "--force").json
    assert [row["best_val_acc"] for row in again["runs"]] == [row["best_val_acc"] for row in done.json["runs"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--replicates", 0], ["--replicates", "0", "at least 1"]),
        (["--replicates", 100_000_000], ["--replicates", "100000000", "at most 10000"]),
        (["--max-replicates", 20], ["--max-replicates", "without --until-decided"]),
        (["--until-decided", "--replicates", 7], ["--replicates", "--max-replicates"]),
        (["--until-decided", "-s", "replicates=7"], ["-s replicates", "--max-replicates"]),
        (["--until-decided", "--max-replicates", 4], ["--max-replicates", "4", "5<=x<=10000"]),
        (["--vary", "weights"], ["--vary", "weights", "seeds, images"]),
        (["--fail-on", "supported"], ["--fail-on", "supported", "contradicted"]),
        (["--claims", "nowhere.yaml"], ["claims file", "nowhere.yaml", "--claims"]),
    ],
)
def test_what_cannot_be_asked_is_refused(call, refused, options, words):
    refused(call("compare", "--dataset", "synthetic", *options), *words)


def test_an_option_about_claims_needs_a_claim(call, refused):
    for option in (["--until-decided"], ["--fail-on", "undecided"]):
        refused(call("compare", "--model", "cnn", "--dataset", "synthetic", *option), option[0], "--claims FILE")


def test_a_dry_run_until_decided_lists_the_most_that_it_may_take(call):
    done = call("compare", "--dataset", "synthetic", "--until-decided", "--max-replicates", 10, "-n")
    assert "at most 20 runs: 0 stored, 20 missing, 0 failed" in done.out
