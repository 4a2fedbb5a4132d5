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
from typing import Any, TextIO

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
    buffer: Any = stream.buffer
    outlet = io.BufferedWriter(_Outlet(getattr(buffer, "raw", buffer), must_succeed))
    errors = "replace" if stream.errors == "strict" else stream.errors
    return io.TextIOWrapper(outlet, stream.encoding, errors, line_buffering=stream.isatty())


class _Outlet(io.RawIOBase):
    """Passes bytes on until that fails once, and drops all later ones."""

    def __init__(self, raw: io.RawIOBase, must_succeed: bool) -> None:
        self._raw, self._must_succeed, self._failed = raw, must_succeed, False

    def write(self, data: Any) -> int | None:
        if not self._failed:
            try:
                return self._raw.write(data)
            except OSError as error:
                self._failed = True
                if self._must_succeed and not isinstance(error, BrokenPipeError):
                    raise OutputError(
                        f"can't write the output: {error.strerror}; give standard output somewhere to go"
                    ) from error
        return len(data)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()
