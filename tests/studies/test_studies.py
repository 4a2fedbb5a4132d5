"""What each study draws and says of its results: first what holds for every study, then the words of single ones."""

import csv
import io
import json
import math
import re
from dataclasses import replace
from functools import reduce
from operator import attrgetter, getitem
from statistics import fmean

import pytest

from bnlab.errors import SettingsError
from bnlab.evidence.looks import Look, one_look
from bnlab.evidence.sentences import part_of_title
from bnlab.lab.driver import carry_out
from bnlab.lab.store import Store
from bnlab.report.table import COLUMNS
from bnlab.runs.history import Failure
from bnlab.runs.outcome import planned_checks
from bnlab.studies import weight_scale
from bnlab.studies.plan import judged, results
from bnlab.studies.publish import figure as whole_figure
from bnlab.studies.publish import publish, sentences, summary, table
from bnlab.studies.study import Result, arm
from bnlab.studies.words import ONE_SEED, closing_words
from tests.published_files import WRITTEN


def figure(small, found=None):
    return small.plan.study.figure(small.plan.settings, small.results if found is None else found)


def publish_in(folder, small, found):
    """The summary, and the study's folder."""
    document = publish(small.plan, found, judged(small.plan, found), Store(folder), 1.5)
    return document, folder / small.plan.folder


@pytest.fixture(scope="session")
def published(small, tmp_path_factory):
    """The summary, and the study's folder, of the results as they are: drawn once for the tests that read it."""
    return publish_in(tmp_path_factory.mktemp("published"), small, small.results)


@pytest.fixture(scope="session")
def with_failures(small, tmp_path_factory):
    """The same of results without the first run of the first arm, and without the whole last arm."""
    first, *between, last = small.results
    error, seconds = "ValueError: no", {"seconds": 0.1}
    found = [
        Result(first.arm, first.histories[1:], (Failure(first.arm.runs[0], error, seconds),)),
        *between,
        Result(last.arm, (), tuple(Failure(run, error, seconds) for run in last.arm.runs)),
    ]
    return publish_in(tmp_path_factory.mktemp("failed"), small, found)


def one_replicate(small):
    """The same plan and results with the first replicate alone."""
    plan = replace(small.plan.at(Look(1, 1)), looks=one_look(1))
    return plan, [Result(each, result.histories[:1]) for each, result in zip(plan.arms, small.results, strict=True)]


def test_every_panel_is_labelled_and_has_a_line_for_each_arm_or_curve(small):
    curves = [*dict.fromkeys(each.curve for each in small.plan.arms)]
    labels = [each.label for each in small.plan.arms]
    drawn = figure(small)
    assert drawn.title
    for panel in drawn.panels:
        assert panel.title
        assert panel.x_label
        assert panel.y_label
        assert [*dict.fromkeys(line.label for line in panel.lines)] in (curves, labels)
        assert [*dict.fromkeys(band.label for band in panel.bands)] in (curves, labels)


def test_the_pale_lines_have_the_numbers_of_the_runs_and_the_others_their_means(small):
    pale = {y for panel in figure(small).panels for line in panel.lines if line.faint for y in line.y}
    bold = {y for panel in figure(small).panels for line in panel.lines if not line.faint for y in line.y}
    of_a_sweep = any(each.x is not None and each.curve != each.label for each in small.plan.arms)
    names = ("train_acc_history", "val_acc_history")
    numbers = [
        {tuple(getattr(history.outcome, name)) for history in result.histories}
        for result in small.results
        for name in names
    ]
    last = small.results[-1].histories
    if pale >= {y for runs in numbers for run in runs for y in run}:
        means = {fmean(values) for name in names for values in zip(*(getattr(h.outcome, name) for h in last), strict=True)}
    else:
        assert of_a_sweep
        assert pale >= {history.best_val_acc for result in small.results for history in result.histories}
        means = {fmean(history.best_val_acc for history in last), fmean(history.best_train_acc for history in last)}
    assert all(any(math.isclose(mean, y) for y in bold) for mean in means)


