"""The command of a study, made from its row in the registry: the options all studies share, and the study's own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import click

from bnlab import engines
from bnlab.cli.elsewhere import (
    Shard,
    check_shard,
    chosen_workers,
    executor_option,
    is_unfinished,
    part_of,
    shard_option,
    trains_here,
)
from bnlab.cli.meanwhile import Meanwhile
from bnlab.cli.options import (
    PATH,
    chosen_dataset,
    convention_option,
    data_dir_option,
    data_folders,
    dataset_option,
    device_option,
    dry_run_option,
    engine_option,
    fail_fast_option,
    jobs_option,
    json_option,
    keep_failed_option,
    out_option,
    quiet_option,
    seed_option,
    time_limit_option,
    verbose_option,
    warn_of_unused,
)
from bnlab.cli.output import print_plan, print_study
from bnlab.cli.progress import Manner, get_ready, in_words, report_interrupt, runs_failed, say, set_up_log, train_missing
from bnlab.errors import RunError, SettingsError, VerdictError
from bnlab.evidence.judge import Finding
from bnlab.evidence.looks import DEFAULT_MOST
from bnlab.evidence.verdicts import FEWEST
from bnlab.lab.standing import standing
from bnlab.lab.store import Store
from bnlab.optim import SETTINGS
from bnlab.runs.history import Failure
from bnlab.runs.spec import RULE_SETTINGS, RunSpec
from bnlab.studies import StudyEntry
from bnlab.studies.asked import description
from bnlab.studies.claims_file import read_claims
from bnlab.studies.plan import StudyPlan, judged, make_plan, results
from bnlab.studies.publish import conclude, further_figures
from bnlab.studies.settings import Override, flags, parse_set, suggested_key
from bnlab.studies.study import MOST_REPLICATES, Study, load_study

KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": str},
    "numbers": {"type": float, "multiple": True},
    "flag": {"is_flag": True, "default": None},
}
FAIL_ON: dict[str | None, tuple[str, ...]] = {"contradicted": ("contradicted",), "undecided": ("contradicted", "undecided")}
"""The verdicts that `--fail-on` doesn't accept."""


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
    option = flags(load_study(entry.module)).get(key)
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
    return f"{_with_model(entry, first)}{description(entry)} Settings: experiments/{entry.experiment}."


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
    run_study(entry, load_study(entry.module), given)


