"""Runs the program as a real process, and looks at processes and at what they leave."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

from bnlab import fast
from bnlab.lab.index import FILE

CACHE = matplotlib.get_cachedir()  # else every process with a cache folder of its own makes a new cache of fonts
LONGEST = 300
"""Seconds that a process may take, on a machine that is as busy as may be."""
START = re.compile(r"^(at most )?[\d,]+ runs?: [\d,]+ stored.*\n", re.MULTILINE)
"""The line that a study begins with, on standard error."""


class Done(NamedTuple):
    """How a command ended, and what it said, but for the line that a study begins with."""

    status: int
    out: str
    err: str

    @classmethod
    def of(cls, status: int, out: str, err: str) -> Done:
        """Leaves that line out."""
        return cls(status, out, START.sub("", err, count=1))

    @property
    def json(self) -> Any:
        return json.loads(self.out, parse_constant=_no_such_constant)


def _no_such_constant(text: str) -> None:
    raise AssertionError(f"{text} is not strict JSON")


class Program:
    """`python -m bnlab` as a process in a folder of its own, with no data sets but those that need no files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        self.env = {key: value for key, value in os.environ.items() if key != "BNLAB_DATA_DIR"}
        self.env |= {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "XDG_CACHE_HOME": str(folder / "no-cache"),
            "MPLCONFIGDIR": CACHE,
            "TERM": "xterm",
            fast.VARIABLE: "0",  # numba takes longer to import than most of these commands take
        }

    def start(self, *args: Any, **more: Any) -> subprocess.Popen[str]:
        """A process in a group of its own, so that a signal can be sent as a terminal does."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        command = [sys.executable, "-m", "bnlab", *map(str, args)]
        options = {**pipes, "cwd": self.folder, "env": self.env, "start_new_session": True, **more}
        self.started.append(subprocess.Popen(command, text=True, **options))
        return self.started[-1]

    def kill(self) -> None:
        """End what is still running of all that was started, with its children."""
        for process in self.started:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def __call__(self, *args: Any) -> Done:
        return self.ended(self.start(*args))

    def ended(self, process: subprocess.Popen[str], timeout: float = LONGEST) -> Done:
        """Waits until a process has ended."""
        out, err = process.communicate(timeout=timeout)
        return Done.of(process.returncode, out, err)

    def python(self, code: str, *flags: str) -> Done:
        """Runs Python code where `bnlab` can be imported."""
        command = [sys.executable, *flags, "-c", code]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=LONGEST)
        return Done.of(done.returncode, done.stdout, done.stderr)


def contents(folder: Path) -> dict[str, Any]:
    """All files under a folder by name, but the index of runs, which holds timings; of JSON documents all but the
    provenance, which stands in them where it belongs."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != FILE]
    files = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return {name: _without_provenance(text) if name.endswith(".json") else text for name, text in files.items()}


def _without_provenance(content: bytes) -> list[bytes]:
    """The lines of a document, without those from `provenance` on, which is the last key of those that have it."""
    document = json.loads(content)
    if "provenance" not in document:
        return content.splitlines()
    assert list(document)[-1] == "provenance"
    lines = content.splitlines()
    return lines[: lines.index(b' "provenance": {')]


def until(function: Callable[[], Any], seconds: float = 60) -> Any:
    """Waits until a function gives something true, and hands that out."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := function():
            return value
        time.sleep(0.005)
    raise AssertionError("it didn't come to that in time")


def processes() -> Iterator[tuple[int, int, int, str]]:
    """(process, parent, group, state) of all there are."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue
        state, parent, group = text.rpartition(")")[2].split()[:3]
        yield int(folder.name), int(parent), int(group), state


def alive_in_group(group: int) -> list[int]:
    """The living processes of a process group."""
    return [process for process, _, its_group, state in processes() if its_group == group and state not in "ZX"]


def server_of(process: int) -> list[int]:
    """The server that workers of the program are forked from; none if there is none."""
    return [child for child in _children(process) if b"multiprocessing.forkserver" in command_line(child)]


def workers_of(process: int) -> list[int]:
    """The worker processes of the program: forked from its server, or spawned by it."""
    spawned = [child for child in _children(process) if b"spawn_main" in command_line(child)]
    return spawned + [worker for server in server_of(process) for worker in _children(server)]


def command_line(process: int) -> bytes:
    """What a process was started with."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _children(process: int) -> list[int]:
    return [child for child, parent, _, state in processes() if parent == process and state not in "ZX"]