def test_one_replicate_is_drawn_as_it_is(small):
    plan, found = one_replicate(small)
    for panel in plan.study.figure(plan.settings, found).panels:
        assert panel.bands == ()
        pale = [line for line in panel.lines if line.faint]
        assert not pale or "loss of the minibatch" in panel.y_label
    assert sentences(plan, found, judged(plan, found))[-1] == ONE_SEED


def test_an_arm_says_what_tells_it_from_the_others(small):
    for each in small.plan.arms:
        assert set(each.varied) <= set(small.plan.study.VARIED)
        assert [run.replicate for run in each.runs] == [0, 1]
        for key, value in each.varied.items():
            assert {attrgetter(key)(run) for run in each.runs} == {value}
    labels = [each.label for each in small.plan.arms]
    assert len(set(labels)) == len(labels)


def test_the_caption_says_the_settings(small):
    text = figure(small).caption
    for words in (
        "synthetic, first 100 training images",
        "2 epochs",
        "seed 231, 2 replicates per ",
        "differ in their seeds",
    ):
        assert words in text
    solver = small.plan.settings.solver
    if not {"solver.update_rule", "solver.learning_rate"} & set(small.plan.study.VARIED):
        assert f"{solver.update_rule} at {solver.learning_rate:.4g}" in text
    if any("loss of the minibatch" in panel.y_label for panel in figure(small).panels):
        assert "mean over " in text


def test_the_caption_counts_the_replicates_that_were_run(small):
    """Not those of the last look, which --until-decided may never come to."""
    plan, found = one_replicate(small)
    assert (small.plan.changed["replicates"], plan.changed["replicates"]) == (2, 1)
    caption = whole_figure(plan, found, judged(plan, found)).caption
    assert "one run per " in caption
    assert "replicates" not in caption


def test_a_diverged_run_gets_a_cross_and_is_counted(small):
    changed = small.with_diverged(len(small.results) - 1)
    assert not any(line.diverged for panel in figure(small).panels for line in panel.lines)
    arm = small.plan.arms[-1]
    drawn = [panel for panel in figure(small, changed).panels if not panel.title.startswith("Final")]
    for panel in drawn:
        assert [line.label in (arm.curve, arm.label) for line in panel.lines if line.diverged] == [True]
    rows = table(changed)
    assert [row["status"] for row in rows].count("diverged") == 1
    [row] = [row for row in rows if row["status"] == "diverged"]
    assert row["diverged_at"] == row["iterations"]
    findings = judged(small.plan, changed)
    said = sentences(small.plan, changed, findings)
    assert [finding.diverged for finding in findings] == [
        int(arm.curve in contrast.curves and contrast.claim.reduction.uses(arm.x, *contrast.claim.arguments))
        for contrast in small.plan.contrasts
    ]
    assert [" diverged." in text for text in said[: len(findings)]] == [finding.diverged == 1 for finding in findings]


def test_the_sentences_say_each_claim_and_what_the_replicates_differ_in(small):
    findings = judged(small.plan, small.results)
    said = sentences(small.plan, small.results, findings)
    assert said[-1] == closing_words(small.plan.settings)
    assert all("\n" not in sentence for sentence in said)
    for finding, sentence in zip(findings, said, strict=False):
        assert sentence.startswith(f"{finding.contrast.text}? ")
        assert "Undecided: fewer than 5 replicates" in sentence


def test_the_title_is_made_of_findings(small, published):
    findings, (_, folder) = judged(small.plan, small.results), published
    parts = [part_of_title(finding) for finding in findings if finding.contrast.claim.title]
    assert all(part.endswith("(undecided)") for part in parts)
    drawn = " ".join(re.findall(r"<!-- (.*?) -->", (folder / "figure.svg").read_text(encoding="utf-8")))
    assert ("; ".join(parts) or figure(small).title).replace("'", "&apos;").split()[0] in drawn


def test_a_mean_that_is_not_known_stays_out_of_the_title(small):
    """With one replicate, the best of a curve can't be chosen by the others."""
    findings = judged(small.plan, small.results)
    unknown = [replace(finding, means=(math.nan,) * len(finding.means)) for finding in findings]
    assert whole_figure(small.plan, small.results, unknown).title == figure(small).title


