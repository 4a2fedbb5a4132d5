"""`bnlab runs list`: the stored runs, as a table for people, as CSV or JSON for programs."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from bnlab.cli.options import json_option, out_option
from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.errors import StoreError, did_you_mean, plural
from bnlab.lab.files import finite_or_none
from bnlab.lab.store import USUAL_DIGITS, Store, read_run
from bnlab.report.run_facts import Point, points
from bnlab.report.table import NAMES, rows, write_csv
from bnlab.runs.history import Ended, History
from bnlab.studies import STUDIES, SWEEP
from bnlab.studies.memberships import Membership, lists_of_runs, read_memberships, select

T = TypeVar("T")
Listed = tuple[Membership, Ended]


HEAD = ("study", "folder", *NAMES)
"""The columns of the table in full."""

study_option = click.option(
    "--study", metavar="NAME", help="Only runs of this study: its name, or the name of its results folder."
)
arm_option = click.option("--arm", metavar="TEXT", help="Only runs of arms with this text in their label.")
status_option = click.option(
    "--status", type=click.Choice(["finished", "diverged", "failed"]), help="Only runs that ended like this."
)


@click.command("list", epilog="Example: bnlab runs list --study compare --curves > curves.csv")
@study_option
@arm_option
@status_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with every setting and result, one line per row.")
@click.option(
    "--curves", is_flag=True, help="Print the losses and accuracies as CSV in long form, one line for each value."
)
@out_option
def command(
    study: str | None, arm: str | None, status: str | None, as_json: bool, as_csv: bool, curves: bool, out: Path
) -> None:
    """List the stored runs: a row for each folder and arm that a run belongs to. A run of no study is listed too.

    A file that is damaged, or was written by another version, is named on standard error and left as it is.
    """
    if as_json + as_csv + curves > 1:
        raise click.UsageError("--json, --csv and --curves exclude each other: give one", click.get_current_context())
    listed = list_runs(Store(out), study, arm, status)
    if as_json:
        print_json([{name: finite_or_none(value) for name, value in row(*each).items()} for each in listed])
    elif as_csv:
        write_csv(sys.stdout, HEAD, ([*row(*each).values()] for each in listed))
    elif curves:
        write_csv(sys.stdout, ["run", "study", "folder", "arm", "seed", "replicate", *Point._fields], _points(listed))
    else:
        _print(listed, out)


def named_if_damaged(read: Callable[[Path], T], paths: Iterable[Path]) -> Iterator[T]:
    """What each file holds. One that can't be used is named on standard error and left out."""
    for path in paths:
        try:
            yield read(path)
        except StoreError as error:
            click.echo(error, err=True)


def list_runs(store: Store, study: str | None, arm: str | None, status: str | None) -> list[Listed]:
    """The runs that are asked for, each with its place. Files of other studies' and arms' runs aren't opened."""
    paths = {path.stem: path for path in store.paths()}
    memberships = [each for some in named_if_damaged(read_memberships, lists_of_runs(store.root)) for each in some]
    if study is not None:
        _check_study(study, memberships)
    places = select(paths, memberships, study, arm)
    names = dict.fromkeys(place.run for place in places)
    runs = {run.spec.name: run for run in named_if_damaged(read_run, map(paths.__getitem__, names))}
    listed = [(place, runs[place.run]) for place in places if place.run in runs]
    return [each for each in listed if status in (None, each[1].status)]


def _check_study(name: str, memberships: Sequence[Membership]) -> None:
    """Refuse a name that is neither a study's nor a folder's. A study that wasn't run yet has no runs."""
    studies = dict.fromkeys([*(each.name for each in (*STUDIES, SWEEP)), *(each.study for each in memberships)])
    there = studies | dict.fromkeys(each.folder for each in memberships)
    if name not in there:
        raise click.UsageError(
            f"--study: no study and no study's folder is called {name!r}: the studies are {', '.join(studies)}"
            f"{did_you_mean(name, there)}",
            click.get_current_context(),
        )


def row(place: Membership, run: Ended) -> dict[str, Any]:
    """The row of the studies' tables, with the study and its folder before it."""
    [found] = rows([(place.arm, run)])
    return {"study": place.study or None, "folder": place.folder or None, **found, "arm": place.arm or None}


def _points(listed: Iterable[Listed]) -> Iterator[Sequence[Any]]:
    for place, run in listed:
        if isinstance(run, History):
            who = (place.run, place.study, place.folder, place.arm, run.spec.seed, run.spec.replicate)
            yield from ((*who, *point) for point in points(run))


def _print(listed: Sequence[Listed], out: Path) -> None:
    """The engine has a column if there is more to say than that all are our own core's."""
    if listed:
        cells = [_cells(*each) for each in listed]
        if {each["engine"] for each in cells} == {"numpy"}:
            cells = [{name: text for name, text in each.items() if name != "engine"} for each in cells]
        drop = ["replicate", "final loss", "seed"]
        print_table([*cells[0]], [[*each.values()] for each in cells], drop=drop, wrap=["folder", "arm"])
    runs = len({place.run for place, _ in listed})
    more = "; those of several folders or arms have a row for each" if runs < len(listed) else ""
    print_text(f"{plural(runs, 'run')} stored in {out}{more}")


def _cells(place: Membership, run: Ended) -> dict[str, str]:
    best, loss = (run.best_val_acc, run.final_loss) if isinstance(run, History) else (math.nan, math.nan)
    numbers = {"best val acc": (best, ".3f"), "final loss": (loss, ".4g")}
    return {
        "run": place.run[:USUAL_DIGITS],
        "folder": place.folder or "-",
        "arm": place.arm or "-",
        "engine": run.spec.engine,
        "seed": str(run.spec.seed),
        "replicate": str(run.spec.replicate),
        "status": run.status,
        **{name: "-" if math.isnan(value) else f"{value:{form}}" for name, (value, form) in numbers.items()},
    }
