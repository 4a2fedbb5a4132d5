"""A study, undisturbed and disturbed: at how many moments, `--moments` says (make test-faults)."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.program import Program, alive_in_group, contents, until

STUDY = (
    *("sweep", "net.weight_scale=1e-3,1e-2,1e-1", "net.normalization=none,batchnorm", "--dataset", "synthetic"),
    *("--replicates", 2, "-s", "solver.num_epochs=12"),
)
RUNS = 12
SEED = 20_150_211


class Undisturbed(NamedTuple):
    """What the study leaves when nobody disturbs it, and how long that takes."""

    files: dict[str, Any]
    seconds: float


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The study, done once in peace."""
    folder = tmp_path_factory.mktemp("undisturbed")
    start = time.perf_counter()
    assert Program(folder)(*STUDY, "-j", 2).status == 0
    return Undisturbed(contents(folder / "results"), time.perf_counter() - start)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The moments of a fault: parts of the time that the study takes, drawn by the name of the test."""
    if "moment" in metafunc.fixturenames:
        draw = random.Random(f"{SEED} {metafunc.function.__name__}")
        moments = [draw.random() for _ in range(metafunc.config.getoption("--moments"))]
        metafunc.parametrize("moment", moments, ids=[f"{moment:.3f}" for moment in moments])


class Disturbed:
    """The study as a process, and what becomes of it."""

    def __init__(self, folder: Path, undisturbed: Undisturbed) -> None:
        self.program = Program(folder)
        self.folder, self.undisturbed = folder, undisturbed
        self.results = folder / "results"
        self.groups: list[int] = []

    def start(self, *args: Any, words: tuple[Any, ...] = (*STUDY, "-j", 2), **more: Any) -> Any:
        """Begin the study with two workers. words: another command."""
        process = self.program.start(*words, "--out", self.results, *args, **more)
        self.groups.append(process.pid)
        return process

    def at(self, moment: float, *args: Any, **more: Any) -> Any:
        """The study at a moment of its time; it may have ended by then."""
        process = self.start(*args, **more)
        time.sleep(moment * self.undisturbed.seconds)
        return process

    def ended(self, process: Any) -> Any:
        """How it ended: with no word but ours."""
        done = self.program.ended(process)
        assert "Traceback" not in done.err
        return done

    def goes_on_to_the_same_bytes(self) -> None:
        """The same command again ends well, and leaves what an undisturbed one leaves."""
        done = self.ended(self.start())
        assert (done.status, done.err) == (0, "")
        self.is_complete()

    def is_complete(self) -> None:
        """All that is there is what an undisturbed study leaves."""
        found = contents(self.results)
        assert sorted(found) == sorted(self.undisturbed.files)
        assert found == self.undisturbed.files


@pytest.fixture
def study(tmp_path: Path, undisturbed: Undisturbed) -> Iterator[Disturbed]:
    """The study, to be disturbed. In the end nobody is left."""
    study = Disturbed(tmp_path, undisturbed)
    yield study
    until(lambda: not any(map(alive_in_group, study.groups)))