COMMON = [
    dataset_option,
    data_dir_option,
    seed_option,
    engine_option,
    device_option,
    convention_option,
    click.option("--replicates", type=int, metavar="N",
                 help="Runs per arm, paired between arms [default: 5; with --model cnn 3]. Choose it before you see a "
                 "verdict: a number raised afterwards isn't covered by the 5 %."),
    click.option("--vary", metavar="WHAT", help="What replicates differ in: seeds, or images (seeds and training images)."),
    click.option("--claims", type=PATH, help="YAML file with claims of your own, tested beside the study's."),
    click.option("--until-decided", is_flag=True,
                 help="Add replicates until every claim is decided: look at 5, 10, 20, … of them. Choose it, and "
                 "--max-replicates, before you see a verdict."),
    click.option("--max-replicates", type=click.IntRange(FEWEST, MOST_REPLICATES), metavar="N",
                 help=f"With --until-decided: the last look [default: {DEFAULT_MOST}]."),
    click.option("--fail-on", type=click.Choice([*FAIL_ON]),
                 help="Exit with status 3 if a claim is contradicted; or if one is undecided, contradicted included."),
    click.option("--diagnostics", help="Record signals, gradients and updates of each layer at each check.",
                 **KINDS["flag"]),
    out_option,
    jobs_option,
    executor_option,
    shard_option,
    click.option("--config", type=PATH, help="YAML file with settings, over the study's own."),
    click.option("-s", "--set", "sets", multiple=True, metavar="KEY.PATH=VALUE",
                 help="One setting, over --config. Repeatable."),
    time_limit_option,
    keep_failed_option,
    fail_fast_option,
    dry_run_option,
    click.option("--force", is_flag=True, help="Do all runs again, stored or not."),
    json_option,
    quiet_option,
    verbose_option,
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What the options ask for, besides settings."""

    config: Path | None
    sets: tuple[str, ...]
    data_dir: Path | None
    claims: Path | None
    until_decided: bool
    max_replicates: int | None
    fail_on: str | None
    out: Path
    jobs: int
    run_time_limit: float | None
    keep_failed: bool
    fail_fast: bool
    executor: str | None
    shard: Shard | None
    dry_run: bool
    force: bool
    as_json: bool
    quiet: bool
    verbose: bool

    @property
    def most(self) -> int | None:
        """The replicates of the last look; None for a single look."""
        return (self.max_replicates or DEFAULT_MOST) if self.until_decided else None

    @property
    def manner(self) -> Manner:
        """How the runs are to be done."""
        workers = chosen_workers(self.jobs, self.executor, time_limit=self.run_time_limit)
        return Manner(workers, self.keep_failed, self.fail_fast, self.force)


def run_study(entry: StudyEntry, study: Study, given: dict[str, Any]) -> None:
    """Plan, carry out, publish, print. Runs that failed are named at the end; the others count all the same."""
    start = time.perf_counter()
    request = Request(**{field.name: given.pop(field.name) for field in fields(Request)})
    _check(request)
    set_up_log(request.verbose)
    if not request.dry_run and trains_here(request.manner.workers):
        get_ready(request.jobs)
    folders = data_folders(request.data_dir)
    given["dataset"] = chosen_dataset(given["dataset"], request.data_dir)
    claims = read_claims(request.claims) if request.claims else ()
    overrides = [*map(parse_set, request.sets), *_from_options(study, given)]
    plan = make_plan(entry, request.config, overrides, folders, claims, request.most, study)
    if not request.quiet:
        warn_of_unused(request.data_dir, given["dataset"], plan.settings.data.dataset)
    _check_claims(request, plan)
    engines.check(plan.runs)
    store = Store(request.out, read_only=request.dry_run)
    runs = standing(plan.runs, store)  # with --force too: a file that can't be read is never overwritten
    own = runs.part(part_of(plan.runs, request.shard))
    said = in_words(own, request.manner, at_most=len(plan.looks) > 1)
    if request.dry_run:
        print_plan(plan, own, request.manner, said, request.as_json, request.quiet)
        return
    store.prepare(plan.folder)
    missing = request.manner.missing(own)
    have = runs.done - {run.name for run in missing}
    with report_interrupt(plan.runs, store):
        say(said, request.quiet)
        found = None
        further = _meanwhile(plan, missing, request)
        reached, failures = _carry_out(plan, missing, store, folders, request)
        if failures and request.fail_fast:
            raise runs_failed(failures, plan.labels)
        kept = (runs.failed & {run.name for run in reached.runs}) - {run.name for run in missing}
        unfinished = is_unfinished(request.shard, reached.runs, runs.done, store, request.as_json, request.quiet)
        if len(failures) + len(kept) < len(reached.runs) and not unfinished:
            drawn = further.result() if further else None
            found = conclude(reached, store, time.perf_counter() - start, drawn)
            if request.as_json or not request.quiet:
                reused = len(have & {run.name for run in reached.runs})
                print_study(reached, found.results, found.document, request.as_json, request.verbose, reused)
    if failures:
        raise runs_failed(failures, plan.labels)
    if len(kept) == len(reached.runs):
        raise RunError("all runs failed before, and --keep-failed leaves them alone: leave it out to try them again")
    if found:
        _check_verdicts(found.findings, request.fail_on)


def _meanwhile(plan: StudyPlan, missing: Sequence[RunSpec], request: Request) -> Meanwhile[dict[str, bytes]] | None:
    """The further figures, drawn while workers train; None if nobody trains, or if the number of replicates is still
    open."""
    trains = request.jobs > 1 and missing
    return Meanwhile(partial(further_figures, plan)) if trains and len(plan.looks) == 1 else None


def _carry_out(
    plan: StudyPlan, missing: Sequence[RunSpec], store: Store, folders: Sequence[Path], request: Request
) -> tuple[StudyPlan, list[Failure]]:
    """Train look by look, until every claim is decided or a run failed. Gives the plan as far as it was carried out."""
    to_do = {run.name for run in missing}
    for look in plan.looks:
        reached = plan.at(look)
        own = [run for run in reached.runs if run.name in to_do]
        part = part_of(reached.runs, request.shard)
        failures = train_missing(part, own, store, folders, request.manner, not request.quiet, plan.labels)
        if failures or look == plan.looks[-1]:  # what is found at the last look, `conclude` works out
            break
        if all(finding.decided for finding in judged(reached, results(reached, store))):
            break
        to_do -= {run.name for run in own}
    return reached, failures


def _check(request: Request) -> None:
    """Refuse options that don't go together."""
    check_shard(request.shard, until_decided=request.until_decided)
    if request.max_replicates is not None and not request.until_decided:
        raise SettingsError(
            "--max-replicates is not allowed without --until-decided: add that, or give --replicates instead"
        )


def _check_claims(request: Request, plan: StudyPlan) -> None:
    """Refuse options about claims where there are none."""
    for name, asked in (("--until-decided", request.until_decided), ("--fail-on", request.fail_on is not None)):
        if asked and not plan.contrasts:
            raise SettingsError(
                f"{name} needs a claim, and there is none about these arms: add --claims FILE, or leave {name} out"
            )


def _check_verdicts(findings: Sequence[Finding], fail_on: str | None) -> None:
    refused = [
        f"{found.contrast.text}: {found.verdict.word}"
        for found in findings
        if found.verdict.word in FAIL_ON.get(fail_on, ())
    ]
    if refused:
        raise VerdictError(f"--fail-on {fail_on}: " + "; ".join(refused))


def _from_options(study: Study, given: Mapping[str, Any]) -> list[Override]:
    """The options that were given, as overrides of the settings they stand for."""
    keys = {flag: key for key, flag in flags(study).items()}
    named = {"--" + name.replace("_", "-"): value for name, value in given.items() if value not in (None, ())}
    return [Override(keys[flag], value, flag) for flag, value in named.items()]
