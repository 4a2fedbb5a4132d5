"""Findings in words, and parts of titles: never stronger than the verdict."""

import math

import pytest

from bnlab.evidence.claims import Claim, Contrast
from bnlab.evidence.interval import Interval
from bnlab.evidence.judge import Finding
from bnlab.evidence.sentences import margin, number, part_of_title, sentence, with_unit, without_zero
from bnlab.evidence.student import critical_t
from bnlab.evidence.verdicts import MORE_THAN, WITHIN, Verdict, verdict

NONE = "no normalization"


def claim(kind=MORE_THAN, margin=0.02, **fields):
    fields = {"against": NONE, "measure": "mean_train_acc", **fields}
    return Claim("{Arm} is better", kind=kind, margin=margin, reason="so", **fields)


def found(about, mean, half, n=5, of="batchnorm", **fields):
    """A finding with the verdict that its interval has."""
    interval = Interval(n, mean, mean - half, mean + half, half * math.sqrt(n) / critical_t(0.05, n - 1))
    ruled = verdict(about.kind, about.margin, interval)
    if fields.get("missing") or fields.get("at_limit"):
        ruled = Verdict("undecided")
    rest = {"values": (), "means": (0.95, 0.88), "alpha": 0.05, "look": n, "missing": 0, "diverged": 0, "runs": 2 * n}
    rest |= {"at_limit": (), "step": 0.0, "verdict": ruled}
    return Finding(Contrast(about, of, about.against), interval=interval, **{**rest, **fields})


def said(about, mean, half, *rest, axis="", **fields):
    return sentence(found(about, mean, half, *rest, **fields), axis)


def test_the_first_example():
    assert said(claim(), 0.107, 0.027) == (
        "Batchnorm's mean training accuracy over the run is higher by .107 (.080 to .134, 5 paired replicates): "
        "more than .02. Supported."
    )


@pytest.mark.parametrize(
    ("about", "mean", "half", "wanted"),
    [
        (claim(), 0.01, 0.005, "is higher by .010 (.005 to .015, 5 paired replicates): not more than .02. Contradicted: "
         "no difference that matters."),
        (claim(), 0.001, 0.01, "was higher by .001 (-.009 to .011, 5 paired replicates): not more than .02. Contradicted: "
         "no difference that matters."),
        (claim(), -0.05, 0.01, "is lower by .050 (.040 to .060, 5 paired replicates): not higher by more than .02. "
         "Contradicted: the opposite."),
        (claim(), -0.02, 0.01, "is lower by .020 (.010 to .030, 5 paired replicates): not higher by more than .02. "
         "Contradicted: below the margin, or the opposite."),
        (claim(expected="lower"), 0.05, 0.01, "is lower by .050 (.040 to .060, 5 paired replicates): more than .02. "
         "Supported."),
        (claim(expected="lower"), -0.05, 0.01, "is higher by .050 (.040 to .060, 5 paired replicates): not lower by more "
         "than .02. Contradicted: the opposite."),
        (claim(WITHIN), 0.01, 0.005, "is higher by .010 (.005 to .015, 5 paired replicates): within .02. Supported."),
        (claim(WITHIN), -0.001, 0.005, "was lower by .001 (-.004 to .006, 5 paired replicates): within .02. Supported."),
        (claim(WITHIN), 0.05, 0.01, "is higher by .050 (.040 to .060, 5 paired replicates): not within .02. Contradicted."),
        (claim(WITHIN), -0.05, 0.01, "is lower by .050 (.040 to .060, 5 paired replicates): not within .02. Contradicted."),
        (claim(), 0.02, 0.01, "is higher by .020 (.010 to .030, 5 paired replicates): not clear whether more than .02. "
         "Undecided; at this mean and spread not even 10,000 replicates would decide it."),
        (claim(), 0.03, 0.04, "was higher by .030 (-.010 to .070, 5 paired replicates): not clear whether more than .02. "
         "Undecided; at this mean and spread 43 replicates would decide it."),
        (claim(), -0.01, 0.04, "was lower by .010 (-.030 to .050, 5 paired replicates): not clear whether higher by more "
         "than .02. Undecided; at this mean and spread 7 replicates would decide it."),
    ],
)  # fmt: skip
def test_each_ending(about, mean, half, wanted):
    assert said(about, mean, half) == f"Batchnorm's mean training accuracy over the run {wanted}"


