"""The whole command `bnlab sweep weight-scale --replicates 1` against what a user would write instead, in turn.

Each is a process of its own, timed from its start to its end, on the same images and with the same number of processes. All
processes have one thread. The notebook's nets are trained in one process, as a notebook does. Before the first round all
kernels are compiled, and what the programs import is imported once, to have its files read.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bnlab.bench.figures import FAST, PLAIN, Figure, ratio_of, time_of
from bnlab.bench.processes import run_python
from bnlab.errors import SettingsError
from bnlab.fast import VARIABLE
from bnlab.lab.executor import ONE_THREAD
from bnlab.lab.images import arrays
from bnlab.runs.spec import NetSpec, RunSpec
from bnlab.studies.plan import StudyPlan

PART, OURS = "sweep", "bnlab"
AROUND = "the command around the runs"


class Peer(NamedTuple):
    """What a user would pick instead: its name, its program in `bnlab.bench.peers`, the modules that must be installed, and
    how."""

    name: str
    program: str
    needs: tuple[str, ...] = ()
    install: str = ""

    @property
    def installed(self) -> bool:
        """Whether all its modules are there."""
        return all(find_spec(module) for module in self.needs)


PEERS = (
    Peer("PyTorch", "pytorch", ("torch",), "pip install torch"),
    Peer("JAX", "jax", ("jax", "optax"), "pip install jax optax"),
    Peer("a notebook", "notebook"),
)
SMALL = ("arms.num_weight_scales=1", "arms.highest_weight_scale=0.0001", "solver.num_epochs=1")
"""Settings of a sweep that ends soon."""
NUMBA = Peer("the compiled kernels", "", ("numba",), "pip install 'bnlab[fast]'")
"""Not a peer, but what may be missing likewise."""


KNOWN = (
    "replicates", "seed", "data.dataset", "data.num_train", "data.num_val", "net.hidden_dims", "solver.batch_size",
    "solver.num_epochs", "solver.learning_rate", "arms.lowest_weight_scale", "arms.highest_weight_scale",
    "arms.num_weight_scales",
)  # fmt: skip
"""The settings of the sweep that may be others."""


class Turn(NamedTuple):
    """One run of a program: its seconds, the best accuracies by normalization, and of ours the seconds of all runs."""

    seconds: float
    reached: Mapping[str, Mapping[str, float]]
    of_runs: float = 0.0


class Contestant(NamedTuple):
    """A program that takes part. kernels: of ours."""

    name: str
    kernels: str
    run: Callable[[Path], Turn]


def kernels_installed() -> list[str]:
    """The kernels that trainings can use here."""
    return [PLAIN, FAST] if NUMBA.installed else [PLAIN]


def environment_for(kernels: str) -> dict[str, str]:
    """The variables that choose our kernels."""
    return {VARIABLE: "0"} if kernels == PLAIN else {}


def contestants(plan: StudyPlan, options: Sequence[str], jobs: int, folder: Path) -> list[Contestant]:
    """Ours with each kind of kernels, and the peers that are installed. options: those of our command that made the plan.
    folder: where the peers' task is written."""
    task = write_task(plan, jobs, folder)
    ours = [Contestant(OURS, kernels, _ours(options, jobs, kernels)) for kernels in kernels_installed()]
    return ours + [Contestant(peer.name, "", _theirs(peer, task)) for peer in PEERS if peer.installed]


def check_settings(plan: StudyPlan) -> None:
    """Refuse settings that the peers' programs don't know. Raises SettingsError."""
    for key in plan.changed:
        if key not in KNOWN:
            raise SettingsError(
                f"{key} is not allowed here, since the peers' programs have it fixed: leave it out, or set one of "
                f"{', '.join(KNOWN)}"
            )


def write_task(plan: StudyPlan, jobs: int, folder: Path) -> Path:
    """What the peers are to do, as `bnlab.bench.peers.task` describes it."""
    first = plan.runs[0]
    assert isinstance(first.net, NetSpec)
    images = folder / "images.npz"
    found: dict[str, Any] = {**arrays(first, tuple(map(str, plan.folders)))}
    np.savez(images, **found)
    solver = {name: asdict(first.solver)[name] for name in ("batch_size", "num_epochs", "learning_rate")}
    runs = [[run.net.normalization, run.net.weight_scale] for run in plan.runs]
    task = {"images": str(images), "hidden_dims": first.net.hidden_dims, **solver, "processes": jobs, "runs": runs}
    path = folder / "task.json"
    path.write_text(json.dumps(task), encoding="utf-8")
    return path


