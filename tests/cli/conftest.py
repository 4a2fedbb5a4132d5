"""Runs the program: as a real process, or, where only its words matter, in this one."""

from __future__ import annotations

import math
import os
import pty
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bnlab.lab.files import json_bytes
from bnlab.lab.store import Store
from bnlab.runs.history import Failure, History
from bnlab.runs.spec import RunSpec
from tests import program as program_module
from tests.program import Done, Program

SETTINGS = ("replicates=1", "data.num_train=60", "net.hidden_dims=[8]", "solver.num_epochs=2")
TINY = ("--dataset", "synthetic", *(word for setting in SETTINGS for word in ("-s", setting)))


@pytest.fixture(scope="session", autouse=True)
def heeding_ctrl_c() -> None:
    """A shell that starts the tests in the background has Ctrl-C ignored, and the programs they start inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Program]:
    """Runs the program in `tmp_path`. What a failed test leaves running is killed."""
    program = Program(tmp_path)
    yield program
    program.kill()


@pytest.fixture
def on_a_terminal(run: Program) -> Callable[..., tuple[int, str, str]]:
    """Runs the program with standard error a terminal: its status, standard output, and what the terminal was sent."""

    def on_a_terminal(*args: Any) -> tuple[int, str, str]:
        master, slave = pty.openpty()
        process = run.start(*args, stderr=slave)
        os.close(slave)
        shown = b""
        while True:
            try:
                read = os.read(master, 65536)
            except OSError:  # how Linux says that nobody has the terminal open any more
                break
            if not read:
                break
            shown += read
        os.close(master)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out, shown.decode()

    return on_a_terminal


@pytest.fixture(scope="session")
def program() -> type[Program]:
    """Runs the program in a folder of your choice."""
    return Program


@pytest.fixture(scope="session")
def tiny() -> tuple[str, ...]:
    """Options that make any study quick."""
    return TINY


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Calls the command line in this process, in `tmp_path`."""
    from bnlab.cli import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BNLAB_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache"))

    def call(*args: Any) -> Done:
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, args)], prog_name="bnlab")
        return Done.of(ended.value.code or 0, *capsys.readouterr())

    return call


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., None]:
    """Checks that a request was refused as it should be: one line that says these words, exit status 2, nothing written."""
    before = listing(tmp_path)

    def refused(done: Done, *words: str, made: set[str] = frozenset()) -> None:
        assert done.status == 2
        assert done.out == ""
        assert done.err.startswith("Error: ")
        assert done.err.count("\n") == 1
        assert done.err.endswith("\n")
        for word in words:
            assert word in done.err
        assert listing(tmp_path) - before == made

    return refused


@pytest.fixture(scope="session")
def study_folder() -> Callable[[Path], Path]:
    """The one folder of a study in a results folder."""

    def study_folder(results: Path) -> Path:
        [folder] = [path for path in results.iterdir() if path.name != "runs"]
        return folder

    return study_folder


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """One small `bnlab compare --json`, and the folder it ran in."""
    folder = tmp_path_factory.mktemp("finished")
    return Program(folder)("compare", *TINY, "--json", "-j", 1), folder


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, Any]]:
    """What a folder holds, less the provenance."""
    return program_module.contents


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Waits until a function gives something true, and hands that out."""
    return program_module.until


def write_study(root: Path, folder: str, study: str, **arms: RunSpec) -> None:
    """A study's folder with a summary that names these runs; arm's label: spec."""
    (root / folder).mkdir()
    rows = [{"arm": arm.replace("_", " "), "run": spec.name} for arm, spec in arms.items()]
    (root / folder / "summary.json").write_bytes(json_bytes({"schema": 2, "study": study, "runs": rows}))


@pytest.fixture
def specs(make_spec: Callable[..., RunSpec]) -> dict[str, RunSpec]:
    """The runs of the results folder below."""
    return {
        "none": make_spec(),
        "batchnorm": make_spec(normalization="batchnorm"),
        "layernorm": make_spec(normalization="layernorm"),
        "wild": make_spec(learning_rate=10, update_rule="sgd_momentum"),
        "loose": make_spec(seed=7, replicate=2),
    }


@pytest.fixture
def results(tmp_path: Path, make_history: Callable[..., History], specs: dict[str, RunSpec]) -> Path:
    """A results folder: `compare` in two folders, which share a run; a sweep, which shares it too; a run of no study."""
    store = Store(tmp_path / "results")
    for name in ("none", "batchnorm", "loose"):
        store.save(make_history(specs[name]))
    store.save(make_history(specs["wild"], losses=[2.5, math.nan], diverged_at=2))
    store.save(Failure(specs["layernorm"], "MemoryError: no room", {"seconds": 0.5}))
    none = specs["none"]
    write_study(store.root, "compare-batchnorm", "compare", batchnorm=specs["batchnorm"], no_normalization=none)
    write_study(store.root, "compare-layernorm", "compare", layernorm=specs["layernorm"], no_normalization=none)
    write_study(store.root, "rates", "sweep cooling", rate_1e_3=none, rate_10=specs["wild"])
    (store.root / "verify").mkdir()
    (store.root / "verify" / "table.csv").write_text(f'arm,error,run\n"a, log","two\nlines",{none.name}\n')
    return store.root
