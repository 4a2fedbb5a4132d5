"""Work that needs no run, done while the workers train."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Meanwhile(Generic[Result]):
    """A function that is called in a thread, at once. A program that is interrupted ends when the function has ended: a
    thread that is broken off within Matplotlib's compiled parts would take the program down with it.

    Its end is an event. Before Python 3.13 a `join` that is interrupted takes the thread for one that has ended, and the
    program doesn't wait for it any more.
    """

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self._results: list[Result] = []
        self._errors: list[Exception] = []
        self._ended = threading.Event()
        threading.Thread(target=self._call).start()

    def result(self) -> Result:
        """What the function gives, or raises, when it has ended."""
        self._ended.wait()
        if self._errors:
            raise self._errors[0]
        return self._results[0]

    def _call(self) -> None:
        try:
            self._results.append(self._function())
        except Exception as error:
            self._errors.append(error)
        finally:
            self._ended.set()
