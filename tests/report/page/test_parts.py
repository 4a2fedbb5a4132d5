"""The small drawing of an interval, the glossary, the tables of numbers, and the sentences over all studies."""

import re
from dataclasses import replace

import pytest

from bnlab.report.page import words
from bnlab.report.page.glossary import WORDS, Glossary
from bnlab.report.page.intervals import EDGE, WIDTH, Interval
from bnlab.report.page.model import Book, Claim, Study
from bnlab.report.page.numbers import MOST_ROWS, arm_rows, number_tables

INTERVALS = [
    Interval(0.08, 0.05, 0.11, 0.02, within=False),
    Interval(-0.3, -0.4, -0.2, 0.02, within=False),
    Interval(0.0, -0.01, 0.01, 0.02, within=True),
    Interval(1.0, 1.0, 1.0, 1.0, within=False),
]


@pytest.mark.parametrize("interval", INTERVALS)
def test_everything_lies_on_the_drawing_in_its_order(interval):
    left, wide = interval.zone
    places = [interval.x(value) for value in (interval.low, interval.mean, interval.high)]
    assert places == sorted(places)
    assert all(EDGE <= x <= WIDTH - EDGE for x in (*places, interval.x(0), left, round(left + wide, 1)))
    assert wide > 0


def test_the_zone_is_where_the_claim_holds():
    supported, opposite, within, _ = INTERVALS
    assert supported.zone[0] < supported.x(supported.low)
    assert opposite.x(opposite.high) < opposite.zone[0]
    assert within.zone[0] == within.x(-0.02)
    assert sum(within.zone) == pytest.approx(within.x(0.02))
    assert sum(supported.zone) == pytest.approx(WIDTH - EDGE)


def test_each_word_is_explained_once_where_it_first_stands():
    glossary = Glossary()
    assert [word.word for word in glossary.new("Ten Epochs", ["of minibatches"])] == ["minibatch", "epoch"]
    assert [word.word for word in glossary.new("epoch, minibatch and overfitting")] == ["overfitting"]
    assert glossary.new("nothing of that") == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.word)
def test_each_word_is_found_and_its_meaning_is_a_sentence(word):
    plain = re.sub(r" \(.*", "", word.word)
    assert word in Glossary().new(f"The {plain} 5")
    assert word.meaning[0].isupper()
    assert word.meaning.endswith(".")


def test_a_word_within_another_is_not_meant():
    assert [word.word for word in Glossary().new("batching, truncated, armada")] == []


CHECK = {"arm": "a", "epoch": "1.0", "n": "5", "train_acc": "0.5", "train_acc_low": "0.25", "train_acc_high": "0.75"}
CHECK |= {"val_acc": "0.4", "val_acc_low": "", "val_acc_high": ""}


def test_an_arm_is_shown_at_its_last_check():
    runs = [{"arm": "a", "status": "finished"}, {"arm": "a", "status": "diverged"}, {"arm": "a", "status": "finished"}]
    [arm] = arm_rows([CHECK | {"train_acc": "0.1"}, CHECK | {"epoch": "2.0"}], runs)
    assert (arm.epoch, arm.training, arm.validation) == ("2", "0.500 (0.250 to 0.750)", "0.400")
    assert arm.ended == "2 finished, 1 diverged"


def point(x, y, curve="c", panel="p"):
    return {"panel": panel, "curve": curve, "x": str(x), "y": str(y), "low": "", "high": ""}


def test_the_points_of_a_panel_become_a_table():
    [first, second] = number_tables([point(2, 0.5), point(1, 0.25), point(1, "", "d"), point(1, 1, panel="q")])
    assert (first.panel, first.head) == ("p", ("x", "c", "d"))
    assert first.rows == (("1", "0.250", "not finite"), ("2", "0.500", "-"))
    assert (second.panel, second.left_out) == ("q", False)


def test_of_many_points_some_are_shown_with_the_first_and_the_last():
    [table] = number_tables([point(x, x) for x in range(1, 201)])
    assert table.left_out
    assert len(table.rows) == MOST_ROWS
    assert (table.rows[0][0], table.rows[-1][0]) == ("1", "200")


def test_places_in_words_keep_their_order():
    [table] = number_tables([point("sgd", 1), point("adam", 2)])
    assert [row[0] for row in table.rows] == ["sgd", "adam"]


def claim(text="Norm trains faster", verdict="supported", n=5, which=None):
    return Claim({"claim": text, "verdict": verdict, "n": n, "which": which})


STUDY = Study(
    folder="a", heading="A", study="a", question="", command="", datasets=("mini",), seed="1", replicates=5,
    claims=(claim(),), rules={}, remarks=(), pictures=(), arms=(), changed={}, provenance={}, version="1.0", number=1,
)  # fmt: skip


def in_study(*claims, **fields):
    return [(replace(STUDY, **fields), each) for each in claims]


def test_the_count_of_verdicts():
    claims = [claim(), claim(verdict="contradicted"), claim(verdict="supported")]
    assert words.counts(in_study(*claims)) == "2 supported, 1 contradicted, 0 undecided at 5 replicates"
    assert words.counts(in_study(claim(n=1))) == "1 supported, 0 contradicted, 0 undecided at 1 replicate"
    assert words.counts(in_study(claim(), claim(n=40))) == "2 supported, 0 contradicted, 0 undecided at 5 to 40 replicates"


def test_what_it_amounts_to():
    said = words.amounts_to(
        [
            *in_study(claim(), claim("B", "contradicted", which="the opposite"), claim("C", "undecided"), claim("D")),
            *in_study(claim(), claim("D", "undecided"), number=2),
        ]
    )
    assert said == [
        ("The runs support these claims:", "norm trains faster (sections 1 and 2)."),
        ("They contradict these:", "b (the opposite)."),
        ("They don't decide these, which doesn't mean that there is no difference:", "c."),
        (
            "On these the studies differ; one that tests more claims has wider intervals:",
            "d (supported in section 1, undecided in section 2).",
        ),
    ]


def test_data_sets_are_not_added_up_and_one_replicate_is_not_counted():
    others = (
        {"datasets": ("cifar10",)},
        {"seed": "7"},
        {"version": "2.0"},
        {"changed": {"net.reg": "0.1"}},
        {},
        {"replicates": 1},
    )
    book = Book((STUDY, *(replace(STUDY, number=number, **other) for number, other in enumerate(others, start=2))))
    assert [(name, [study.number for study, _ in each]) for name, each in words.by_data(book)] == [
        ("mini, seed 1, bnlab 1.0", [1, 6]),
        ("cifar10, seed 1, bnlab 1.0", [2]),
        ("mini, seed 7, bnlab 1.0", [3]),
        ("mini, seed 1, bnlab 2.0", [4]),
        ("mini, seed 1, bnlab 1.0, with other settings than the study's own", [5]),
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"datasets": ("cifar10",)}, "data sets (mini, cifar10)"),
        ({"version": "2.0"}, "versions of bnlab (1.0, 2.0)"),
        ({"seed": "2"}, "seeds (1, 2)"),
        ({"replicates": 40}, "numbers of replicates (5, 40)"),
        ({"changed": {"net.reg": "0.1"}}, "variations of them (section 2)"),
    ],
)
def test_mixtures_are_named(fields, said):
    assert said in words.mixtures(Book((STUDY, replace(STUDY, number=2, **fields))))


def test_no_mixture():
    assert words.mixtures(Book((STUDY, replace(STUDY, number=2, changed={"arms.norm": "layernorm"})))) == ""
