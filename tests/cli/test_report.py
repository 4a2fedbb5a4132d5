"""`bnlab report`: the page is written whole or not at all, and said where."""

import re

import pytest


@pytest.fixture
def results(call, tiny, tmp_path):
    call("compare", *tiny, "--replicates", 1, "-j", 1, "-q")
    return tmp_path / "results"


def test_the_page_is_written_into_the_folder(call, results):
    done = call("report")
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"results/report\.html \(0\.\d MB\)\n", done.out)
    page = (results / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert call("report", results).out == done.out.replace("results", str(results))
    assert (results / "report.html").read_text(encoding="utf-8") == page


def test_without_answers_there_is_a_worksheet_beside_the_report(call, results):
    call("report")
    report = (results / "report.html").read_bytes()
    done = call("report", "--without-answers")
    assert (done.status, done.out.split()[0]) == (0, "results/worksheet.html")
    page = (results / "worksheet.html").read_text(encoding="utf-8")
    assert "What do you find?" in page
    assert "What was found" not in page
    assert (results / "report.html").read_bytes() == report


def test_damaged_files_are_named(call, results):
    [findings] = results.glob("*/findings.json")
    findings.write_text("{", encoding="utf-8")
    done = call("report")
    assert done.status == 0
    assert done.err.startswith(f"Warning: {findings.parent.name}/findings.json is damaged and left out: ")
    assert done.err.count("\n") == 1


def test_no_folder_and_nothing_in_it(call, refused, tmp_path):
    refused(call("report"), "results is no folder", "name a results folder")
    refused(call("report", "none"), "none is no folder")
    refused(call("report", ""), "the name is empty")
    (tmp_path / "empty").mkdir()
    refused(call("report", "empty"), "empty holds no study", "bnlab compare", made={"empty"})


def test_a_page_that_can_t_be_written_leaves_nothing(call, results, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bnlab.lab.files.os.fsync", full)
    done = call("report")
    assert done.status == 2
    assert "results/report.html: No space left on device" in done.err
    assert not [path for path in results.iterdir() if path.is_file()]