def measure_sweep(
    plan: StudyPlan, options: Sequence[str], jobs: int, rounds: int, say: Callable[[str], None]
) -> tuple[list[Figure], dict[str, list[float]], dict[str, Any]]:
    """The figures; the seconds of each program; and the best accuracies that each reached, by normalization.

    say: is told what is under way.
    """
    with tempfile.TemporaryDirectory() as name:
        taking_part = contestants(plan, options, jobs, Path(name))
        say("sweep: getting ready")
        _get_ready(options, Path(name))
        turns: dict[tuple[str, str], list[Turn]] = {}
        for number in range(rounds):
            for contestant in taking_part[:: -1 if number % 2 else 1]:
                say(f"sweep, round {number + 1} of {rounds}: {' with '.join(filter(None, contestant[:2]))}")
                turns.setdefault(contestant[:2], []).append(contestant.run(Path(name)))
    figures = [*figures_of(turns, jobs)]
    seconds = {" with ".join(filter(None, key)): [turn.seconds for turn in some] for key, some in turns.items()}
    reached = {" with ".join(filter(None, key)): some[0].reached for key, some in turns.items()}
    return figures, seconds, reached


def _get_ready(options: Sequence[str], folder: Path) -> None:
    small = [word for setting in SMALL for word in ("-s", setting)]
    for kernels in kernels_installed():
        _ours([*options, *small], 1, kernels)(folder)
    for peer in PEERS:
        if peer.installed and peer.needs:
            run_python(["-c", f"import {', '.join(peer.needs)}"], ONE_THREAD)


def figures_of(turns: Mapping[tuple[str, str], Sequence[Turn]], jobs: int) -> Iterator[Figure]:
    """Times and ratios, from the turns of each program, by its name and kernels."""
    seconds = {key: [turn.seconds for turn in some] for key, some in turns.items()}
    for (name, kernels), taken in seconds.items():
        yield time_of(PART, name, kernels, taken)
    for (name, kernels), some in turns.items():
        if name == OURS:
            yield time_of(PART, AROUND, kernels, [turn.seconds - turn.of_runs / jobs for turn in some])
    for peer in PEERS:
        for (name, kernels), taken in seconds.items():
            if name == OURS and (peer.name, "") in seconds:
                yield ratio_of(PART, against(peer.name), kernels, seconds[peer.name, ""], taken)


def against(peer: str) -> str:
    """How the ratio to a peer is called."""
    return f"the sweep against {peer}"


def _ours(options: Sequence[str], jobs: int, kernels: str) -> Callable[[Path], Turn]:
    def run(folder: Path) -> Turn:
        with tempfile.TemporaryDirectory(dir=folder) as results:
            asked = ["sweep", "weight-scale", *options, "-j", str(jobs), "--out", results, "--json"]
            ran = run_python(["-m", "bnlab", *asked], environment_for(kernels))
            runs = [json.loads(path.read_text(encoding="utf-8")) for path in Path(results).glob("runs/*/*.json")]
        reached: dict[str, dict[str, float]] = {}
        for row in json.loads(ran.out)["runs"]:
            best = reached.setdefault(row["normalization"], {"best_train_acc": 0.0, "best_val_acc": 0.0})
            best.update({name: max(value, row[name] or 0.0) for name, value in best.items()})
        return Turn(ran.seconds, reached, sum(run["provenance"]["seconds"] for run in runs))

    return run


def _theirs(peer: Peer, task: Path) -> Callable[[Path], Turn]:
    def run(folder: Path) -> Turn:
        ran = run_python(["-m", f"bnlab.bench.peers.{peer.program}", str(task)], ONE_THREAD)
        return Turn(ran.seconds, json.loads(ran.out))

    return run


def representative(plan: StudyPlan) -> RunSpec:
    """The run that stands for all: with batchnorm if there is one, at the scale nearest to the usual .02."""
    batchnorm = [run for run in plan.runs if run.net.normalization == "batchnorm"] or plan.runs
    return min(batchnorm, key=lambda run: abs(np.log(run.net.weight_scale / 0.02)))
