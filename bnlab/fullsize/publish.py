"""From a training to the files beside its checkpoint: the figure, its numbers, the summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bnlab.fullsize.checkpoint import NAME
from bnlab.fullsize.figures import training_figure
from bnlab.fullsize.job import Job
from bnlab.fullsize.settings import as_table
from bnlab.fullsize.train import Trained
from bnlab.lab.files import finite_or_none, json_bytes, write
from bnlab.lab.provenance import provenance
from bnlab.report.draw import draw
from bnlab.report.figure_table import numbers_csv
from bnlab.solver import Solver

SCHEMA = 1
LAST = 100
"""Iterations that the final loss is a mean of."""


def publish(job: Job, trained: Trained, folder: Path, command: str, seconds: float) -> dict[str, Any]:
    """Write the files; the summary is handed back, with where they lie. seconds: wall time of the whole command.

    Raises StoreError if a file can't be written.
    """
    document = {**summary(job, trained, command), "provenance": _provenance(trained, seconds)}
    figure = training_figure(job, trained.solver)
    files = {
        **{f"figure.{form}": content for form, content in draw(figure).items()},
        "figure-numbers.csv": numbers_csv(figure),
        "summary.json": json_bytes(document),
    }
    for name, content in files.items():
        write(folder / name, content)
    return {**document, "files": [str(folder / name) for name in (NAME, *files)]}


def summary(job: Job, trained: Trained, command: str) -> dict[str, Any]:
    """What was asked and what came out, in strict JSON."""
    solver = trained.solver
    best = solver.best_check
    return {
        "schema": SCHEMA,
        "command": command,
        "settings": as_table(job.settings),
        "changed": dict(job.changed),
        "spec": job.spec.to_json(),
        "threads": trained.threads,
        "status": status(solver),
        "iterations": solver.t,
        "epochs": solver.epoch,
        "diverged_at": solver.diverged_at,
        "final_loss": finite_or_none(_final_loss(solver)),
        "best": None if best is None else _check(solver, best),
        "checks": [_check(solver, i) for i in range(len(solver.check_iterations))],
    }


def status(solver: Solver) -> str:
    """'finished', 'diverged' or 'stopped early'."""
    if solver.diverged_at is not None:
        return "diverged"
    return "stopped early" if solver.stopped_early else "finished"


def _check(solver: Solver, index: int) -> dict[str, Any]:
    iteration = solver.check_iterations[index]
    return {
        "iteration": iteration,
        "epoch": iteration / solver.iterations_per_epoch,
        "train_acc": solver.train_acc_history[index],
        "val_acc": solver.val_acc_history[index],
    }


def _final_loss(solver: Solver) -> float:
    last = solver.loss_history[-LAST:]
    return sum(last) / len(last)


def _provenance(trained: Trained, seconds: float) -> dict[str, Any]:
    """Where and when; of a training that went on, how much of it this command did."""
    done = trained.solver.t - trained.begun_at
    of_training = {"training_seconds": round(trained.seconds, 4), "iterations_in_this_command": done}
    return {**of_training, **provenance(seconds)}
