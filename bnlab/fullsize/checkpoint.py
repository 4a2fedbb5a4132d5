"""Checkpoints: all that a training needs to go on from a check to the same bytes, and an evaluation to begin.

A file of arrays without pickles, see `bnlab.lab.npz`: the run's spec, the number of BLAS threads, which changes how sums
are rounded, and the Solver's state, its best parameters included. Nothing in it depends on the clock or the machine's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bnlab.engines import solver_builder
from bnlab.errors import SettingsError, StoreError
from bnlab.lab.files import store_error, write
from bnlab.lab.npz import pack, unpack
from bnlab.layers.types import Array
from bnlab.report.run_facts import settings as settings_by_key
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import planned_checks
from bnlab.runs.spec import RunSpec
from bnlab.solver import Solver

NAME = "checkpoint.npz"
FORMAT, SCHEMA = "bnlab checkpoint", 1
MAY_DIFFER = {"solver.num_epochs"}
"""A training may go on for longer than was planned: what came before is the same."""
HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")
"""What a state has lists of numbers of."""
UNFIT = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, SettingsError)
"""What a state raises that is of no such training."""


@dataclass(frozen=True)
class Checkpoint:
    """What is in a file. path: where it was read."""

    path: Path
    spec: RunSpec
    threads: int
    state: Mapping[str, Any]

    def check_is_of(self, spec: RunSpec) -> None:
        """Raises StoreError, with the settings that differ, unless a training with this spec may go on from here."""
        ours, others = settings_by_key(spec), settings_by_key(self.spec)
        keys = [key for key in {**ours, **others} if key not in MAY_DIFFER and ours.get(key) != others.get(key)]
        if keys:
            there = ", ".join(f"{key} {others[key].value if key in others else 'none'}" for key in keys)
            raise StoreError(f"{self.path} is of another training, with {there}: name another folder by --out, or --force")
        if self.state["t"] > spec.num_iterations:
            raise StoreError(
                f"{self.path} is at iteration {self.state['t']:,}, and these settings plan {spec.num_iterations:,}: raise "
                "solver.num_epochs, or begin anew with --force"
            )

    def bring(self, solver: Solver) -> None:
        """Bring a fresh Solver of the same spec to where the training was. Raises StoreError for a state of no such one."""
        try:
            fresh = solver.state()
            for key in ("model", "best"):
                same = [(each[key][0].shape, each[key][0].dtype) for each in (fresh, self.state)]
                if same[0] != same[1]:
                    raise ValueError(f"{key} has other parameters")
            done, checks = self.state["t"], self.state["check_iterations"]
            if len(self.state["loss_history"]) != done or checks != self._planned(done):
                raise ValueError("its histories don't go together")
            if not len(self.state["train_acc_history"]) == len(self.state["val_acc_history"]) == len(checks):
                raise ValueError("its histories don't go together")
            if any(type(value) is not float for name in HISTORIES for value in self.state[name]):
                raise ValueError("its histories aren't numbers")
            if not _of_rule(self.state["rule_config"], fresh["rule_config"], fresh["model"][0]):
                raise ValueError("its update rule has other settings")
            solver.load_state({**self.state, "kind": fresh["kind"]})
            with np.errstate(all="ignore"):
                for snapshot in (self.state["best"], self.state["model"]):  # the running statistics fit, too
                    solver.model.restore(snapshot)
                    solver.model.scores(solver.X_val[:1])
        except UNFIT as error:
            raise _damaged(self.path) from error

    def _planned(self, until: int) -> list[int]:
        """Up to an iteration alone: who counts on patience may plan a hundred million epochs."""
        return planned_checks(self.spec, self.state["diverged_at"], until)


def save(path: Path, solver: Solver, spec: RunSpec, threads: int) -> None:
    """Write the checkpoint, whole or not at all. Raises StoreError if that can't be done."""
    state = {name: value for name, value in solver.state().items() if name != "kind"}
    document = {"format": FORMAT, "schema": SCHEMA, "spec": spec.to_json(), "threads": threads, "state": state}
    write(path, pack(document))


def read(path: Path) -> Checkpoint:
    """The checkpoint in a file, or in a folder under its usual name.

    Raises StoreError if there is none, or if it is damaged.
    """
    path = path / NAME if path.is_dir() else path
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"there is no checkpoint {path}: bnlab train makes one; name it, or its folder") from error
    except OSError as error:
        raise store_error("read", path, error) from error
    try:
        document = unpack(content)
        if document["format"] != FORMAT or document["schema"] != SCHEMA:
            raise ValueError("another format")
        state = document["state"]
        if type(state["t"]) is not int or type(document["threads"]) is not int or document["threads"] < 1:
            raise ValueError("no numbers")
        return Checkpoint(path, RunSpec.from_json(document["spec"]), document["threads"], state)
    except UNFIT as error:
        raise _damaged(path) from error


def remove(path: Path) -> None:
    """Remove the checkpoint, if there is one. Raises StoreError if that can't be done."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise store_error("remove", path, error) from error


def solver_of(spec: RunSpec, data: Mapping[str, Any], **more: Any) -> Solver:
    """The Solver of a run at its start. data: its arrays by name, which may be lazy.

    Raises SettingsError for an engine that can't be stopped between two iterations.
    """
    return solver_builder(spec.engine)(spec, data, Draws(spec, data), **more)


def _of_rule(config: Mapping[str, Any], fresh: Mapping[str, Any], flat: Array) -> bool:
    """Whether these may be an update rule's settings and state: numbers, and arrays as the parameters are."""

    def fits(value: Any) -> bool:
        return type(value) in (int, float) or (value.shape, value.dtype) == (flat.shape, flat.dtype)

    return fresh.keys() <= config.keys() and all(map(fits, config.values()))


def _damaged(path: Path) -> StoreError:
    return StoreError(f"{path} is damaged, or no checkpoint of this version of bnlab: begin anew with bnlab train --force")
