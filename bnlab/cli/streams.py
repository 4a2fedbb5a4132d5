"""Standard output and standard error of the process, made safe to write to before anything is written.

1. A stream that the shell has closed is opened on the null device. Otherwise the next file to be opened would take its
   number, and a worker process would inherit that file as its standard error.
2. A reader may go away early (`bnlab … | head -1`). The rest is then dropped, and the command finishes as usual.
3. Standard output that takes nothing (a full disk) is an error. Standard error that takes nothing is not: there is
   nowhere left to say so.
4. A character that the terminal's encoding lacks is written as a question mark.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from bnlab.errors import BnlabError


class OutputError(BnlabError):
    """Standard output takes nothing."""


def prepare_streams() -> None:
    """Make `sys.stdout` and `sys.stderr` safe. For the program alone: a caller in Python keeps its own streams."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest number that is free: this one
    sys.stdout = _safe(sys.stdout, must_succeed=True)
    sys.stderr = _safe(sys.stderr, must_succeed=False)


def _safe(stream: TextIO | None, must_succeed: bool) -> TextIO:
    if stream is None:  # it was closed when Python started
        return open(os.devnull, "w", encoding="utf-8")
    errors = "replace" if stream.errors == "strict" else stream.errors
    safe = _SafeStream(stream.buffer, stream.encoding, errors, line_buffering=stream.isatty())
    safe.must_succeed = must_succeed
    return safe


class _SafeStream(io.TextIOWrapper):
    """Once something can't be written, all the rest goes to the null device."""

    must_succeed: bool

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), self.fileno())
        if self.must_succeed and not isinstance(error, BrokenPipeError):
            raise OutputError(f"can't write the output: {error.strerror}; give standard output somewhere to go") from error