def test_claims_are_about_arms_that_there_are(small, plan):
    """And a small study has all claims of the study as it is shipped."""
    shipped = plan(small.plan.entry.name).contrasts
    assert [contrast.text for contrast in small.plan.contrasts] == [contrast.text for contrast in shipped]
    for contrast in small.plan.contrasts:
        assert set(contrast.curves) <= {each.curve for each in small.plan.arms}
        assert contrast.claim.reason


def test_a_study_is_drawn_and_told_without_runs_that_failed(small, with_failures):
    document, folder = with_failures
    rows = [row for row in document["runs"] if row["status"] == "failed"]
    assert [row["error"] for row in rows] == ["ValueError: no"] * 3
    assert [row["best_val_acc"] for row in rows] == [None] * 3
    svg = (folder / "figure.svg").read_text(encoding="utf-8")
    assert "3 runs failed and not drawn" in " ".join(re.findall(r"<!-- (.*?) -->", svg))


def test_a_claim_is_undecided_where_runs_failed(small, with_failures):
    first, last = small.plan.arms[0].curve, small.plan.arms[-1].curve
    for claim in json.loads((with_failures[1] / "findings.json").read_text())["claims"]:
        assert claim["verdict"] == "undecided"
        missing, curves = claim["missing_replicates"], (claim["arm"], claim["against"])
        assert (f"a run failed in {missing} of 2 replicates" in claim["sentence"]) == bool(missing)
        assert missing in (0, 1, 2)
        assert missing == 0 or (first if missing == 1 else last) in curves


def test_the_summary_is_strict_json_with_the_tables_rows(small):
    changed = small.with_diverged(0)
    document = json.loads(json.dumps(summary(small.plan, changed, judged(small.plan, changed)), allow_nan=False))
    assert document["study"] == small.plan.entry.name
    assert document["settings"]["data"] == {"dataset": "synthetic", "num_train": 100, "num_val": None, "size": None}
    assert document["changed"]["solver.num_epochs"] == 2
    runs = sum(len(result.histories) for result in small.results)
    assert [[*row] for row in document["runs"]] == [[column.name for column in COLUMNS]] * runs
    assert document["runs"][0]["final_loss"] is None
    assert document["runs"][1]["final_loss"] == small.results[0].histories[1].final_loss
    for key in small.plan.study.VARIED:
        *parts, name = key.split(".")
        assert name not in reduce(getitem, parts, document["settings"])


def test_results_come_from_the_store_in_the_order_of_the_arms(small, tmp_path):
    found = results(small.plan, small.store)
    assert [result.arm for result in found] == [*small.plan.arms]
    assert [len(result.histories) for result in found] == [len(arm.runs) for arm in small.plan.arms]
    assert [result.histories for result in results(small.plan, Store(tmp_path))] == [()] * len(found)


def test_the_summary_names_the_files_and_the_seconds(small, published):
    document, folder = published
    names = [*WRITTEN]
    if hasattr(small.plan.study, "more_figures"):
        names[-1:-1] = ["signal.png", "signal.svg", "signal-numbers.csv"]
    assert document["files"] == [str(folder / name) for name in names]
    assert document["provenance"]["seconds"] == 1.5


def test_the_means_of_each_arm_and_check_are_a_table(small, published):
    _, folder = published
    rows = [*csv.DictReader(io.StringIO((folder / "arms.csv").read_text()))]
    last = small.results[-1]
    mine = [row for row in rows if row["arm"] == last.arm.label]
    assert [int(row["iteration"]) for row in mine] == last.histories[0].outcome.check_iterations
    assert {row["n"] for row in rows} == {"2"}
    for row, values in zip(mine, zip(*(h.outcome.val_acc_history for h in last.histories), strict=True), strict=True):
        assert float(row["val_acc"]) == pytest.approx(fmean(values))
        assert float(row["val_acc_low"]) <= float(row["val_acc"]) <= float(row["val_acc_high"])


