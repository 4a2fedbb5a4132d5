"""What can spoil a timing: variables that pin a kernel of BLAS, a kernel older than the processor, a busy machine.

Timed programs get an environment without those variables. What can't be taken away is said.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bnlab.fast import VARIABLE
from bnlab.lab.executor import ONE_THREAD
from bnlab.lab.machine import CPUINFO

PINNED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables by which an environment slows NumPy's products down. PyTorch ignores them."""
UNKEPT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
"""Variables with which Python compiles the modules of a checkout again at every start; those of pip come compiled."""
LEVELS: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "AVX-512": (frozenset({"avx512f", "avx512bw", "avx512vl"}), ("SkylakeX", "Cooperlake", "SapphireRapids")),
    "AVX2": (frozenset({"avx2", "fma"}), ("Haswell", "Zen", "Excavator")),
    "AVX": (frozenset({"avx"}), ("Sandybridge", "Bulldozer", "Piledriver", "Steamroller")),
    "SSE": (frozenset({"sse2"}), ("Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Atom", "Barcelona", "Bobcat")),
}
"""Sets of instructions, the newest first: the processor's flags that tell of each, and OpenBLAS's kernels made for it."""
LOADED = 0.3
"""A machine with more waiting work than this per core is busy."""
STOLEN = 0.02
"""More of the time than this taken away by the host is too much."""
SPREAD, MOST = 1.15, 0.75
"""Most of the repeats, this share of them, may take so many times as long as the fastest."""


def clean_environment(**more: str) -> dict[str, str]:
    """The environment for programs to be timed: without pinned kernels, numbers of threads, and a choice of our kernels;
    and Python keeps the modules it compiles. more: variables to add."""
    left_out = {*PINNED, *UNKEPT, *ONE_THREAD, VARIABLE}
    return {name: value for name, value in os.environ.items() if name not in left_out} | more


def exported(environment: Mapping[str, str] = os.environ) -> list[str]:
    """A warning for each variable that pins a kernel."""
    return [
        f"{name}={environment[name]} is exported: it slows NumPy down and leaves PyTorch alone; the timings are made "
        f"without it, but your own commands run with it: unset {name}"
        for name in PINNED
        if name in environment
    ]


def processor_flags(cpuinfo: Path = CPUINFO) -> frozenset[str]:
    """The sets of instructions that the processor has; none where they can't be read."""
    try:
        found = re.search(r"^(?:flags|Features)\s*:(.*)$", cpuinfo.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        found = None
    return frozenset(found[1].split()) if found else frozenset()


def older_kernel(kernel: str | None, flags: frozenset[str]) -> list[str]:
    """A warning if BLAS uses a kernel made for older processors than one with these flags. Kernels that aren't in the
    table are taken to be right."""
    levels = [*LEVELS]
    used = next((level for level in levels if kernel in LEVELS[level][1]), None)
    best = next((level for level in levels if LEVELS[level][0] <= flags), None)
    if used is None or best is None or levels.index(used) <= levels.index(best):
        return []
    return [f"BLAS uses its kernel {kernel} ({used}), older than this processor, which has {best}: install a newer NumPy"]


class Ticks(NamedTuple):
    """What the processors did since the system's start, in ticks: all time, and what the host took away."""

    total: int
    stolen: int


def ticks(stat: Path = Path("/proc/stat")) -> Ticks | None:
    """The processors' time so far; None where it can't be read."""
    try:
        numbers = [int(word) for word in stat.read_text().splitlines()[0].split()[1:9]]
        return Ticks(sum(numbers), numbers[7])
    except (OSError, ValueError, IndexError):
        return None


def waiting() -> float | None:
    """The load average of the last minute per core; None where there is none."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return None


def busy(load: float | None, before: Ticks | None, after: Ticks | None) -> Iterator[str]:
    """Warnings about a busy machine. load: per core, before the first timing."""
    if load is not None and load > LOADED:
        yield f"the machine was busy before the first timing: {load:.1f} programs waited per core; close what runs beside"
    if before and after and after.total > before.total:
        share = (after.stolen - before.stolen) / (after.total - before.total)
        if share > STOLEN:
            yield f"the host took {share:.0%} of the processors' time away: repeat this when it is quiet"


def unsteady(repeats: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """A warning for each thing whose repeats, in seconds, lie far apart."""
    for what, seconds in repeats.items():
        fastest, *_ = ordered = sorted(seconds)
        slow = ordered[int(MOST * len(ordered))]
        if slow > SPREAD * fastest:
            yield (
                f"{what}: a quarter of the repeats or more took {slow / fastest - 1:.0%} longer than the fastest; "
                "repeat this on a quiet machine, or with more --rounds"
            )


def cache_sizes(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, int]:
    """The sizes in bytes of the first core's caches for data, by name (L1, L2, L3), as far as they can be read."""
    found = {}
    for index in sorted(folder.glob("index*")):
        level, kind, size = (_read(index / name) for name in ("level", "type", "size"))
        number = re.fullmatch(r"(\d+)([KM]?)", size)
        if kind in ("Data", "Unified") and number:
            found[f"L{level}"] = int(number[1]) * {"": 1, "K": 2**10, "M": 2**20}[number[2]]
    return found


def cache_left(before: float, after: float, sizes: Mapping[str, int]) -> str | None:
    """The name of the smallest cache that holds the one working set and not the other, in bytes; None if there is none."""
    return next((name for name, size in sizes.items() if before <= size < after), None)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def distinct(warnings: Iterable[str]) -> list[str]:
    """Each warning once, in order."""
    return list(dict.fromkeys(warnings))
