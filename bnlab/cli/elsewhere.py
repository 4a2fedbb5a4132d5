"""Options about where runs are trained: `--executor`, and `--shard` for a part of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from bnlab.cli.tables import print_json, print_text
from bnlab.errors import SettingsError, plural
from bnlab.lab.executor import Workers, check_name

T = TypeVar("T")


class Shard(NamedTuple):
    """Part `number` of so many parts of a list, equally long but for one run. Neighbours go to different parts, so that
    each part has some of each arm."""

    number: int
    parts: int

    def of(self, runs: Sequence[T]) -> list[T]:
        return [*runs[self.number - 1 :: self.parts]]

    def __str__(self) -> str:
        return f"{self.number}/{self.parts}"


class ShardType(click.ParamType):  # type: ignore[type-arg]
    name = "K/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        if isinstance(value, Shard):
            return value
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", value)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"{value!r} is no part: write K/N, with K from 1 to N, such as 1/4", param, ctx)
        return Shard(int(match[1]), int(match[2]))


def _check_executor(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        check_name(Workers(executor=value))
    return value


executor_option = click.option(
    "--executor",
    metavar="NAME",
    callback=_check_executor,
    help="Where runs are trained: serial (this process), process (worker processes), or dask://HOST:PORT, the workers of a "
    "Dask cluster, without --jobs [default: process].",
)
shard_option = click.option(
    "--shard",
    type=ShardType(),
    metavar="K/N",
    help="Train part K of N alone, for instance in one of N jobs of a batch system. Any later command gathers the folder.",
)


def chosen_workers(jobs: int, executor: str | None, **more: Any) -> Workers:
    """Who trains, as the options ask. more: further fields of Workers. Raises SettingsError for --jobs where it says
    nothing."""
    workers = Workers(jobs, executor, **more)
    given = click.get_current_context().get_parameter_source("jobs") is ParameterSource.COMMANDLINE
    if workers.name == "dask" and given:
        raise SettingsError(
            "--jobs is not allowed with --executor dask, where each worker has as many runs at once as threads: leave it "
            "out, or start workers with --nthreads N"
        )
    return workers


def trains_here(workers: Workers) -> bool:
    """Whether the runs are trained on this machine."""
    return workers.name in ("serial", "process")


def check_shard(shard: Shard | None, **others: bool) -> None:
    """Refuse a part of runs that nobody can list beforehand. others: options that it doesn't go with, by name."""
    for name, given in others.items():
        if shard and given:
            option = "--" + name.replace("_", "-")
            raise SettingsError(f"--shard is not allowed with {option}: leave one of them out")


def print_shard(shard: Shard, runs: int, before: int, stored: int, of: int, folder: Path, as_json: bool) -> None:
    """What became of a part: its runs, how many of them were stored before, and how many of all runs are by now."""
    if as_json:
        counts = {"runs": runs, "stored_before": before, "stored_of_all": stored, "all": of}
        print_json({"shard": str(shard), **counts, "results": str(folder)})
        return
    told = f"shard {shard}: {plural(runs, 'run')}" + (f" ({before:,} stored before)" if before else "")
    print_text(
        f"{told}; {stored:,} of all {plural(of, 'run')} are in {folder}. The command that finds all of them there, with "
        "--shard or without, writes the figure and the tables."
    )
