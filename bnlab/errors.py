"""Errors a user can cause: one line that names the thing, the value, what is allowed and the remedy.

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
    """None of the folders searched holds a file of the data set, or what is there are too few images."""


class SettingsError(BnlabError):
    """A settings file, a `--set` or an option holds something that isn't allowed."""


class StoreError(BnlabError):
    """The results folder can't be written."""


class RunError(BnlabError):
    """The request was right, and something broke off while it was carried out (a worker died, memory ran out)."""

    exit_status = 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to add to an error that lists the known words; nothing if none is near."""
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
"""Error numbers of the system that no other file name would help against, and what to do about each."""
WRONG_FILES = {
    errno.ENOENT: "name one that exists",
    errno.EACCES: "name files and folders that you may use",
    errno.EPERM: "name files and folders that you may use",
    errno.EROFS: "name a folder that can be written",
    errno.ENOSPC: "make room, or name a folder on another disk",
}
"""Error numbers of the system that mean: the request names a file or folder that can't be used; and what to do."""


def explain(error: OSError) -> BnlabError:
    """One of our errors for an error of the system that nothing else caught: the file, what is wrong, what to do."""
    if working_folder_is_gone():
        return BnlabError("the working folder is gone: cd into one that exists")
    file = "" if error.filename is None else os.fsdecode(error.filename)
    what = ": ".join(filter(None, (file, error.strerror or str(error))))
    remedy = SHORTAGES.get(error.errno or 0) or WRONG_FILES.get(error.errno or 0)
    kind = BnlabError if error.errno in WRONG_FILES else RunError
    return kind(f"{what}; {remedy}" if remedy else what)


def working_folder_is_gone() -> bool:
    """Whether the folder that the program was started in has been deleted since."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False
