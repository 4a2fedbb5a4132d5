"""From Histories to findings: every rule on made-up Histories, replicates that are missing, looks."""

import math

import pytest

from bnlab.evidence.claims import Claim, contrasts
from bnlab.evidence.interval import mean_interval
from bnlab.evidence.judge import curves, judge
from bnlab.evidence.looks import looks_up_to, one_look
from bnlab.evidence.verdicts import BELOW, MORE_THAN, NO_DIFFERENCE, OPPOSITE, SMALLER, WITHIN

NOISE = (0.004, -0.003, 0.001, 0.0, -0.002)
"""Its mean is 0, its standard deviation .0027: the half-width of five is .0034."""
BASE = (0.50, 0.52, 0.47, 0.55, 0.51)
NONE = "no normalization"


def claim(kind=MORE_THAN, margin=0.02, **fields):
    fields = {"against": NONE, "of": "batchnorm", "measure": "best_val_acc", **fields}
    return Claim("{Arm} is better", kind=kind, margin=margin, reason="so", **fields)


def find(made, claims, runs, looks=None):
    taken = made(runs)
    xs = {label: curve.xs for label, curve in taken.items()}
    tests = contrasts(claims if isinstance(claims, list) else [claims], xs, {})
    return judge(tests, taken, looks or one_look(5))


def pairs(*differences):
    """A curve that differs from the baseline by so much in each replicate."""
    base = (BASE * 8)[: len(differences)]
    return {"batchnorm": {None: [b + d for b, d in zip(base, differences, strict=True)]}, NONE: {None: base}}


def around(mean, scale=1.0):
    return [mean + scale * each for each in NOISE]


@pytest.mark.parametrize(
    ("kind", "mean", "scale", "wanted"),
    [
        (MORE_THAN, 0.05, 1, ("supported", "")),
        (MORE_THAN, 0.02, 1, ("undecided", "")),
        (MORE_THAN, 0.05, 10, ("undecided", "")),
        (MORE_THAN, 0.01, 1, ("contradicted", NO_DIFFERENCE)),
        (MORE_THAN, -0.05, 1, ("contradicted", OPPOSITE)),
        (MORE_THAN, -0.02, 1, ("contradicted", SMALLER)),
        (WITHIN, 0.01, 1, ("supported", "")),
        (WITHIN, -0.01, 1, ("supported", "")),
        (WITHIN, 0.02, 1, ("undecided", "")),
        (WITHIN, 0.0, 10, ("undecided", "")),
        (WITHIN, 0.05, 1, ("contradicted", "")),
        (WITHIN, -0.05, 1, ("contradicted", "")),
    ],
)
def test_each_rule_gives_each_verdict(made, kind, mean, scale, wanted):
    [finding] = find(made, claim(kind), pairs(*around(mean, scale)))
    assert finding.verdict == wanted
    assert finding.decided is (wanted[0] != "undecided")


def test_the_numbers_of_a_finding(made):
    [finding] = find(made, claim(), pairs(*around(0.05, 10)))
    assert finding.values == pytest.approx(around(0.05, 10))
    assert finding.interval == pytest.approx(mean_interval(around(0.05, 10)))
    assert finding.means == pytest.approx((0.56, 0.51))
    assert (finding.alpha, finding.look, finding.missing, finding.diverged, finding.runs) == (0.05, 5, 0, 0, 10)
    assert 5 < finding.needed < math.inf


def test_a_lower_number_may_be_expected(made):
    [finding] = find(made, claim(expected="lower"), pairs(*around(-0.05)))
    assert finding.values == pytest.approx([-each for each in around(-0.05)])
    assert finding.verdict.word == "supported"


def test_a_claim_may_be_about_one_curve(made):
    taken = {"batchnorm": {None: [0.5 + each for each in NOISE]}}
    found = find(made, [claim(margin=margin, against=None) for margin in (0.48, 0.5, 0.52)], taken)
    assert [finding.verdict.word for finding in found] == ["supported", "undecided", "contradicted"]
    assert found[0].values == pytest.approx([0.5 + each for each in NOISE])
    assert found[2].verdict.detail == BELOW
    assert found[0].means == pytest.approx((0.5,))


@pytest.mark.parametrize("n", [1, 2, 4])
def test_fewer_than_five_replicates_decide_nothing(made, n):
    [finding] = find(made, claim(), pairs(*[0.3 + each for each in NOISE[:n]]), one_look(n))
    assert finding.verdict.word == "undecided"
    assert finding.interval.n == n


