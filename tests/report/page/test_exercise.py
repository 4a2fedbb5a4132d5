"""What a class gets: with the numbers of the sheet alone, it finds the verdicts of the findings."""

import json
import math
from pathlib import Path
from statistics import fmean, stdev

import pytest

from bnlab.evidence.student import critical_t
from bnlab.report.page.exercise import exercise
from bnlab.report.page.model import Claim

FINDINGS = sorted((Path(__file__).parents[3] / "docs" / "findings").glob("*.json"))
STORED = [claim for path in FINDINGS for claim in json.loads(path.read_text(encoding="utf-8"))["claims"]]
FIELDS = {
    "claim": "Norm is better", "arm": "norm", "against": "none", "expected": "higher", "measure": "best accuracy",
    "unit": "accuracy", "n": 2, "values": [0.0125, -0.25], "t": 4.6041, "sd": 0.1, "least_sd": 0.0003,
    "missing_replicates": 0, "at_limit": [], "look": 2,
}  # fmt: skip


def made(**fields):
    return exercise(Claim({**FIELDS, **fields}))


def verdict(claim, low, high):
    """As the sheet's rules have it."""
    margin = claim["margin"]
    inside = (margin, math.inf) if claim["kind"] == "more than" else (-margin, margin)
    if claim["n"] < 5:
        return "undecided"
    if inside[0] < low and high <= inside[1]:
        return "supported"
    return "contradicted" if high <= inside[0] or low > inside[1] else "undecided"


def test_there_are_verdicts_of_all_kinds_to_find():
    assert {claim["verdict"] for claim in STORED} == {"supported", "contradicted", "undecided"}


@pytest.mark.parametrize("claim", STORED, ids=lambda claim: claim["claim"])
def test_the_numbers_of_the_sheet_lead_to_the_verdict(claim):
    found = exercise(Claim({**claim, "t": critical_t(1 - claim["confidence"], claim["n"] - 1)}))
    values = [float(value) for value in found.values]
    assert len(values) == claim["n"]
    half = float(found.t) * stdev(values) / math.sqrt(len(values))
    assert not found.open
    assert verdict(claim, fmean(values) - half, fmean(values) + half) == claim["verdict"]


def test_an_exercise_in_full():
    found = made()
    assert (found.what, found.values, found.t) == ("norm minus none", (".0125", "-.2500"), "4.604")
    assert (found.least_sd, found.open) == ("", "")


def test_the_direction_is_that_of_the_claim():
    assert made(expected="lower", unit="epochs").what == "none minus norm, in epochs"
    assert made(against=None).what == "norm alone"


def test_a_spread_below_that_of_the_grid_is_told():
    assert made(sd=0.061, least_sd=0.061, unit="decades").least_sd == "0.061 decades"


def test_what_no_interval_decides_is_told():
    assert made(missing_replicates=1, look=5).open.startswith("A run failed in 1 of 5 replicates")
    assert made(at_limit=["norm"]).open.startswith("With norm the sweep ends too early")


def test_an_older_file_says_that_it_has_no_t():
    old = {key: value for key, value in FIELDS.items() if key not in ("t", "sd", "least_sd", "values")}
    found = exercise(Claim(old))
    assert (found.values, found.t, found.least_sd) == ((), "not recorded", "")
    assert made(values=[None]).values == ("not finite",)
