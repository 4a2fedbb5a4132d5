"""Options about where runs are trained: `--executor`, and `--shard` for a part of them."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from typing import Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from bnlab.cli.tables import print_json, print_text
from bnlab.errors import SettingsError, plural
from bnlab.lab.executor import Workers, check_name
from bnlab.lab.standing import standing
from bnlab.lab.store import Store
from bnlab.runs.spec import RunSpec

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
    if given and workers.name == "dask":
        raise SettingsError(
            "--jobs is not allowed with --executor dask, where each worker has as many runs at once as threads: leave it "
            "out, or start workers with --nthreads N"
        )
    if given and jobs > 1 and workers.name == "serial":
        raise SettingsError(
            f"--jobs {jobs} is not allowed with --executor serial, which does one run after the other: leave it out, or "
            "choose process"
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


def part_of(runs: Sequence[RunSpec], shard: Shard | None) -> Sequence[RunSpec]:
    """The runs that this command is to train: all, or those of its shard."""
    return shard.of(runs) if shard else runs


def is_unfinished(
    shard: Shard | None, runs: Sequence[RunSpec], before: Set[str], store: Store, as_json: bool, quiet: bool
) -> bool:
    """Whether runs of other shards are still to be done; then says so. before: the names of those that were stored."""
    if shard is None:
        return False
    own, now = shard.of(runs), standing(runs, store).done
    if len(now) == len(runs):
        return False
    counts = {"runs": len(own), "stored_before": len(before & {run.name for run in own})}
    counts |= {"stored_of_all": len(now), "all": len(runs)}
    if as_json:
        print_json({"shard": str(shard), **counts, "results": str(store.root)})
    elif not quiet:
        print_text(
            f"shard {shard}: {plural(len(own), 'run')} ({counts['stored_before']:,} stored before); {len(now):,} of all "
            f"{plural(len(runs), 'run')} are in {store.root}. The command that finds all of them there, with --shard or "
            "without, writes the rest."
        )
    return True
