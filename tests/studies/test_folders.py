"""Folders: the faithful study's is its own, and each variation has another, whose name says what differs."""

import itertools

import pytest

from bnlab.studies import STUDIES
from bnlab.studies.folders import LONGEST, folder_name


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_a_variation_never_writes_the_faithful_studys_folder(plan, entry):
    faithful = plan(entry.name).folder
    assert faithful.replace("-", "").isalnum()
    assert plan(entry.name, {"data.dataset": "synthetic"}).folder == f"{faithful}-synthetic"
    assert plan(entry.name, {"seed": 1}).folder == f"{faithful}-seed-1"
    assert plan(entry.name, {"net.reg": 0.1, "data.dataset": "synthetic"}).folder == f"{faithful}-synthetic-reg-0.1"
    assert plan(entry.name, {"seed": 231, "net.reg": 0}).folder == faithful


def test_what_the_folder_names_anyway_is_not_said_twice(plan):
    assert plan("compare", {"arms.norm": "layernorm"}).folder == "compare-layernorm"
    assert plan("sweep batch-size", {"arms.equal_updates": True}).folder == "batch-size-batchnorm-equal-updates"
    assert plan("dropout", {"arms.keep": [0.5, 0.75]}).folder == "dropout-keep-0.5-0.75"


CHANGES = [
    {"seed": 1},
    {"seed": 2},
    {"net.reg": 0.1},
    {"net.reg": 0.1, "seed": 1},
    {"net.reg": 1e-30},
    {"net.reg": 1e30},
    {"net.reg": 1e6},
    {"net.reg": 1e-6},
    {"net.weight_scale": 0.1},
    {"net.hidden_dims": (10, 10)},
    {"net.hidden_dims": (1010,)},
    {"arms.norm": "A/B"},
    {"arms.norm": "a-b"},
    {"arms.norm": "a\\b"},
    {"arms.norm": "ab" * 200},
    {"arms.norm": "ab" * 201},
    {"net.reg": 1.0, "arms.reg": 2.0},
    {"arms.norm": ".."},
    {"solver.learning_rate": 0.1234567890123456},
    {"solver.learning_rate": 0.1234567890123457},
]


def test_numbers_read_as_what_they_are():
    named = {value: folder_name("dropout", "fashion-mnist-mini", {"net.reg": value}) for value in (1e30, 1e6, 1e-6, 0.5)}
    assert [*named.values()] == ["dropout-reg-1e30", "dropout-reg-1e06", "dropout-reg-1e-06", "dropout-reg-0.5"]


def test_names_are_short_safe_and_never_shared():
    names = [folder_name("compare", "fashion-mnist-mini", changed) for changed in CHANGES]
    for one, other in itertools.combinations(names, 2):
        assert one.lower() != other.lower()
    for name in names:
        assert len(name) <= len("compare-") + LONGEST + 9
        assert all(c.islower() or c.isdigit() or c in "._-" for c in name)
        assert not name.endswith(".")
