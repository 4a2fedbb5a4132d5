"""What a run was computed on: processor, BLAS, and the revision of bnlab. Nothing that names a host, a user or a folder."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_info

import bnlab

CPUINFO = Path("/proc/cpuinfo")
CHECKOUT = Path(bnlab.__file__).resolve().parent.parent
"""The folder that the package lies in: bnlab's own checkout, unless it was installed from a wheel."""
REVISION = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class Blas(NamedTuple):
    """The library of linear algebra that NumPy uses, with its version; and the variant that it chose for this processor, if
    it says so."""

    name: str
    kernel: str | None


def processor(cpuinfo: Path = CPUINFO) -> str:
    """The processor's name, or at least its kind."""
    try:
        found = re.search(r"^model name\s*:\s*(.*\S)", cpuinfo.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def blas() -> Blas:
    """NumPy's BLAS as it is loaded; where it can't be asked, as NumPy was built."""
    own = _numpys(threadpool_info())
    if own:
        return Blas(_named(own["internal_api"], own["version"]), own.get("architecture"))
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return Blas(_named(built.get("name", "unknown"), built.get("version")), None)


def blas_threads() -> int | None:
    """How many threads NumPy's BLAS may use in this process at this moment; None where it can't be asked."""
    own = _numpys(_loaded().info())
    return own["num_threads"] if own else None


@lru_cache
def _loaded() -> ThreadpoolController:
    """The libraries that are loaded, looked for once: looking takes a hundred times as long as asking."""
    return ThreadpoolController()


def _numpys(libraries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """NumPy's own BLAS among the libraries, or else another one: a package may have loaded a BLAS of its own."""
    loaded = [library for library in libraries if library["user_api"] == "blas"]
    return min(loaded, key=lambda library: "numpy" not in Path(library["filepath"]).parent.name, default=None)


def git_revision(checkout: Path = CHECKOUT) -> str | None:
    """The commit that is checked out there, by its full hash; None if the folder is no checkout.

    Git's files are read here, since a program `git` may be missing, or refuse the folder of another user.
    """
    try:
        return _revision(checkout / ".git")
    except (OSError, ValueError):
        return None


def _revision(git: Path) -> str | None:
    if git.is_file():  # a worktree: the file names the folder
        git = git.parent / git.read_text().removeprefix("gitdir:").strip()
    common = git / (git / "commondir").read_text().strip() if (git / "commondir").is_file() else git
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return _checked(head)
    name = head.removeprefix("ref:").strip()
    for folder in (git, common):
        if (folder / name).is_file():
            return _checked((folder / name).read_text().strip())
    packed = [line.split() for line in (common / "packed-refs").read_text().splitlines()]
    return next((_checked(words[0]) for words in packed if words[1:] == [name]), None)


def _checked(text: str) -> str | None:
    return text if REVISION.fullmatch(text) else None


def _named(name: str, version: str | None) -> str:
    return f"{name} {version}" if version else name
