"""How often a study has any wrong verdict, on simulated studies whose true differences lie on the margin.

On the margin nothing can be known, so every verdict but "undecided" counts as wrong. That is more than can be wrong: of a
true difference on the margin, one of the two verdicts would be right.
"""

import math
from pathlib import Path

import numpy as np
import pytest

from bnlab.evidence.claims import EACH, Claim, contrasts
from bnlab.evidence.interval import mean_interval
from bnlab.evidence.judge import Curve, judge
from bnlab.evidence.looks import ALPHA, looks_up_to, one_look
from bnlab.evidence.traces import Trace
from bnlab.evidence.verdicts import FEWEST, MORE_THAN, WITHIN, verdict

pytestmark = pytest.mark.slow

MARGIN = 0.02
CLAIMS = ((MORE_THAN, MARGIN), (MORE_THAN, MARGIN), (WITHIN, MARGIN), (WITHIN, -MARGIN))
"""Each kind, and the true difference."""
NOISES = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "uniform": lambda rng, shape: rng.uniform(-1, 1, shape) * math.sqrt(3),
    "Laplace": lambda rng, shape: rng.laplace(0, math.sqrt(0.5), shape),
    "exponential": lambda rng, shape: rng.exponential(1, shape) - 1,
}
"""All of mean 0 and standard deviation 1."""
LOOKS = {"one": one_look(5), "all": looks_up_to(40)}


def margin_of_error(studies, share=ALPHA):
    """Three standard errors of a share that so many studies show."""
    return 3 * math.sqrt(share * (1 - share) / studies)


def differences(rng, studies, replicates, noise="normal", shared=0.6):
    """One row for each study and claim; the claims of a study are correlated, as claims about the same runs are.

    shared: how much of the noise they have in common.
    """
    common, own = (_noise(rng, noise, shape) for shape in ((studies, 1, replicates), (studies, len(CLAIMS), replicates)))
    true = np.array([mean for _, mean in CLAIMS])[:, None]
    return (true + 0.02 * (shared * common + math.sqrt(1 - shared**2) * own)).tolist()


def _noise(rng, noise, shape):
    return NOISES[noise](rng, shape)


def is_decided(kind, values, alpha):
    return verdict(kind, MARGIN, mean_interval(values, alpha, 1e-3)).word != "undecided"


def any_decided(study, looks):
    return any(
        is_decided(kind, values[: look.replicates], ALPHA * look.share / len(CLAIMS))
        for (kind, _), values in zip(CLAIMS, study, strict=True)
        for look in looks
    )


@pytest.mark.parametrize("noise", ["normal", "uniform", "Laplace"])
@pytest.mark.parametrize("looks", LOOKS)
def test_at_most_five_percent_of_studies_have_a_wrong_verdict(looks, noise):
    studies = 10_000
    drawn = differences(np.random.RandomState(1), studies, LOOKS[looks][-1].replicates, noise)
    wrong = sum(any_decided(study, LOOKS[looks]) for study in drawn) / studies
    assert wrong <= ALPHA + margin_of_error(studies)
    assert wrong > 0.01  # not for want of any verdict


@pytest.mark.parametrize(("noise", "stated"), [("normal", 0.048), ("Laplace", 0.024), ("exponential", 0.21)])
def test_the_rates_are_those_of_the_readme(noise, stated):
    """Very skewed noise is beyond what Student's t can do, and the README says so."""
    studies = 4000
    drawn = differences(np.random.RandomState(6), studies, 5, noise, shared=0)
    wrong = sum(any_decided(study, LOOKS["one"]) for study in drawn) / studies
    assert wrong == pytest.approx(stated, abs=0.015)
    text = " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())
    assert f"{100 * stated:g} % with {noise} noise" in text


def test_a_verdict_after_each_replicate_would_err_far_more_often():
    """So the simulation would show it: one claim, tested at 5, 6, … 20 replicates at the full 5 % each."""
    studies = 2000
    drawn = differences(np.random.RandomState(2), studies, 20)
    wrong = sum(any(is_decided(MORE_THAN, study[0][:n], ALPHA) for n in range(FEWEST, 21)) for study in drawn) / studies
    assert wrong == pytest.approx(0.19, abs=0.03)


def test_claims_without_a_share_of_their_own_would_err_far_more_often():
    studies = 2000
    drawn = differences(np.random.RandomState(3), studies, 5)
    wrong = sum(
        any(is_decided(kind, values, ALPHA) for (kind, _), values in zip(CLAIMS, study, strict=True)) for study in drawn
    )
    assert wrong / studies > 2 * ALPHA


def of_accuracies(accuracies):
    """A curve of runs with these best accuracies, in training and in validation."""
    return Curve({0.0: {r: Trace((1,), (1.0,), (train,), (val,), 1000, 1000, False) for r, (train, val) in accuracies}})


ON_THE_MARGIN = [
    Claim("more", "best_train_acc", MORE_THAN, MARGIN, "so", of=EACH, against="none"),
    Claim("within", "best_val_acc", WITHIN, MARGIN, "so", of=EACH, against="none"),
]


def study_of(rng, true):
    """Two arms against one baseline, which differ from it by so much in truth."""
    means = {"a": true, "b": true, "none": 0.0}
    noise = {label: 0.02 * rng.standard_normal((40, 2)) for label in means}
    return {label: of_accuracies(enumerate((0.5 + mean + noise[label]).tolist())) for label, mean in means.items()}


@pytest.mark.parametrize("looks", LOOKS)
def test_so_do_at_most_five_percent_of_the_studies_that_are_judged(looks):
    """The same through `contrasts` and `judge`: a baseline that two arms share, four tests."""
    studies, rng = 1500, np.random.RandomState(4)
    tests = contrasts(ON_THE_MARGIN, {"a": [0.0], "b": [0.0], "none": [0.0]}, {})
    assert len(tests) == 4
    wrong = sum(
        any(finding.decided for finding in judge(tests, study_of(rng, MARGIN), LOOKS[looks])) for _ in range(studies)
    )
    assert wrong / studies <= ALPHA + margin_of_error(studies)


def test_what_lies_far_from_the_margin_is_found():
    """At 5 standard deviations of a difference from the margin, nearly every study decides all, and rightly."""
    tests = contrasts(ON_THE_MARGIN, {"a": [0.0], "b": [0.0], "none": [0.0]}, {})
    rng = np.random.RandomState(5)
    found = [finding for _ in range(50) for finding in judge(tests, study_of(rng, 0.16), looks_up_to(40))]
    wanted = {MORE_THAN: "supported", WITHIN: "contradicted"}
    right = [finding.verdict.word == wanted[finding.contrast.claim.kind] for finding in found]
    assert sum(right) / len(right) > 0.99
    assert all(finding.look <= 20 for finding in found)
