"""The command of a study, made from its row in the registry: the options all studies share, and the study's own."""

from __future__ import annotations

import logging
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from bnlab.cli.lazy import Interrupted
from bnlab.cli.options import data_dir_option, data_folders, json_option
from bnlab.cli.output import print_plan, print_study
from bnlab.cli.progress import progress_bar
from bnlab.data import DATASETS, DEFAULT
from bnlab.lab.store import Store
from bnlab.studies import Entry
from bnlab.studies.plan import already_stored, carry_out, make_plan, publish
from bnlab.studies.settings import Override, parse_set
from bnlab.studies.study import Study, load_study

KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": str},
    "numbers": {"type": float, "multiple": True},
    "flag": {"is_flag": True, "default": None},
}
SHORTCUTS = {"--dataset": "data.dataset", "--seed": "seed"}


def study_command(entry: Entry) -> click.Command:
    """The Click command of a study."""
    study = load_study(entry.module)

    doc = " ".join((sys.modules[entry.module].__doc__ or "").split())
    command = click.Command(
        entry.command.split()[-1],
        callback=partial(_run, entry, study),
        help=doc,
        short_help=entry.help,
        epilog=f"Settings: experiments/{entry.experiment}. Example: bnlab {entry.command} --dataset synthetic --seed 7",
    )
    for decorate in [*_own_options(study), *COMMON]:
        decorate(command)
    return command


def _own_options(study: Study) -> list[Any]:
    return [click.option(option.flag, help=option.help, **KINDS[option.kind]) for option in study.OPTIONS]


COMMON = [
    click.option("--dataset", help=f"{', '.join(DATASETS)} [default: {DEFAULT}]."),
    data_dir_option,
    click.option("--seed", type=int, help="Seed of all random streams [default: 231]."),
    click.option("--out", default="results", show_default=True, metavar="FOLDER", help="Results folder.",
                 callback=lambda ctx, param, value: _folder(value)),
    click.option("-j", "--jobs", type=click.IntRange(min=1), default=lambda: _cores(),
                 help="Worker processes [default: all cores]."),
    click.option("--config", type=click.Path(path_type=Path), help="YAML file with settings, over the study's own."),
    click.option("-s", "--set", "sets", multiple=True, metavar="KEY.PATH=VALUE",
                 help="One setting, over --config. Repeatable."),
    click.option("-n", "--dry-run", is_flag=True, help="List the runs and stop."),
    click.option("--force", is_flag=True, help="Do all runs again, stored or not."),
    json_option,
    click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
    click.option("-v", "--verbose", is_flag=True, help="Say of each run when it has ended, and how."),
]  # fmt: skip


def _run(
    entry: Entry, study: Study, *, config: Path | None, sets: tuple[str, ...], data_dir: Path | None, out: Path, jobs: int,
    dry_run: bool, force: bool, as_json: bool, quiet: bool, verbose: bool, **own: Any,
) -> None:  # fmt: skip
    """Plan, carry out, publish, print."""
    start = time.perf_counter()
    logging.basicConfig(format="%(message)s", level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr)
    overrides = [*map(parse_set, sets), *_from_options(study, own)]
    folders = data_folders(data_dir)
    plan = make_plan(entry, config, overrides, folders)
    store = Store(out)
    have = {} if force else already_stored(plan, store)
    if dry_run:
        print_plan(plan, have, as_json, quiet)
        return
    store.check_writable(plan.folder)
    try:
        with progress_bar(len(plan.runs), len(have), shown=not quiet) as advance:
            results = carry_out(plan, store, have, folders, jobs, advance)
        document = publish(plan, results, store, time.perf_counter() - start)
    except KeyboardInterrupt as error:
        done = len(already_stored(plan, store))
        raise Interrupted(
            f"interrupted: {done} of {len(plan.runs)} runs are stored in {out}; the same command goes on from there"
        ) from error
    print_study(plan, results, document, as_json, quiet, reused=len(have))


def _from_options(study: Study, own: dict[str, Any]) -> list[Override]:
    """The options that were given, as overrides of the settings they stand for."""
    keys = SHORTCUTS | {option.flag: option.key for option in study.OPTIONS}
    given = {"--" + name.replace("_", "-"): value for name, value in own.items() if value not in (None, ())}
    return [Override(keys[flag], value, flag) for flag, value in given.items()]


def _folder(name: str) -> Path:
    if not name.strip():
        raise click.BadParameter("the name is empty: give a folder, such as results", param_hint="--out")
    return Path(name)


def _cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
