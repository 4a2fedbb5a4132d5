"""Errors that a user can cause: one line that says what is wrong, the value, what is allowed, and what to do.

The command line prints that line after `Error: ` and ends with the error's exit status; no traceback.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from difflib import get_close_matches


class BnlabError(Exception):
    """The request can't be carried out as it was made."""

    exit_status = 2


class DataError(BnlabError):
    """A data set or one of its files is missing, damaged, foreign or too small."""


class NoDataError(DataError):
    """The folders hold no file of the data set, or too few images."""


class SettingsError(BnlabError):
    """A settings file, a `--set` or an option has a value that isn't allowed."""


class StoreError(BnlabError):
    """The results folder, or a file in it, can't be written or read."""


class RunError(BnlabError):
    """The request was right, and something broke off while it was carried out (a worker died, memory ran out)."""

    exit_status = 1


class VerdictError(BnlabError):
    """A claim has a verdict that the request doesn't accept."""

    exit_status = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to add to an error that lists the known words: the nearest one, or nothing if none is near."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def plural(count: int, what: str) -> str:
    """1 run, 2 runs, 1,000 runs."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


FEWER_JOBS = "try again with fewer --jobs"
SHORTAGES = {
    errno.EMFILE: f"{FEWER_JOBS}, or raise the limit (ulimit -n)",
    errno.ENFILE: FEWER_JOBS,
    errno.ENOMEM: FEWER_JOBS,
    errno.EAGAIN: FEWER_JOBS,
}
"""Error numbers of the system for things that have run out, and what to do. Another file name would not help."""
WRONG_FILES = {
    errno.ENOENT: "name one that exists",
    errno.EACCES: "name files and folders that you may use",
    errno.EPERM: "name files and folders that you may use",
    errno.EROFS: "name a folder that can be written",
    errno.ENOSPC: "make room, or name a folder on another disk",
}
"""Error numbers of the system for files and folders that can't be used, and what to do. Another name would help."""


def explain(error: BnlabError | OSError) -> BnlabError:
    """The error to tell the user: an error of the system becomes one of ours, with its file and what to do.

    An error of ours about a file becomes another one if the file is not to blame: when something has run out, or the
    working folder is gone.
    """
    if isinstance(error, OSError):
        return _of_system(error)
    cause = error.__cause__
    if isinstance(error, RunError) or not isinstance(cause, OSError):
        return error
    return _of_system(cause) if cause.errno in SHORTAGES or _working_folder_is_gone(cause) else error


def _of_system(error: OSError) -> BnlabError:
    if _working_folder_is_gone(error):
        return BnlabError("the working folder is gone: cd into one that exists")
    file = "" if error.filename is None else os.fsdecode(error.filename)
    what = ": ".join(filter(None, (file, error.strerror or str(error))))
    remedy = (SHORTAGES | WRONG_FILES).get(error.errno or 0)
    kind = BnlabError if error.errno in WRONG_FILES else RunError
    return kind(f"{what}; {remedy}" if remedy else what)


def _working_folder_is_gone(error: OSError) -> bool:
    """Whether a file wasn't found because the folder has been deleted in which the program was started."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return isinstance(error, FileNotFoundError)
    return False
