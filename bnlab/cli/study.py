"""The command of a study, made from its row in the registry: the options all studies share, and the study's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from bnlab.cli.options import (
    PATH,
    data_dir_option,
    data_folders,
    jobs_option,
    json_option,
    out_option,
    quiet_option,
    verbose_option,
)
from bnlab.cli.output import print_plan, print_study
from bnlab.cli.progress import report_interrupt, runs_failed, set_up_log, train_missing
from bnlab.data import DATASETS, DEFAULT
from bnlab.lab.driver import stored
from bnlab.lab.store import Store
from bnlab.optim import SETTINGS
from bnlab.runs.spec import RULE_SETTINGS
from bnlab.studies import StudyEntry
from bnlab.studies.plan import make_plan, results
from bnlab.studies.publish import publish
from bnlab.studies.settings import Override, parse_set, suggested_key
from bnlab.studies.study import Study, load_study

KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": str},
    "numbers": {"type": float, "multiple": True},
    "flag": {"is_flag": True, "default": None},
}
SHORTCUTS = {"--dataset": "data.dataset", "--seed": "seed"}


class StudyCommand(click.Command):
    """A study's command. An unknown option that is a setting is answered with the setting."""

    entries: Sequence[StudyEntry]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            for entry in self.entries:
                if key := suggested_key(load_study(entry.module), error.option_name.lstrip("-")):
                    raise click.UsageError(
                        f"there is no option {error.option_name}: {_instead(entry, key)}", ctx
                    ) from error
            raise


def _instead(entry: StudyEntry, key: str) -> str:
    """How to set a setting: by the study's own option, or by -s; and for which update rule."""
    name = key.rpartition(".")[2]
    rules = [rule for rule, own in SETTINGS.items() if name in own]
    of_rule = f" (a setting of {', '.join(rules)})" if name in RULE_SETTINGS else ""
    flags = {key: flag for flag, key in SHORTCUTS.items()}
    flags |= {option.key: option.flag for option in load_study(entry.module).OPTIONS}
    option = flags.get(key)
    return f"write {option or f'-s {key}=VALUE'}{of_rule}; bnlab settings {entry.name} lists all settings"


def study_command(entries: Sequence[StudyEntry]) -> click.Command:
    """The Click command of a study, or of studies that share it and differ in the model."""
    entry = entries[0]
    command = StudyCommand(
        entry.command.split()[-1],
        callback=partial(_choose, {each.model: each for each in entries}),
        help="\n\n".join(_described(each, entry) for each in entries),
        short_help=entry.help,
        epilog=f"Example: bnlab {entries[-1].name} --dataset synthetic --seed 7",
    )
    command.entries = entries
    models = [click.option("--model", type=click.Choice([each.model for each in entries]), default=entry.model,
                           show_default=True, help="The kind of net.")]  # fmt: skip
    for decorate in [*(models if len(entries) > 1 else []), *_own_options(entries), *COMMON]:
        decorate(command)
    return command


def _described(entry: StudyEntry, first: StudyEntry) -> str:
    """A study in words, and where its settings stand."""
    load_study(entry.module)
    doc = " ".join((sys.modules[entry.module].__doc__ or "").split())
    return f"{_with_model(entry, first)}{doc} Settings: experiments/{entry.experiment}."


def _own_options(entries: Sequence[StudyEntry]) -> list[Any]:
    """The studies' own options; one that several have is one option, with the help of each."""
    helps: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    for entry in entries:
        for option in load_study(entry.module).OPTIONS:
            helps.setdefault(option.flag, []).append(f"{_with_model(entry, entries[0])}{option.help}")
            kinds[option.flag] = option.kind
    return [click.option(flag, help=" ".join(texts), **KINDS[kinds[flag]]) for flag, texts in helps.items()]


def _with_model(entry: StudyEntry, first: StudyEntry) -> str:
    return "" if entry is first else f"With --model {entry.model}: "


def _choose(entries: Mapping[str, StudyEntry], model: str | None = None, **given: Any) -> None:
    """Run the study of the model that was asked for, or the only one there is."""
    entry = entries[model] if model else next(iter(entries.values()))
    _run(entry, load_study(entry.module), **given)


COMMON = [
    click.option("--dataset", help=f"{', '.join(DATASETS)} [default: {DEFAULT}]."),
    data_dir_option,
    click.option("--seed", type=int, help="Seed of all random streams [default: 231]."),
    out_option,
    jobs_option,
    click.option("--config", type=PATH, help="YAML file with settings, over the study's own."),
    click.option("-s", "--set", "sets", multiple=True, metavar="KEY.PATH=VALUE",
                 help="One setting, over --config. Repeatable."),
    click.option("-n", "--dry-run", is_flag=True, help="List the runs and stop."),
    click.option("--force", is_flag=True, help="Do all runs again, stored or not."),
    json_option,
    quiet_option,
    verbose_option,
]  # fmt: skip


def _run(
    entry: StudyEntry, study: Study, *, config: Path | None, sets: tuple[str, ...], data_dir: Path | None, out: Path,
    jobs: int, dry_run: bool, force: bool, as_json: bool, quiet: bool, verbose: bool, **own: Any,
) -> None:  # fmt: skip
    """Plan, carry out, publish, print. Runs that failed are named at the end; the others count all the same."""
    start = time.perf_counter()
    set_up_log(verbose)
    overrides = [*map(parse_set, sets), *_from_options(study, own)]
    folders = data_folders(data_dir)
    plan = make_plan(entry, config, overrides, folders)
    store = Store(out, read_only=dry_run)
    there = stored(plan.runs, store)  # with --force too: a file that can't be read is never overwritten
    have = set() if force else there
    if dry_run:
        print_plan(plan, have, as_json, quiet)
        return
    store.prepare(plan.folder)
    with report_interrupt(plan.runs, store):
        failures = train_missing(plan.runs, have, store, folders, jobs, not quiet, plan.labels)
        if len(failures) < len(plan.runs):
            found = results(plan, store)
            document = publish(plan, found, store, time.perf_counter() - start)
            if as_json or not quiet:
                print_study(plan, found, document, as_json, verbose, reused=len(have))
    if failures:
        raise runs_failed(failures, plan.labels)


def _from_options(study: Study, own: dict[str, Any]) -> list[Override]:
    """The options that were given, as overrides of the settings they stand for."""
    keys = SHORTCUTS | {option.flag: option.key for option in study.OPTIONS}
    given = {"--" + name.replace("_", "-"): value for name, value in own.items() if value not in (None, ())}
    return [Override(keys[flag], value, flag) for flag, value in given.items()]
