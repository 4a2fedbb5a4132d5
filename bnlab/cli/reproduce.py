"""`bnlab reproduce`: every study, the published numbers and the gradients, and one page about all of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, get_args

import click

from bnlab import engines
from bnlab.cases import CASES
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
from bnlab.cli.gradcheck import SEED
from bnlab.cli.options import (
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
)
from bnlab.cli.progress import (
    Manner,
    get_ready,
    how_it_ended,
    in_words,
    report_interrupt,
    runs_failed,
    say,
    set_up_log,
    train_missing,
)
from bnlab.cli.reproduce_output import print_outcome, print_plans
from bnlab.cli.tables import print_json
from bnlab.cli.verify import compute
from bnlab.errors import BnlabError, RunError, VerdictError, plural
from bnlab.evidence.verdicts import Word
from bnlab.gradcheck import check
from bnlab.lab.provenance import provenance
from bnlab.lab.standing import standing
from bnlab.lab.store import Store
from bnlab.published import verify
from bnlab.published.groups import GROUPS
from bnlab.published.verify import VerifyPlan, publish_rows
from bnlab.report import gradients
from bnlab.report.findings import by_test
from bnlab.runs.history import History
from bnlab.studies.asked import command as command_of
from bnlab.studies.plan import StudyPlan
from bnlab.studies.publish import conclude, findings_document
from bnlab.studies.reproduction import PARTS, plan_all
from bnlab.studies.settings import SHORTCUTS, Override


@click.command(
    "reproduce",
    epilog="Example: bnlab reproduce --seed 7 --without-answers",
    help="Everything at once: every study, the numbers that the notebooks publish, the check of all gradients, and one "
    "page about them: report.html in the results folder.\n\nRuns that studies share are done once, and stored ones not "
    "again. Besides, compare is done with layernorm, and the batch sizes with both normalizations and with equal updates. "
    "Exit status 1 if a run or a gradient failed, 3 if a published number disagrees.",
)
@click.option(
    "--only", multiple=True, metavar="STUDY", help=f"This alone, and the page. Repeatable. One of: {', '.join(PARTS)}."
)
@click.option(
    "--without-answers",
    is_flag=True,
    help="For a class: write worksheet.html instead, with the numbers to find the verdicts and room to write, and print "
    "nothing of what was found. Hand out this file alone: the folder holds the answers.",
)
@dataset_option
@data_dir_option
@seed_option
@engine_option
@device_option
@convention_option
@click.option("--replicates", type=int, metavar="N", help="Runs per arm, for all studies [default: each study's own].")
@out_option
@jobs_option
@time_limit_option
@keep_failed_option
@fail_fast_option
@executor_option
@shard_option
@dry_run_option
@json_option
@quiet_option
@verbose_option
def command(
    only: tuple[str, ...],
    without_answers: bool,
    data_dir: Path | None,
    out: Path,
    jobs: int,
    run_time_limit: float | None,
    keep_failed: bool,
    fail_fast: bool,
    executor: str | None,
    shard: Shard | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **given: Any,
) -> None:
    start = time.perf_counter()
    set_up_log(verbose)
    check_shard(shard, dry_run=dry_run)
    workers = chosen_workers(jobs, executor, time_limit=run_time_limit)
    if not dry_run and trains_here(workers):
        get_ready(jobs)
    folders, store = data_folders(data_dir), Store(out, read_only=dry_run)
    given["dataset"] = chosen_dataset(given["dataset"], data_dir)
    everything = plan_all(only, _overrides(given), folders)
    runs, labels = everything.runs, everything.labels
    engines.check(runs)
    stand, manner = standing(runs, store), Manner(workers, keep_failed, fail_fast)
    part = stand.part(part_of(runs, shard))
    have, missing, said = stand.done, manner.missing(part), in_words(part, manner)
    if dry_run:
        print_plans(everything, have, said, as_json, quiet)
        return
    for folder in everything.folders:
        store.prepare(folder)
    say(said, quiet)
    with report_interrupt(runs, store):
        ending = _unsaid if without_answers else how_it_ended
        failures = train_missing(part.runs, missing, store, folders, manner, not quiet, labels, ending)
        if failures and fail_fast:
            raise runs_failed(failures, labels)
        if is_unfinished(shard, runs, stand.done, store, as_json, quiet):
            if failures:
                raise runs_failed(failures, labels)
            return
        failed = {failure.spec.name for failure in failures}
        done = [_study(name, plan, store, have, failed, without_answers) for name, plan in everything.studies.items()]
        studies = [study for study, _ in done]
        verification = _verify(everything.verify, store)
        checked = _gradcheck(store) if everything.gradcheck else None
        published = verification or checked or any(study["folder"] for study in studies)
        document = {
            "studies": studies,
            **({} if without_answers else {"claims": _counted([finding for _, own in done for finding in own])}),
            "verify": verification,
            "gradcheck": checked,
            "page": _page(store, without_answers) if published else None,
            "runs": {"all": len(runs), "stored_before": len(have), "failed": len(failures)},
            "provenance": provenance(time.perf_counter() - start),
        }
    if as_json:
        print_json(document)
    elif not quiet:
        print_outcome(document)
    _check(document, [runs_failed(failures, labels)] if failures else [])


def _study(
    name: str, plan: StudyPlan, store: Store, have: Set[str], failed: Set[str], without_answers: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Publish a study whose runs are done, and sum it up; its findings come along, as `findings.json` has them. If all of
    its runs failed, it has no files."""
    names = {run.name for run in plan.runs}
    there = bool(names - failed)
    document: dict[str, Any] = {
        "study": name,
        "command": command_of(plan),
        "folder": str(store.root / plan.folder) if there else None,
        "runs": len(names),
        "stored_before": len(names & have),
        "failed": len(names & failed),
    }
    findings = findings_document(plan, conclude(plan, store).findings)["claims"] if there else []
    if not without_answers:
        document["verdicts"] = [{key: finding[key] for key in ("claim", "verdict")} for finding in findings]
    return document, findings


