"""From the files of a results folder to what the page says; damaged files are named and left out."""

import re
from dataclasses import replace

import pytest

from bnlab.errors import StoreError
from bnlab.report.page import gather


def test_all_of_a_folder_is_there(folder):
    book = gather(folder, order=("sweep weight-scale", "compare"))
    assert [(study.number, study.study) for study in book.studies] == [(1, "sweep weight-scale"), (2, "compare")]
    scale, compare = book.studies
    assert [picture.name for picture in scale.pictures] == ["figure", "signal"]
    assert scale.replicates == 1
    assert [len(picture.numbers) for picture in (*scale.pictures, *compare.pictures)] == [3, 4, 3]
    assert [arm.label for arm in compare.arms] == ["batchnorm", "no normalization"]
    assert [claim.replicates for claim in compare.claims] == [5] * 5
    assert compare.remarks == ("5 replicates of seed 231, which differ in their seeds.",)
    assert compare.changed["net.hidden_dims"] == "[8, 8]"
    assert book.verify.counts == {"agrees": 1, "disagrees": 1, "skipped": 1}
    assert [row["ok"] for row in book.gradcheck.rows] == [True, False]
    assert book.left_out == ()


def test_the_numbers_are_those_of_findings_json(folder, study, change):
    def other(document):
        document["claims"][0].update(mean=0.5, low=0.4, high=0.6, verdict="contradicted", which="because")

    change(study / "findings.json", other)
    first = gather(folder).studies[0].claims[0]
    assert (first.effect, first.range, first.verdict, first.which) == (".500", ".400 to .600", "contradicted", "because")


DAMAGES = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda text: b"",
    "a list": lambda text: b"[1, 2]",
    "no text": lambda text: b"\xff\xfe\x00",
    "deep": lambda text: b"[" * 100_000,
    "other keys": lambda text: b'{"claims": [{}], "rows": [{}], "counts": {"a": "b"}}',
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["findings.json", "figure.svg", "../verify/verify.json", "../gradcheck/gradcheck.json"])
def test_a_damaged_file_is_named_and_left_out(folder, study, name, damage):
    path = (study / name).resolve()
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    book = gather(folder)
    [problem] = book.left_out
    assert problem.startswith(f"{path.relative_to(folder.resolve())} is damaged and left out: ")
    assert "\n" not in problem
    assert len(book.studies) == 2


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_study_with_a_damaged_summary_is_left_out(folder, study, damage):
    path = study / "summary.json"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    book = gather(folder)
    assert [each.study for each in book.studies] == ["sweep weight-scale"]
    assert len(book.left_out) == 1


@pytest.mark.parametrize("text", ['arm,curve\n"a', "", None])
@pytest.mark.parametrize("name", ["arms.csv", "figure-numbers.csv"])
def test_a_damaged_empty_or_missing_table_is_left_out_and_told(folder, study, name, text):
    (study / name).unlink()
    if text is not None:
        (study / name).write_text(text, encoding="utf-8")
    book = gather(folder, ("compare",))
    [problem] = book.left_out
    assert problem.startswith(f"{study.name}/{name} is {'missing: ' if text is None else 'damaged and left out: '}")
    [found, *_] = book.studies
    assert (found.unread, found.pictures[0].unread) == ((name,) * (name == "arms.csv"), name != "arms.csv")


NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "1e10", '"0.5"', "true and", "0.5"]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_that_a_claim_can_have_is_damage(folder, study, value):
    """The last one lies above the interval that it is the lower end of."""
    path = study / "findings.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"low": [^,]*', f'"low": {value}', text, count=1), encoding="utf-8")
    found = gather(folder, ("compare",))
    assert found.left_out[0].startswith(f"{study.name}/findings.json is damaged and left out: ")
    assert len(found.left_out[0]) < 200
    assert found.studies[0].claims_unread


def test_rules_that_cannot_be_told_are_damage(folder, study, change):
    change(study / "findings.json", lambda document: document.pop("looks"))
    assert "looks" in gather(folder).left_out[0]


@pytest.mark.parametrize("key", ["verdict", "claim", "n"])
def test_a_claim_without_its_parts_is_damage(folder, study, change, key):
    change(study / "findings.json", lambda document: document["claims"][1].pop(key))
    assert key in gather(folder).left_out[0]


@pytest.mark.parametrize("value", ["maybe", None, 5])
def test_a_verdict_that_there_is_not_is_damage(folder, study, change, value):
    change(study / "findings.json", lambda document: document["claims"][1].update(verdict=value))
    assert "there is no verdict" in gather(folder).left_out[0]


def test_a_folder_of_an_older_version(folder, study, change):
    (study / "figure-numbers.csv").unlink()
    for key in ("question", "command", "fingerprint", "verdicts"):
        change(study / "summary.json", lambda document, key=key: document.pop(key, None))
    for key in ("processor", "blas", "blas_kernel", "git_revision"):
        change(study / "summary.json", lambda document, key=key: document["provenance"].pop(key, None))
    found = gather(folder, ("compare",)).studies[0]
    assert (found.question, found.command) == ("", "")
    assert found.provenance["BLAS"] == found.provenance["git revision"] == "not recorded"
    assert found.provenance["data fingerprint"] != "not recorded"
    assert found.pictures[0].numbers == ()


