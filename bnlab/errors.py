"""Errors a user can cause: one line that names the thing, the value, what is allowed and the remedy.

The command line prints that line after `Error: ` and ends with the error's exit status; no traceback.
"""

from __future__ import annotations

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
    """A run was rightly asked for and broke off (a worker process died, memory ran out)."""

    exit_status = 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to add to an error that lists the known words; nothing if none is near."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