def _counted(findings: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many claims have each verdict, as the page counts them: those tested on the same runs once."""
    words = [group[0]["verdict"] for group in by_test(findings, fields=lambda finding: finding)]
    return {"all": len(words), **{word: words.count(word) for word in get_args(Word)}}


def _verify(plan: VerifyPlan | None, store: Store) -> dict[str, Any] | None:
    """Compute the published numbers again, and publish them with ours."""
    if plan is None:
        return None
    start = time.perf_counter()
    rows, _ = compute([*GROUPS], plan, store)
    found = publish_rows(rows, plan.images, store, time.perf_counter() - start)
    return {"folder": str(store.root / verify.FOLDER), "counts": found["counts"], "without_images": found["without_images"]}


def _gradcheck(store: Store) -> dict[str, Any]:
    """Check all gradients, and publish them."""
    start = time.perf_counter()
    comparisons = [comparison for case in CASES.values() for comparison in check(case, SEED)]
    found = gradients.publish(comparisons, store, time.perf_counter() - start)
    return {"folder": str(store.root / gradients.FOLDER), "counts": found["counts"]}


def _page(store: Store, without_answers: bool) -> str:
    """Write the page about the results folder, and give its path. What is damaged there is told."""
    from bnlab.cli.report import write_report

    path, problems = write_report(store.root, without_answers)
    for problem in problems:
        click.echo(f"Warning: {problem}", err=True)
    return str(path)


def _check(document: Mapping[str, Any], failed: Sequence[RunError]) -> None:
    """Raise what went wrong, all of it: what failed comes before what disagrees."""
    gradients_failed = (document["gradcheck"] or {"counts": {"failed": 0}})["counts"]["failed"]
    disagree = (document["verify"] or {"counts": {"disagrees": 0}})["counts"]["disagrees"]
    problems: list[BnlabError] = [*failed]
    if gradients_failed:
        problems.append(RunError(f"gradcheck: {plural(gradients_failed, 'gradient')} failed; bnlab gradcheck says more"))
    if disagree:
        told = f"{plural(disagree, 'published number')} {'disagrees' if disagree == 1 else 'disagree'}"
        problems.append(VerdictError(f"verify: {told}; bnlab verify says more"))
    if problems:
        raise type(problems[0])("\n".join(map(str, problems)))


def _unsaid(history: History) -> str:
    """How a run ended may be an answer."""
    return "done"


def _overrides(given: Mapping[str, Any]) -> list[Override]:
    """The options that were given, as overrides of the settings of all studies."""
    return [Override(SHORTCUTS[f"--{name}"], value, f"--{name}") for name, value in given.items() if value is not None]
