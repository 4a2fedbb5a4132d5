"""How a number is judged, at the edge and beside it, and what becomes of one that isn't a number."""

import json
import math

import pytest

from bnlab.published.number import below, close, relatively_close, unjudged

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("ours", "ok"), [(1.0, True), (1.25, True), (0.75, True), (1.2500001, False), (NAN, False), (INF, False), (-INF, False)]
)
def test_close(ours, ok):
    assert close("x", 1.0, ours, 0.25).ok is ok


@pytest.mark.parametrize(
    ("ours", "ok"), [(7.0, True), (7 + 6e-12, True), (7 - 6e-12, True), (7 + 8e-12, False), (NAN, False)]
)
def test_relatively_close(ours, ok):
    row = relatively_close("x", 7.0, ours)
    assert row.ok is ok
    assert row.tolerance == 1e-12


@pytest.mark.parametrize(
    ("ours", "ok"),
    [(0.0, True), (1e-8, True), (-1e-8, True), (1.1e-8, False), (-1.1e-8, False), (NAN, False), (-INF, False)],
)
def test_below(ours, ok):
    assert below("x", 5e-9, ours, 1e-8, "an error").ok is ok


@pytest.mark.parametrize(
    "make", [lambda x: close("x", 1.0, x, 1), lambda x: relatively_close("x", 1.0, x), lambda x: below("x", 1.0, x, 1, "")]
)
@pytest.mark.parametrize("ours", [NAN, INF, -INF])
def test_what_is_no_number_is_null_in_json_and_said(make, ours):
    document = make(ours).to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["ours"], document["difference"], document["ok"]) == (None, None, False)
    assert document["why"] == f"ours is {ours}"


def test_json_has_the_six_keys_and_a_reason_where_there_is_one():
    row = close("x", 1.0, 1.25, 0.5)
    assert row.to_json() == {"what": "x", "published": 1.0, "ours": 1.25, "difference": 0.25, "tolerance": 0.5, "ok": True}
    skipped = unjudged("x", 1.0, None, "skipped", "no images", ".3f")
    assert skipped.to_json() == {
        "what": "x", "published": 1.0, "ours": None, "difference": None, "tolerance": None, "ok": None, "why": "no images",
    }  # fmt: skip