@pytest.mark.parametrize("left", ["figure.svg", "table.csv", "findings.json", "arms.csv"])
def test_a_study_without_its_summary_is_named(folder, study, left):
    for path in study.iterdir():
        if path.name != left:
            path.unlink()
    book = gather(folder)
    assert [each.study for each in book.studies] == ["sweep weight-scale"]
    assert book.left_out == (f"{study.name}/summary.json is missing: the study is left out; run it again to have it here",)


def test_what_is_unread_is_not_taken_for_nothing(folder, study):
    assert not any(each.unread for each in gather(folder).studies)
    (study / "arms.csv").write_text('arm\n"', encoding="utf-8")
    (study / "findings.json").unlink()
    found = gather(folder, ("compare",))
    assert found.studies[0].unread == ("findings.json", "arms.csv")
    assert found.studies[0].claims_unread
    assert f"{study.name}/findings.json is missing: the study's claims can't be shown" in found.left_out


def test_facts_about_the_machine(folder, study, change):
    facts = {
        "processor": "A 1",
        "blas": {"name": "openblas", "version": "0.3"},
        "blas_kernel": "Zen",
        "git_revision": "abc",
    }
    change(study / "summary.json", lambda document: document["provenance"].update(facts))
    found = gather(folder, ("compare",)).studies[0].provenance
    assert [found[key] for key in ("processor", "BLAS", "BLAS kernel", "git revision")] == [
        "A 1",
        "openblas 0.3",
        "Zen",
        "abc",
    ]


def test_what_is_true_of_the_command_alone_and_not_of_its_runs_is_left_out(folder, study, change):
    change(study / "summary.json", lambda document: document["provenance"].update(blas_threads=2, framework=None))
    assert not {"BLAS threads", "framework"} & {*gather(folder, ("compare",)).studies[0].provenance}


def test_facts_are_short_and_what_is_alike_is_told_once(folder, study, change):
    facts = {"git_revision": "0123456789" * 4, "seconds": 12.3456, "finished_at": "2026-01-31T23:30:00-02:00"}
    for path in folder.glob("*/summary.json"):
        change(path, lambda document: document["provenance"].update(facts))
    book = gather(folder)
    own = {"seconds": "12.3", "finished": "1 February 2026, 01:30 UTC"}
    assert book.shared["git revision"] == "0123456789"
    assert {"data set", "Python", "bnlab", "data fingerprint"} < {*book.shared}
    assert [book.apart(each.computed) for each in book.studies] == [own, own]
    change(study / "summary.json", lambda document: document["provenance"].update(python="3.99", seconds="long"))
    book = gather(folder, ("compare",))
    assert book.apart(book.studies[0].computed) == own | {"Python": "3.99", "seconds": "long"}
    assert "Python" not in book.shared
    assert replace(book, studies=book.studies[:1]).shared == {}


@pytest.mark.parametrize("text", ["soon", "2026-01-31T23:30:00"])
def test_a_time_that_names_no_moment_stays_as_it_is(folder, study, change, text):
    change(study / "summary.json", lambda document: document["provenance"].update(finished_at=text))
    assert gather(folder, ("compare",)).studies[0].provenance["finished"] == text


def test_no_folder_an_empty_one_and_a_file(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "empty" / "runs").mkdir(parents=True)
    for name, words in {"none": "is no folder", "file": "is no folder", "empty": "run a study first"}.items():
        with pytest.raises(StoreError, match=words):
            gather(tmp_path / name)
    (tmp_path / "empty" / "summary").mkdir()
    (tmp_path / "empty" / "summary" / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"summary/summary\.json is damaged"):
        gather(tmp_path / "empty")


def test_the_seed_is_in_a_heading_where_it_tells_studies_apart(folder, study, change):
    study.rename(study.with_name("compare-batchnorm-seed-231"))
    summary = folder / "compare-batchnorm-seed-231" / "summary.json"

    def heading(seed, title):
        change(summary, lambda document: document.update(settings={**document["settings"], "seed": seed}, title=title))
        return gather(folder, ("compare",)).studies[0].heading

    assert heading(231, "A net") == "A net"
    assert heading(231, "") == "Compare batchnorm"
    assert heading(7, "A net") == "A net, seed 7"
    (folder / "compare-batchnorm-seed-231").rename(folder / "compare-batchnorm-seed-7")
    summary = folder / "compare-batchnorm-seed-7" / "summary.json"
    assert heading(7, "") == "Compare batchnorm seed 7"


def test_two_studies_with_one_title_are_told_apart_by_their_folders(folder, change):
    for path in folder.glob("*/summary.json"):
        change(path, lambda document: document.update(title="A net"))
    assert {each.heading for each in gather(folder).studies} == {
        f"A net ({path.parent.name})" for path in folder.glob("*/summary.json")
    }
