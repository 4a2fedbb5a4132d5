"""The check of a user's file with a limit on time.

1. A worker process runs the user's code. It says which function it calls, and sends the comparisons of each finished case.
2. If it is silent for too long, or dies, that function is given up, and the worker is killed.
3. Another worker goes on with the same case. It no longer calls that function, nor the layers that have it as a part.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import BinaryIO

from bnlab.errors import RunError
from bnlab.gradcheck.comparison import Comparison
from bnlab.homework.check import chosen
from bnlab.homework.loading import ModuleError
from bnlab.homework.parts import wholes_of
from bnlab.homework.report import report
from bnlab.homework.worker import IMPORT, INTERVAL, Message, Task

TIME_LIMIT = 10
"""Seconds that one call of a user's function may take. Calls on the small arrays of the check take milliseconds."""
START = "start"
"""What a worker does before it calls anything of the user's."""


class _Stopped(Exception):
    """A function, or the import of the file, doesn't let the worker go on. remedy: what to do, after a semicolon."""

    def __init__(self, function: str, why: str, remedy: str = "") -> None:
        super().__init__(function, why, remedy)
        self.function, self.why, self.remedy = function, why, remedy


def check_with_limit(
    path: Path | str, names: Sequence[str] = (), seed: int = 231, time_limit: float = TIME_LIMIT
) -> list[Comparison]:
    """As `check_module`, in processes of their own. A function fails, and isn't called again, if one call of it ends the
    process, or takes longer than the limit, in seconds. Raises ModuleError also if the import of the file does so."""
    cases = chosen(names)
    finished: list[list[Comparison]] = []
    given_up: dict[str, str] = {}
    while len(finished) < len(cases):
        task = Task(path, cases[len(finished) :], seed, given_up)
        try:
            for comparisons in _work(task, time_limit):
                finished.append(comparisons)
        except _Stopped as stop:
            if stop.function == START:
                raise RunError(f"the process that checks {path} {stop.why}: try again") from stop
            if stop.function == IMPORT:
                raise ModuleError(f"{path} can't be imported: it {stop.why}{stop.remedy}") from stop
            given_up |= dict.fromkeys((stop.function, *wholes_of(stop.function)), f"{stop.why}{stop.remedy}")
    return report(finished, names)


def _work(task: Task, time_limit: float) -> Iterator[list[Comparison]]:
    """The comparisons of each case, as a worker sends them. Raises _Stopped."""
    function, to_come = START, len(task.cases)
    with _started(task) as (worker, messages):
        while to_come:
            try:
                message = messages.get(timeout=None if function == START else time_limit + INTERVAL)
                status = worker.wait(time_limit) if message is None else 0
            except (Empty, subprocess.TimeoutExpired):
                raise _Stopped(function, f"doesn't end within {time_limit:g} s", _remedy(function)) from None
            if message is None:
                raise _Stopped(function, f"ends the whole program, {_ending(status)}")
            if isinstance(message, ModuleError):
                raise message
            if isinstance(message, str):
                function = message
            else:
                to_come -= 1
                yield message


def _remedy(function: str) -> str:
    longer = "give it longer with --time-limit"
    if function == IMPORT:
        return f"; put what takes long under `if __name__ == '__main__':`, or {longer}"
    return f"; if it is only slow, {longer}"


@contextmanager
def _started(task: Task) -> Iterator[tuple[subprocess.Popen[bytes], SimpleQueue[Message | None]]]:
    """A worker on the task, and its messages; None after the last. At the end it is killed, and all that it started.

    It has a session of its own: Ctrl-C at the terminal reaches this process alone.
    """
    code = f"import sys; sys.path[:] = {sys.path!a}; from bnlab.homework.worker import main; main()"
    worker = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if sys.stderr is None else None,
        start_new_session=True,
    )
    messages: SimpleQueue[Message | None] = SimpleQueue()
    assert worker.stdin is not None
    assert worker.stdout is not None
    listener = Thread(target=_listen, args=(worker.stdout, messages))
    try:
        listener.start()
        with suppress(BrokenPipeError):  # it died; there will be no messages
            os.write(worker.stdin.fileno(), pickle.dumps(task))
        yield worker, messages
    finally:
        _kill(worker)
        listener.join()
        worker.stdin.close()
        worker.stdout.close()


def _listen(answers: BinaryIO, messages: SimpleQueue[Message | None]) -> None:
    with suppress(EOFError, pickle.UnpicklingError):  # it left; or it was killed while it wrote
        while True:
            messages.put(pickle.load(answers))
    messages.put(None)


def _kill(worker: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):  # it may be gone already
        if hasattr(os, "killpg"):
            os.killpg(worker.pid, signal.SIGKILL)
        else:
            worker.kill()
    worker.wait()


def _ending(status: int) -> str:
    names = {each.value: each.name for each in signal.Signals}
    return f"with exit status {status}" if status >= 0 else f"by signal {names.get(-status, -status)}"
