"""When claims are looked at, and how much of the 5 % each look spends."""

import math

import pytest

from bnlab.evidence.looks import DEFAULT_MOST, Look, looks_up_to, one_look


def test_one_look_spends_all():
    assert one_look(7) == (Look(7, 1.0),)


@pytest.mark.parametrize(
    ("most", "counts"),
    [
        (5, [5]), (6, [5, 6]), (10, [5, 10]), (12, [5, 10, 12]), (40, [5, 10, 20, 40]), (41, [5, 10, 20, 40, 41]),
        (DEFAULT_MOST, [5, 10, 20, 40]),
    ],
)  # fmt: skip
def test_they_double_and_share_evenly(most, counts):
    looks = looks_up_to(most)
    assert [look.replicates for look in looks] == counts
    assert {look.share for look in looks} == {1 / len(counts)}
    assert math.fsum(look.share for look in looks) == pytest.approx(1)
