"""How long programs take to start: Python alone, our help, and what is imported to train."""

from __future__ import annotations

from bnlab.bench.figures import Figure, time_of
from bnlab.bench.processes import run_python
from bnlab.bench.sweep import PEERS

PART = "startup"
STARTS = {
    "python -c pass": ["-c", "pass"],
    "bnlab --help": ["-m", "bnlab", "--help"],
    "import bnlab.solver": ["-c", "import bnlab.solver"],
    **{f"import {peer.needs[0]}": ["-c", f"import {peer.needs[0]}"] for peer in PEERS if peer.needs},
}


def measure_startup(rounds: int) -> list[Figure]:
    """A time for each that is installed, timed in turn."""
    missing = {f"import {peer.needs[0]}" for peer in PEERS if peer.needs and not peer.installed}
    starts = {what: command for what, command in STARTS.items() if what not in missing}
    for command in starts.values():
        run_python(command)
    taken = [{what: run_python(command).seconds for what, command in starts.items()} for _ in range(rounds)]
    return [time_of(PART, what, "", [each[what] for each in taken]) for what in starts]