def test_another_arm_than_the_one_without_is_named():
    about = claim(against="layernorm")
    assert said(about, 0.05, 0.01).startswith(
        "Batchnorm's mean training accuracy over the run is higher than layernorm's by .050 (.040 to"
    )
    assert " is lower than layernorm's by .050 (.040" in said(about, -0.05, 0.01)


def test_times_have_a_unit():
    about = claim(margin=1, measure="epochs_to_90_percent", expected="lower")
    assert said(about, 2.6, 0.5) == (
        "Batchnorm's time to 90 % of its own best validation accuracy is shorter by 2.60 epochs (2.10 to 3.10, 5 paired "
        "replicates): more than 1 epoch. Supported."
    )
    assert "is longer by 2.60 epochs (2.10 to 3.10, 5 paired replicates): not shorter by more than 1" in said(
        about, -2.6, 0.5
    )


def test_a_gap_is_larger_or_smaller():
    about = claim(measure="final_gap", expected="lower")
    assert said(about, 0.05, 0.01).startswith(
        "Batchnorm's training minus validation accuracy at the end is smaller by .050"
    )


@pytest.mark.parametrize(
    ("over", "arguments", "words"),
    [
        ("extent", (0.8,), "range of weight scale with best validation accuracy of at least 80 % of the highest is wider "
         "by 1.47 decades (1.37 to 1.57, 5 paired replicates): more than 0.5 decades."),
        ("at_best", (), "best validation accuracy at its own best weight scale is higher by 1.470"),
        ("between", (0, 1e-3), "best validation accuracy (mean over weight scale 0 to 0.001) is higher by"),
        ("difference", (2, 5, 100, 200), "best validation accuracy at weight scale 2 to 5 minus that at 100 to 200 is"),
        ("at", (5,), "best validation accuracy at weight scale 5 is higher by"),
        ("slope", (), "slope of best validation accuracy against log2 of weight scale is higher by"),
        ("steepness", (), "dependence of best validation accuracy on weight scale (absolute slope against log2) is"),
        ("largest", (0.8,), "largest weight scale with best validation accuracy of at least 80 % of the highest is higher "
         "by 1.47 decades"),
    ],
)  # fmt: skip
def test_over_a_sweep(over, arguments, words):
    about = claim(margin=0.5, measure="best_val_acc", over=over, arguments=arguments)
    assert said(about, 1.47, 0.1, axis="weight scale").startswith(f"Batchnorm's {words}")


def test_a_claim_about_one_curve():
    about = claim(margin=0.01, against=None, over="slope")
    name = "Batchnorm's slope of mean training accuracy over the run against log2 of batch size"
    assert said(about, 0.03, 0.01, axis="batch size", runs=15) == (
        f"{name} is .030 (.020 to .040, 5 replicates): more than .01. Supported."
    )
    assert said(about, -0.03, 0.01, axis="batch size") == (
        f"{name} is -.030 (-.040 to -.020, 5 replicates): not more than .01. Contradicted: the opposite."
    )


def with_interval(finding, interval):
    return Finding(**{**finding.__dict__, "interval": interval, "verdict": Verdict("undecided"), "look": interval.n})


def test_one_replicate_has_no_interval():
    alone = Interval(1, -0.05, -math.inf, math.inf, math.nan)
    assert sentence(with_interval(found(claim(), 0, 0), alone), "") == (
        "Batchnorm's mean training accuracy over the run was lower by .050 (1 paired replicate): not clear whether higher "
        "by more than .02. Undecided: fewer than 5 replicates."
    )
    assert " over the run was -.050 (1 replicate): " in sentence(with_interval(found(claim(against=None), 0, 0), alone), "")


def test_what_is_not_known_is_not_said():
    nothing = Interval(0, math.nan, math.nan, math.nan, math.nan)
    finding = with_interval(found(claim(title="{of} and {against}"), 0, 0, means=(math.nan, math.nan)), nothing)
    assert sentence(finding, "").startswith(
        "Batchnorm's mean training accuracy over the run isn't known: not clear whether more than .02. Undecided"
    )
    assert part_of_title(finding) == "? and ? (undecided)"


def test_missing_replicates_are_counted():
    text = said(claim(), 0.3, 0.01, 4, missing=1, look=5)
    assert text.endswith("not clear whether more than .02. Undecided: a run failed in 1 of 5 replicates.")


