"""Errors of the system in our words."""

import errno
import os

import pytest

from bnlab.errors import BnlabError, RunError, StoreError, explain, plural


@pytest.mark.parametrize(
    ("number", "file", "status", "line"),
    [
        (errno.EACCES, "a.txt", 2, "a.txt: Permission denied; name files and folders that you may use"),
        (errno.ENOSPC, None, 2, "No space left on device; make room, or name a folder on another disk"),
        (errno.ENOENT, b"a.txt", 2, "a.txt: No such file or directory; name one that exists"),
        (errno.ENOMEM, None, 1, "Cannot allocate memory; try again with fewer --jobs"),
        (errno.EIO, "a.txt", 1, "a.txt: Input/output error"),
    ],
)
def test_what_it_was_and_what_to_do(number, file, status, line):
    error = explain(OSError(number, os.strerror(number), file))
    assert (str(error), error.exit_status) == (line, status)


def test_an_error_without_a_number_keeps_its_words():
    error = explain(OSError("no folder for a cache"))
    assert isinstance(error, BnlabError)
    assert (str(error), error.exit_status) == ("no folder for a cache", 1)


def raised_from(error, number):
    error.__cause__ = OSError(number, os.strerror(number), "results/a.json")
    return error


def test_a_file_is_not_blamed_for_what_has_run_out():
    assert str(explain(raised_from(StoreError("can't write"), errno.EMFILE))).startswith("results/a.json: Too many open")
    for kept in (raised_from(StoreError("can't write"), errno.ENOSPC), raised_from(RunError("a run failed"), errno.EMFILE)):
        assert explain(kept) is kept


def test_a_working_folder_that_is_gone_is_named_whatever_was_not_found(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for error in (raised_from(StoreError("can't write"), errno.ENOENT), FileNotFoundError(errno.ENOENT, "no", "a")):
        assert str(explain(error)) == "the working folder is gone: cd into one that exists"
    assert "Permission denied" in str(explain(PermissionError(errno.EACCES, "Permission denied", "a")))


def test_one_of_a_thing_has_no_s():
    assert [plural(count, "run") for count in (0, 1, 2, 1000)] == ["0 runs", "1 run", "2 runs", "1,000 runs"]