@pytest.mark.parametrize("small", ["compare"], indirect=True)
def test_the_loss_is_pale_as_it_is_under_a_mean(small):
    loss = figure(small).panels[0]
    raw, mean = [line for line in loss.lines if line.faint], [line for line in loss.lines if not line.faint]
    assert [[*line.y] for line in raw] == [h.outcome.loss_history for result in small.results for h in result.histories]
    assert [*mean[0].x] == [1, 2, 3, 4]
    assert not mean[0].points


@pytest.mark.parametrize("small", ["sweep weight-scale"], indirect=True)
def test_weight_scale_says_the_best_scale_and_draws_the_notebooks_range(small):
    def mean(result):
        return fmean(history.best_val_acc for history in result.histories)

    best = max(small.results[: len(small.results) // 2], key=mean)
    assert f"{mean(best):.3f}"[1:] + f" ({best.arm.label})" in weight_scale.remarks(small.results)[0]
    assert all(panel.x_scale == "log" for panel in figure(small).panels)
    assert figure(small).panels[2].y_limits == (0, 3.5)
    settings = replace(small.plan.settings, data=replace(small.plan.settings.data, dataset="cifar10"))
    assert weight_scale.figure(settings, small.results).panels[2].y_limits == (1, 3.5)


@pytest.mark.parametrize("small", ["sweep weight-scale"], indirect=True)
def test_a_run_that_diverged_before_any_check_stands_at_chance(small):
    history, *_ = small.results[0].histories
    outcome = replace(
        history.outcome,
        loss_history=[math.nan],
        check_iterations=[1],
        train_acc_history=[0.5],
        val_acc_history=[0.5],
        diverged_at=1,
    )
    found = [Result(small.results[0].arm, (replace(history, outcome=outcome),)), *small.results[1:]]
    val, _, loss = figure(small, found).panels
    assert (val.lines[0].y[0], loss.lines[0].y[0]) == (0.1, math.inf)
    assert val.lines[0].diverged == (0,)


@pytest.mark.parametrize("small", ["sweep batch-size"], indirect=True)
def test_batch_size_says_how_many_updates_each_arm_made(small):
    words = small.plan.study.remarks(small.results)[0]
    assert words.startswith("Updates made: 40 (batchnorm, batch 5), 20 (batchnorm, batch 10), 4 (")
    assert words in figure(small).caption
    equal = replace(small.plan.settings, arms=replace(small.plan.settings.arms, equal_updates=True))
    assert small.plan.study.figure(equal, small.results).panels[0].x_label == "update"


def test_with_equal_updates_there_is_a_baseline_at_every_batch_size(plan):
    made = plan("sweep batch-size", {"arms.equal_updates": True, "arms.norm": "all"})
    sizes = {}
    for each in made.arms:
        sizes.setdefault(each.curve, []).append(each.x)
    assert [*sizes] == ["batchnorm", "layernorm", "no normalization"]
    assert [*sizes.values()] == [[5, 10, 50]] * 3
    assert {each.runs[0].num_iterations for each in made.arms} == {2000}
    assert len(made.contrasts) == 1


@pytest.mark.parametrize(("study", "curves"), [("compare", 3), ("sweep batch-size", 3), ("compare --model cnn", 3)])
def test_all_normalizations_in_one_figure(plan, study, curves):
    made = plan(study, {"arms.norm": "all"})
    assert len({each.curve for each in made.arms}) == curves
    assert made.folder.endswith("-all") or study.endswith("cnn")


def test_an_arm_refuses_a_field_there_is_not(small):
    with pytest.raises((TypeError, KeyError)):
        arm("wide", small.plan.settings, small.results[0].arm.runs[0].data, {"net.width": 3})


def test_the_same_arm_twice_is_one(plan):
    made = plan("sweep batch-size", {"arms.batch_sizes": [5, 10, 5]})
    assert [each.runs[0].solver.batch_size for each in made.arms] == [5, 10, 5]  # the last is the baseline
    assert len(plan("dropout", {"arms.keep": [0.5, 0.5]}).arms) == 2


def test_the_arm_without_dropout_is_always_there(plan):
    arms = plan("dropout", {"arms.keep": [0.5]}).arms
    assert [(each.label, each.varied["net.keep_prob"]) for each in arms] == [("no dropout", 1), ("keep 0.5", 0.5)]
    assert [each.label for each in plan("dropout", {"arms.keep": [0.5, 1]}).arms] == ["no dropout", "keep 0.5"]


def test_lowest_above_highest_is_refused(plan):
    with pytest.raises(SettingsError, match=r"lowest_weight_scale 2 is above arms\.highest_weight_scale 1: give the lower"):
        plan("sweep weight-scale", {"arms.lowest_weight_scale": 2})


def test_more_replicates_are_the_same_study(plan):
    five, seven = (plan("compare", {"replicates": count}) for count in (5, 7))
    assert five.folder == seven.folder == "compare-batchnorm"
    assert [run.name for run in five.runs] == [run.name for run in seven.runs if run.replicate < 5]


def test_other_images_for_each_replicate(plan):
    made = plan("compare", {"vary": "images", "replicates": 2})
    assert made.folder == "compare-batchnorm-vary-images"
    assert {run.data.images for run in made.runs} == {"drawn"}
    assert made.runs[0].data.fingerprint != plan("compare").runs[0].data.fingerprint
    with pytest.raises(SettingsError, match=r"data\.num_train 4,000: .* set data\.num_train below 4,000"):
        plan("compare", {"vary": "images", "data.num_train": 4000})


def test_a_run_with_a_single_check_is_drawn_on_the_axes_of_its_data_set(plan, tmp_path):
    """One epoch of one iteration: the first check is the last."""
    settings = {"data.num_train": 50, "solver.num_epochs": 1, "net.hidden_dims": [8], "replicates": 2}
    made = plan("compare", settings)
    assert len([*carry_out(made.runs, Store(tmp_path))]) == 4
    [*_, val] = made.study.figure(made.settings, results(made, Store(tmp_path))).panels
    assert [len(line.y) for line in val.lines] == [1] * 6
    low, high = val.y_limits
    assert all(low <= line.y[-1] <= high for line in val.lines if not line.faint)


def test_figures_of_batchnorm_and_layernorm_have_the_same_axes(plan, make_history):
    """Unless a curve ends outside of them."""

    def axes(study, norm):
        made = plan(study, {"arms.norm": norm, "replicates": 2})
        level = {"batchnorm": 0.82, "layernorm": 0.84, "none": 0.81}

        def made_up(run):
            checks = len(planned_checks(run))
            rising = [level[run.net.normalization] - 0.05 * (checks - 1 - i) / checks for i in range(checks)]
            return make_history(run, train=rising, val=rising)

        found = [Result(each, tuple(map(made_up, each.runs))) for each in made.arms]
        return [panel.y_limits for panel in made.study.figure(made.settings, found).panels]

    for study in ("compare", "sweep batch-size"):
        assert axes(study, "batchnorm") == axes(study, "layernorm")
        assert None not in axes(study, "batchnorm")


def test_a_caption_says_what_becomes_of_a_diverged_run(small):
    def caption(found):
        return whole_figure(small.plan, found, judged(small.plan, found)).caption

    changed = small.with_diverged(0)
    assert [result.diverged for result in changed] == [1] + [0] * (len(changed) - 1)
    assert "; after a divergence accuracies count as 0.1" in caption(changed)
    assert "divergence" not in caption(small.results)
    if "loss: pale" in caption(changed):
        assert ", up to the first divergence" in caption(changed)


def test_a_fixed_axis_is_widened_for_where_a_curve_ends_and_for_nothing_else(plan, make_history):
    made = plan("compare", {"replicates": 2})

    def limits(first, last):
        def made_up(run):
            level = [first, *[0.7] * (len(planned_checks(run)) - 2), last]
            return make_history(run, train=level, val=level)

        found = [Result(each, tuple(map(made_up, each.runs))) for each in made.arms]
        return made.study.figure(made.settings, found).panels[-1].y_limits

    usual = limits(0.6, 0.7)
    assert limits(0.1, 0.7) == usual
    assert limits(0.6, 0.2) == (0.2, usual[1])
    assert limits(0.6, 0.95) == (usual[0], 0.95)