def test_diverged_runs_are_counted():
    assert said(claim(), 0.107, 0.027, diverged=3).endswith("Supported. 3 of 10 runs diverged.")
    assert said(claim(), 0.107, 0.027, diverged=1, runs=1).endswith("1 of 1 run diverged.")


def test_a_sweep_that_ends_too_early_says_at_least():
    about = claim(margin=0.3, over="largest", arguments=(0.8,))
    wanted = "Undecided: the largest learning rate is at least the highest of the grid with batchnorm{}; extend the grid."
    assert said(about, 1, 0.1, axis="learning rate", at_limit=("batchnorm",)).endswith(wanted.format(""))
    both = said(about, 1, 0.1, axis="learning rate", at_limit=("batchnorm", NONE))
    assert both.endswith(wanted.format(f" and {NONE}"))


TITLE = "{Arm} reaches {of} in training, none {against}"


@pytest.mark.parametrize(
    ("kind", "mean", "half", "left_open"),
    [
        (MORE_THAN, 0.07, 0.01, ""),
        (MORE_THAN, 0.01, 0.005, " (no difference that matters)"),
        (MORE_THAN, -0.05, 0.01, " (the opposite)"),
        (MORE_THAN, -0.02, 0.01, " (below the margin, or the opposite)"),
        (MORE_THAN, 0.02, 0.01, " (undecided)"),
        (WITHIN, 0.01, 0.005, " (within .02)"),
        (WITHIN, 0.05, 0.01, " (not within .02)"),
        (WITHIN, 0.02, 0.01, " (undecided)"),
    ],
)
def test_a_title_says_what_its_verdict_leaves_open(kind, mean, half, left_open):
    finding = found(claim(kind, title=TITLE), mean, half)
    assert part_of_title(finding) == f"Batchnorm reaches .95 in training, none .88{left_open}"


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"missing": 1}, "(undecided)"), ({"at_limit": ("batchnorm",)}, "(undecided: the grid ends there)")],
)
def test_a_title_of_what_could_not_be_decided(fields, said):
    finding = found(claim(title=TITLE), 0.07, 0.01, **fields)
    assert part_of_title(finding).endswith(said)
    assert math.isnan(finding.needed)  # more replicates are not what it lacks


def test_a_title_from_one_seed_says_so_but_not_from_five_of_which_four_failed():
    alone = Interval(1, 0.05, -math.inf, math.inf, math.nan)
    finding = with_interval(found(claim(title=TITLE), 0, 0), alone)
    assert part_of_title(finding).endswith("(one seed)")
    assert part_of_title(Finding(**{**finding.__dict__, "look": 5, "missing": 4})).endswith("(undecided)")


def test_a_title_has_the_digits_that_show_its_margin():
    means = {"means": (0.3119, 0.3081)}
    assert part_of_title(found(claim(margin=0.01, title="{of}, {against}"), 0.02, 0.005, **means)) == ".312, .308"
    assert part_of_title(found(claim(margin=0.02, title="{of}, {against}"), 0.05, 0.005, **means)) == ".31, .31"
    decades = claim(margin=0.5, title="{of}, {against}", over="extent", arguments=(0.8,))
    assert part_of_title(found(decades, 1, 0.1, means=(0.842, 2.1))) == "0.84, 2.10"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.107, "", ".107"), (-0.02, "", "-.020"), (1.0, "", "1.000"), (-0.0004, "", ".000"), (10.5, "", "10.500"),
        (2.6, "epochs", "2.60"), (0.5, "decades", "0.50"), (-0.001, "epochs", "0.00"),
    ],
)  # fmt: skip
def test_numbers(value, unit, text):
    assert number(value, unit) == text


def test_margins_and_units():
    assert margin(claim(margin=0.02)) == ".02"
    assert margin(claim(margin=0)) == "0"
    assert margin(claim(margin=1, measure="epochs_to_90_percent")) == "1 epoch"
    assert margin(claim(margin=1.5, measure="epochs_to_90_percent")) == "1.5 epochs"
    assert with_unit("1.00", "epochs") == "1.00 epochs"
    assert with_unit(".02", "") == ".02"
    assert [without_zero(text) for text in ("0.5", "-0.5", "10.5", "0", "1e-05")] == [".5", "-.5", "10.5", "0", "1e-05"]