def test_equal_values_have_the_spread_of_their_grid(made):
    """One image of 1,000 for validation, one of 60 for training."""
    for measure, step in (("best_val_acc", 1 / 1000), ("best_train_acc", 1 / 60), ("epochs_to_90_percent", 1.0)):
        [finding] = find(made, claim(measure=measure), pairs(*[0.25] * 5))
        assert finding.interval.sd == pytest.approx(step / math.sqrt(12))
        assert finding.step == pytest.approx(step)


def test_equal_ranges_have_the_spread_of_the_grid_of_the_sweep(made):
    sweep = {x: [0.5] * 5 for x in (1.0, 10.0, 100.0)}
    [finding] = find(made, claim(over="extent", arguments=(0.8,)), {"batchnorm": sweep, NONE: sweep})
    assert finding.interval.sd == pytest.approx(1 / math.sqrt(12))


SWEEP = {
    "batchnorm": {1.0: around(0.5), 2.0: around(0.56), 4.0: around(0.62)},
    NONE: {4.0: around(0.50), 1.0: around(0.50), 2.0: around(0.50)},
}


@pytest.mark.parametrize(
    ("over", "arguments", "wanted"),
    [
        ("slope", (), 0.06),
        ("steepness", (), 0.06),
        ("at", (4,), 0.12),
        ("between", (1, 2), 0.03),
        ("difference", (4, 4, 1, 2), 0.09),
        ("all", (), 0.06),
        ("extent", (0.9,), -math.log10(2)),
    ],
)
def test_over_a_sweep(made, over, arguments, wanted):
    [finding] = find(made, claim(over=over, arguments=arguments), SWEEP)
    assert finding.interval.mean == pytest.approx(wanted)
    assert finding.interval.n == 5


def test_the_own_best_of_each_replicate_is_chosen_by_the_others(made):
    """Replicate 0 alone is best at 1; the others choose 2 for it, and it, outvoted, changes nothing for them."""
    runs = {"batchnorm": {1.0: [0.9, 0.3, 0.3, 0.3, 0.3], 2.0: [0.2, 0.6, 0.6, 0.6, 0.6]}}
    [finding] = find(made, claim(against=None, over="at_best"), runs)
    assert finding.values == pytest.approx((0.2, 0.6, 0.6, 0.6, 0.6))


def test_the_own_best_of_a_single_replicate_is_not_known(made):
    runs = {"batchnorm": {1.0: [0.9], 2.0: [0.2]}}
    [finding] = find(made, claim(against=None, over="at_best"), runs, one_look(1))
    assert math.isnan(finding.interval.mean)
    assert finding.verdict.word == "undecided"


@pytest.mark.parametrize("curve", ["batchnorm", NONE])
def test_a_missing_replicate_leaves_the_claim_undecided(made, curve):
    runs = pairs(*around(0.3))
    runs[curve] = {None: [*runs[curve][None][:2], None, *runs[curve][None][3:]]}
    [finding] = find(made, claim(), runs)
    assert (finding.verdict.word, finding.missing, finding.interval.n, finding.runs) == ("undecided", 1, 4, 8)
    assert finding.values == pytest.approx([0.3 + each for i, each in enumerate(NOISE) if i != 2])


def test_with_no_run_at_all_nothing_is_known(made):
    [finding] = find(made, claim(), {"batchnorm": {None: [None] * 5}, NONE: {None: BASE}})
    assert (finding.verdict.word, finding.missing, finding.interval.n) == ("undecided", 5, 0)


def test_a_missing_run_of_which_the_claim_says_nothing_does_not_matter(made):
    runs = {curve: dict(sweep) for curve, sweep in SWEEP.items()}
    runs["batchnorm"][1.0] = [None, *around(0.5)[1:]]
    found = find(made, [claim(over="at", arguments=(4,)), claim(over="between", arguments=(1, 2)), claim()], runs)
    assert [finding.missing for finding in found] == [0, 1, 1]
    assert [finding.verdict.word for finding in found] == ["supported", "undecided", "undecided"]


def test_replicates_beyond_the_look_are_not_used(made):
    [finding] = find(made, claim(), pairs(*around(0.05), 0.9, 0.9))
    assert (finding.interval.n, finding.missing) == (5, 0)
    assert finding.values == pytest.approx(around(0.05))


def test_diverged_runs_guess_and_are_counted(arm_of):
    """With their last check at chance, best accuracies stay; final ones are those of guessing."""
    arms = [arm_of("batchnorm", None, BASE, diverged=(1, 3)), arm_of(NONE, None, BASE, diverged=(3,))]
    tests = contrasts([claim(measure="final_val_acc"), claim()], {"batchnorm": [0.0], NONE: [0.0]}, {})
    final, best = judge(tests, curves(arms), one_look(5))
    assert final.values == pytest.approx((0, 0.1 - 0.52, 0, 0, 0))
    assert best.values == pytest.approx((0,) * 5)
    assert (final.diverged, final.runs) == (3, 10)


