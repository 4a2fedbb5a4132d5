"""The process that runs a user's code. It reads a task, and writes what it is doing and what it has found."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from bnlab.gradcheck.comparison import Comparison
from bnlab.homework.check import check_cases
from bnlab.homework.loading import ModuleError

IMPORT = "import"
"""What the worker calls first: the import of the file."""
INTERVAL = 0.25
"""Seconds after which a worker repeats which function it is calling, at its next call."""

Message: TypeAlias = str | list[Comparison] | ModuleError
"""The name of the function that is called now, the comparisons of a finished case, or what is wrong with the file."""


@dataclass(frozen=True)
class Task:
    """What a worker is to check, as in `check_cases`."""

    path: Path | str
    cases: Sequence[str]
    seed: int
    given_up: Mapping[str, str]


def main() -> None:
    """Do the task on standard input. The messages go to standard output, a user's own output to standard error."""
    requests, answers = _private_channels()
    try:
        task: Task = pickle.load(requests)
    except EOFError:  # the parent is gone already
        return
    threading.Thread(target=_leave_with_the_parent, args=(requests,), daemon=True).start()

    def send(message: Message) -> None:
        pickle.dump(message, answers)
        answers.flush()

    send(IMPORT)
    try:
        for comparisons in check_cases(task.path, task.cases, task.seed, task.given_up, _announcer(send)):
            send(comparisons)
    except ModuleError as error:
        send(error)


def _private_channels() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output, moved to where a user's code and the programs it starts can't reach them."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def _leave_with_the_parent(requests: BinaryIO) -> None:
    """End this process when the other end of the pipe is closed: the parent was killed."""
    requests.read()
    os._exit(1)


def _announcer(send: Callable[[str], None]) -> Callable[[str], None]:
    """A function that announces each call; not all of thousands of calls of one function."""
    last, sent = IMPORT, 0.0

    def announce(name: str) -> None:
        nonlocal last, sent
        if name != last or time.monotonic() - sent > INTERVAL:
            last, sent = name, time.monotonic()
            send(name)

    return announce
