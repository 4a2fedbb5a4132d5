"""Programs that are timed: each a process of its own, in an environment without what spoils timings."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bnlab.bench.surroundings import clean_environment
from bnlab.errors import RunError

LAST_LINES = 3
"""What is shown of the words of a program that failed."""


class Ran(NamedTuple):
    """How long a program took, in seconds, and what it printed."""

    seconds: float
    out: str


def run_python(arguments: Sequence[str], variables: Mapping[str, str] | None = None) -> Ran:
    """Run this Python with the arguments. variables: what to add to the environment. Raises RunError if it fails."""
    command, environment = [sys.executable, *arguments], clean_environment(**(variables or {}))
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        said = " ".join(done.stderr.split("\n")[-LAST_LINES - 1 :]).strip()
        raise RunError(f"python {' '.join(arguments)} ended with status {done.returncode}: {said}")
    return Ran(seconds, done.stdout)


def measure(part: str, options: Mapping[str, Any], variables: Mapping[str, str] | None = None) -> Any:
    """What `bnlab.bench.child` measures, in a process of its own. part, options: see there."""
    return json.loads(run_python(["-m", "bnlab.bench.child", part, json.dumps(options)], variables).out)
