"""findings.json and findings.md."""

import json
import math

import pytest

from bnlab.evidence.claims import Claim, Contrast
from bnlab.evidence.interval import Interval
from bnlab.evidence.judge import Finding
from bnlab.evidence.looks import looks_up_to, one_look
from bnlab.evidence.verdicts import MORE_THAN, WITHIN, Verdict
from bnlab.report.findings import findings_json, findings_markdown

FASTER = Claim("{Arm} trains faster", "mean_train_acc", MORE_THAN, 0.02, "20 of 1,000 images", against="none")
SOONER = Claim("With {arm} | sooner", "epochs_to_90_percent", MORE_THAN, 1, "so", against="none", expected="lower")
ALIKE = Claim("Alike", "best_val_acc", WITHIN, 0.02, "so", of="batchnorm")


def found(claim, interval, verdict, **fields):
    rest = {"values": (0.1, 0.2), "means": (0.5, 0.4), "alpha": 0.025, "look": 5, "missing": 0, "diverged": 1, "runs": 10}
    rest |= {"at_limit": (), "step": 0.001}
    return Finding(Contrast(claim, "batchnorm", claim.against), interval=interval, verdict=verdict, **{**rest, **fields})


NOTHING = Interval(0, math.nan, math.nan, math.nan, math.nan)
ALONE = Interval(1, 2.6, -math.inf, math.inf, math.nan)
FINDINGS = [
    found(FASTER, Interval(5, 0.107, 0.08, 0.134, 0.02), Verdict("supported")),
    found(FASTER, Interval(5, 0.0, -0.01, 0.01, 0.01), Verdict("contradicted", "no difference that matters")),
    found(SOONER, ALONE, Verdict("undecided"), values=(2.6,), look=1),
    found(ALIKE, NOTHING, Verdict("undecided"), values=(), means=(math.nan,), missing=5),
    found(FASTER, Interval(5, 0.03, -0.01, 0.07, 0.0322), Verdict("undecided")),
]


def document(findings=FINDINGS, looks=None):
    whole = findings_json(findings, looks or one_look(5), "weight scale")
    return {"study": "compare", "seed": 7, "vary": "seeds", **whole}


def table(page):
    """The rows of the page's table, as a reader of Markdown splits them."""
    rows = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.replace("\\|", "\0").strip("|").split("|")] for row in rows]


def test_the_document_is_strict_json():
    text = json.dumps(document(), allow_nan=False)
    assert json.loads(text)["claims"][3]["mean"] is None


def test_the_rules_are_in_it():
    found = document(looks=looks_up_to(10))
    assert (found["alpha"], found["tests"]) == (0.05, 5)
    assert found["looks"] == [{"replicates": 5, "share": 0.5}, {"replicates": 10, "share": 0.5}]


def test_a_claim_in_full():
    [claim] = document([found(FASTER, Interval(5, 0.0, -0.01, 0.01, 0.01), Verdict("contradicted", "the opposite"))])[
        "claims"
    ]
    assert claim == {
        "claim": "Batchnorm trains faster", "arm": "batchnorm", "against": "none", "expected": "higher",
        "subject": "batchnorm", "measure": "mean training accuracy over the run", "unit": "accuracy",
        "kind": "more than", "margin": 0.02, "margin_in_words": "more than .02", "reason": "20 of 1,000 images",
        "n": 5, "mean": 0.0, "low": -0.01,
        "high": 0.01, "confidence": 0.975, "t": pytest.approx(3.495, abs=5e-4), "sd": 0.01,
        "least_sd": pytest.approx(0.000289, abs=5e-7), "values": [0.1, 0.2], "means": [0.5, 0.4], "look": 5,
        "missing_replicates": 0, "at_limit": [], "diverged_runs": 1, "runs": 10, "verdict": "contradicted",
        "which": "the opposite", "deciding_replicates": None,
        "sentence": "Batchnorm's mean training accuracy over the run was higher than none's by .000 (-.010 to .010, 5 "
        "paired replicates): not more than .02. Contradicted: the opposite. 1 of 10 runs diverged.",
    }  # fmt: skip


def test_what_is_not_known_is_null():
    alone, nothing = document()["claims"][2:4]
    assert [alone[key] for key in ("mean", "low", "high", "deciding_replicates")] == [2.6, None, None, None]
    assert [alone[key] for key in ("t", "sd")] == [nothing[key] for key in ("t", "sd")] == [None, None]
    assert [nothing[key] for key in ("mean", "low", "high", "means")] == [None, None, None, [None]]


def test_the_replicates_that_would_decide_stand_with_an_undecided_claim():
    assert [claim["deciding_replicates"] is None for claim in document()["claims"]] == [True, True, True, True, False]


def test_the_table_has_a_row_for_each_claim():
    head, rule, *rows = table(findings_markdown(document(), ["said"]))
    assert head == ["claim", "verdict", "mean, in the direction of the claim", "interval", "replicates", "margin"]
    assert rule == ["---"] * 6
    assert rows == [
        ["Batchnorm trains faster", "supported", ".107", ".080 to .134", "5", "more than .02"],
        ["Batchnorm trains faster", "contradicted (no difference that matters)", ".000", "-.010 to .010", "5",
         "more than .02"],
        ["With batchnorm \0 sooner", "undecided", "2.60 epochs", "-", "1", "more than 1 epoch"],
        ["Alike", "undecided", "-", "-", "0", "within .02"],
        ["Batchnorm trains faster", "undecided", ".030", "-.010 to .070", "5", "more than .02"],
    ]  # fmt: skip


def test_a_table_stands_apart_from_the_text_around_it():
    lines = findings_markdown(document(), ["said"]).splitlines()
    first = lines.index(next(line for line in lines if line.startswith("|")))
    assert lines[first - 1] == ""
    assert lines[first + 2 + len(FINDINGS)] == ""


def test_the_page_says_all_it_must():
    page = findings_markdown(document(), ["first sentence.", "second."])
    assert page.startswith("# What compare found\n\n|")
    assert page.endswith("- Batchnorm trains faster: more than .02, 20 of 1,000 images.\n")
    assert "\n- first sentence.\n- second.\n" in page
    assert "Seed 7; replicates differ in their seeds." in page
    assert "with 5 tests and one look, at 5 replicates, at most 5 % of such studies have any wrong verdict" in page


def test_the_page_names_the_looks():
    page = findings_markdown(document(FINDINGS[:1], looks_up_to(20)), [])
    assert "with 1 test and 3 looks, at 5, 10, 20 replicates, at most 5 %" in page


def test_a_study_without_claims_says_so():
    page = findings_markdown(document([]), ["something else."])
    assert page == "# What compare found\n\nThere are no claims about these arms.\n\n- something else.\n"


@pytest.mark.parametrize("claim", document()["claims"])
def test_each_sentence_is_one_line_that_ends(claim):
    assert "\n" not in claim["sentence"]
    assert claim["sentence"].endswith(".")
    assert "nan" not in claim["sentence"]
    assert "inf" not in claim["sentence"]
