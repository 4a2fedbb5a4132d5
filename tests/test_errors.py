"""Errors of the system in our words."""

import errno
import os

import pytest

from bnlab.errors import BnlabError, explain


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
