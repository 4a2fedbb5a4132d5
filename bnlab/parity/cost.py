"""What a training takes on each engine: time and memory, in a process of its own.

    python -m bnlab.parity.cost RUN FOLDERS

RUN is a run's settings as JSON, FOLDERS a JSON list of where data sets are looked for; the result is printed as JSON.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bnlab import engines
from bnlab.errors import RunError
from bnlab.lab.executor import ONE_THREAD
from bnlab.lab.images import arrays
from bnlab.runs.spec import RunSpec

ROUNDS = 3
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Cost:
    """start: seconds that it takes to import the engine with its framework. training: seconds of a training, the median of
    several, the first left out. peak_bytes: the most memory of the process, with interpreter, framework and images; None
    where the system doesn't tell."""

    engine: str
    dtype: str
    start: float
    training: float
    peak_bytes: int | None

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def cost(spec: RunSpec, folders: Sequence[str]) -> Cost:
    """Measure a training in a process of its own. Raises RunError if it breaks off."""
    command = [sys.executable, "-m", "bnlab.parity.cost", json.dumps(spec.to_json()), json.dumps([*folders])]
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RunError(f"the {spec.engine} engine could not be timed: {last}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure(spec: RunSpec, folders: tuple[str, ...]) -> Cost:
    """The cost of a training in this process, which has done nothing else."""
    start = time.perf_counter()
    engines.module(spec.engine)
    imported = time.perf_counter() - start
    data, taken = arrays(spec, folders), list[float]()
    for _ in range(1 + ROUNDS):
        begun = time.perf_counter()
        engines.train(spec, data)
        taken.append(time.perf_counter() - begun)
    return Cost(spec.engine, spec.dtype, imported, statistics.median(taken[1:]), _peak())


def _peak() -> int | None:
    """Linux's own mark of this program. What `getrusage` says there, a process has from the one that started it."""
    if STATUS.is_file():
        found = re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else None
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(measure(RunSpec.from_json(json.loads(sys.argv[1])), tuple(json.loads(sys.argv[2]))).to_json()))