def test_diverged_runs_of_which_the_claim_says_nothing_are_not_counted(arm_of):
    arms = [arm_of("batchnorm", 1.0, BASE, diverged=(0,)), arm_of("batchnorm", 2.0, BASE, diverged=(0, 1))]
    tests = contrasts([claim(against=None, over="at", arguments=(1,))], {"batchnorm": [1.0, 2.0]}, {})
    [finding] = judge(tests, curves(arms), one_look(5))
    assert (finding.diverged, finding.runs) == (1, 5)


RATES = {
    "batchnorm": {1e-3: [0.5] * 5, 1e-2: [0.6] * 5, 1e-1: [0.2] * 5},
    NONE: {1e-3: [0.5] * 5, 1e-2: [0.1] * 5, 1e-1: [0.1] * 5},
}
LARGEST = {"over": "largest", "arguments": (0.8,), "margin": 0.3}


def test_the_largest_rate(made):
    [finding] = find(made, claim(**LARGEST), RATES)
    assert finding.values == pytest.approx((1,) * 5)
    assert finding.means == pytest.approx((-2, -3))
    assert finding.at_limit == ()


@pytest.mark.parametrize("curve", ["batchnorm", NONE])
def test_a_curve_that_passes_at_the_end_in_one_replicate_leaves_it_undecided(made, curve):
    runs = {label: dict(sweep) for label, sweep in RATES.items()}
    runs[curve][1e-1] = [0.6, *runs[curve][1e-1][1:]]
    [finding] = find(made, claim(**LARGEST), runs)
    assert (finding.verdict.word, finding.at_limit) == ("undecided", (curve,))


def test_of_five_percent_each_test_and_look_has_its_part(made):
    claims = [claim(margin=0.1 * k) for k in range(1, 9)]
    found = find(made, claims, pairs(*around(0.05) * 2), looks_up_to(10))
    assert {finding.alpha for finding in found} == {0.05 / 8 / 2}
    one, many = (find(made, claims[:k], pairs(*around(0.05)))[0].interval for k in (1, 5))
    assert many.half_width / one.half_width == pytest.approx(1.66, abs=0.005)  # 5 claims at 5 replicates


def test_a_claim_keeps_the_verdict_of_the_look_that_decided_it(made):
    """Five differences of about .05, then many of -.3."""
    [kept] = find(made, claim(), pairs(*around(0.05), *[-0.3] * 15), looks_up_to(20))
    [alone] = find(made, claim(), pairs(*around(0.05)), looks_up_to(20)[:1])
    assert (kept.verdict.word, kept.look, kept.interval.n) == ("supported", 5, 5)
    assert kept == alone
    assert kept.alpha == pytest.approx(0.05 / 3)


def test_each_claim_has_its_own_look(made):
    runs = pairs(*around(0.03, 8), *around(0.03) * 3)
    found = find(made, [claim(margin=margin) for margin in (0.2, 0.02, 0.03)], runs, looks_up_to(20))
    assert [(finding.look, finding.decided) for finding in found] == [(5, True), (20, True), (20, False)]


def test_fewer_looks_may_be_reached_than_planned(made):
    looks = looks_up_to(40)
    [first] = find(made, claim(), pairs(*around(0.03, 8)), looks[:1])
    [second] = find(made, claim(), pairs(*around(0.03, 8), *around(0.03)), looks[:2])
    assert (first.look, second.look) == (5, 10)
    assert first.alpha == second.alpha == 0.05 / 4


def test_a_run_that_failed_leaves_an_early_look_undecided(made):
    runs = pairs(*around(0.3), *around(0.3))
    runs["batchnorm"] = {None: [None, *runs["batchnorm"][None][1:]]}
    [finding] = find(made, claim(), runs, looks_up_to(10))
    assert (finding.verdict.word, finding.look, finding.missing) == ("undecided", 10, 1)


def test_no_claims_no_findings(made):
    assert find(made, [], pairs(*around(0.3))) == []


def test_curves_put_their_arms_in_order(arm_of):
    found = curves([arm_of("a", 4.0, BASE), arm_of("b", None, BASE[:3]), arm_of("a", 2, BASE[:4])])
    assert found["a"].xs == (2, 4.0)
    assert found["a"].replicates() == {0, 1, 2, 3}
    assert found["b"].xs == (0.0,)
    assert found["b"].replicates() == {0, 1, 2}
