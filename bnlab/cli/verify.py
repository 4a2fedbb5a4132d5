"""`bnlab verify`: every published number, computed again and shown beside the published one."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import click

from bnlab import engines
from bnlab.cli.elsewhere import chosen_workers, executor_option, trains_here
from bnlab.cli.options import (
    data_dir_option,
    data_folders,
    device_option,
    engine_option,
    jobs_option,
    json_option,
    out_option,
    quiet_option,
    verbose_option,
)
from bnlab.cli.progress import Manner, get_ready, report_interrupt, runs_failed, set_up_log, train_missing
from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.errors import did_you_mean, plural
from bnlab.lab.standing import standing
from bnlab.lab.store import Store
from bnlab.published.groups import GROUPS, recompute
from bnlab.published.number import PublishedNumber, Status
from bnlab.published.verify import FILE, FOLDER, VerifyPlan, counts, gather, make_plan, publish, publish_rows

WORDS: dict[Status, tuple[str, str]] = {
    "agrees": ("ok", "agree"),
    "disagrees": ("DISAGREES", "disagree"),
    "skipped": ("skipped", "skipped"),
    "reported": ("reported", "reported only"),
    "drawn": ("drawn", "drawn only"),
}
"""For each status: the word in a row, and the word in the count at the end."""


@click.command(
    "verify",
    epilog="Example: bnlab verify batchnorm",
    help="Compute the published numbers of the notebooks again, and print the published number and ours side by side. "
    "Exit status 3 if one disagrees.\n\nA word selects the groups with that word in their names; without one, all run. "
    f"Groups: {', '.join(GROUPS)}.\n\nThe two compare groups need CIFAR-10's images. They train 20 nets, once, and draw "
    "the published training logs beside ours. Without the images they are skipped.\n\n"
    "All groups together leave their numbers in verify/verify.json of the results folder, if there is one.",
)
@click.argument("words", nargs=-1, metavar="[GROUP]...")
@data_dir_option
@engine_option
@device_option
@out_option
@jobs_option
@executor_option
@json_option
@quiet_option
@verbose_option
def command(
    words: tuple[str, ...],
    data_dir: Path | None,
    engine: str | None,
    device: str | None,
    out: Path,
    jobs: int,
    executor: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    start = time.perf_counter()
    workers = chosen_workers(jobs, executor)
    set_up_log(verbose)
    names, folders, store = _selected(words), data_folders(data_dir), Store(out)
    chosen = {name: value for name, value in (("engine", engine), ("device", device)) if value is not None}
    engines.check_choice(chosen)  # also where there is nothing to train
    plan = make_plan(names, folders, chosen)
    runs, manner = standing(plan.runs, store), Manner(workers)
    if plan.runs:
        store.prepare(FOLDER)
    with report_interrupt(plan.runs, store):
        if (missing := manner.missing(runs)) and trains_here(manner.workers):
            get_ready(jobs)
        failures = train_missing(plan.runs, missing, store, folders, manner, not quiet, plan.labels)
        rows, files = compute(names, plan, store)
    if len(names) == len(GROUPS) and os.access(store.root, os.W_OK):
        publish_rows(rows, plan.images, store, time.perf_counter() - start)
        files.append(store.root / FOLDER / FILE)
    if as_json:
        print_json([row.to_json() for row in rows])
    elif not quiet:
        _print(rows, files)
    if any(row.ok is False for row in rows):
        sys.exit(3)
    if failures:
        raise runs_failed(failures, plan.labels)


def compute(names: Sequence[str], plan: VerifyPlan, store: Store) -> tuple[list[PublishedNumber], list[Path]]:
    """The rows of the groups, and the files of the training logs, which are written here. The plan's runs are stored."""
    trainings = gather(plan, store)
    files = publish(trainings, store)
    return [row for name in names for row in recompute(name, trainings)], files


def in_words(counts: Mapping[str, int]) -> str:
    """How many numbers there are, and how many of each status."""
    told = (f"{counts[status]} {words[1]}" for status, words in WORDS.items())
    return f"{plural(sum(counts.values()), 'published number')}: {', '.join(told)}"


def _selected(words: Sequence[str]) -> list[str]:
    """The groups with one of the words in their names, in the table's order; without words, all groups."""
    parts = dict.fromkeys(part for name in GROUPS for part in (name, *name.split("_")))
    for word in words:
        if not word or not any(word in name for name in GROUPS):
            hint = did_you_mean(word.lower(), parts)
            raise click.UsageError(
                f"no group has {word!r} in its name: there are {', '.join(GROUPS)}{hint}", click.get_current_context()
            )
    return [name for name in GROUPS if not words or any(word in name for word in words)]


def _print(rows: Sequence[PublishedNumber], files: Sequence[Path]) -> None:
    """Print the table, each reason once, the files, and the count."""
    head = ["what", "published", "ours", "difference", "tolerance", ""]
    print_table(head, [*_lines(rows)], drop=("tolerance", "difference"), wrap=("what",))
    for (status, why), times in Counter((row.status, row.why) for row in rows if row.why).items():
        print_text(f"{WORDS[status][0]}, {times}: {why}")
    for file in files:
        click.echo(file)
    print_text(in_words(counts(rows)))


def _lines(rows: Sequence[PublishedNumber]) -> Iterator[list[str]]:
    """One line per number, and before each group a line with its name."""
    for group, members in groupby(rows, lambda row: row.what.split()[0]):
        yield [group, "", "", "", "", ""]
        for row in members:
            yield [f"  {row.what.removeprefix(group).strip()}", *_cells(row)]


def _cells(row: PublishedNumber) -> list[str]:
    at_most = {"difference": "{:g}", "relative difference": "{:g} relative", "ours": "at most {:g}"}[row.limited]
    return [
        format(row.published, row.form),
        "-" if row.ours is None else format(row.ours, row.form),
        "-" if row.difference is None else f"{row.difference:.1e}",
        "-" if row.tolerance is None else at_most.format(row.tolerance),
        WORDS[row.status][0],
    ]
