"""The small drawing of an interval, the glossary, and the tables of numbers."""

import re

import pytest

from bnlab.evidence.reductions import REDUCTIONS
from bnlab.report.page.glossary import WORDS, Glossary
from bnlab.report.page.intervals import EDGE, WIDTH, Interval
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
    found = [word.word for word in glossary.new("Ten Epochs", ["of minibatches"])]
    assert found == ["net, layer, weight", "loss", "gradient", "update", "minibatch", "epoch"]
    assert [word.word for word in glossary.new("epoch, minibatch and decades")] == ["decade"]
    assert glossary.new("nothing of that") == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.word)
def test_each_word_is_found_and_its_meaning_is_a_sentence(word):
    plain = re.sub(r" \(.*", "", word.word)
    assert word in Glossary().new(f"The {plain} 5")
    assert word.meaning[0].isupper()
    assert word.meaning.endswith(".")


@pytest.mark.parametrize("place", range(len(WORDS)), ids=lambda place: WORDS[place].word)
def test_a_meaning_uses_no_word_that_is_explained_later_and_stands_by_itself(place):
    assert [other.word for other in WORDS[place + 1 :] if other.stands_in(WORDS[place].meaning)] == []
    assert "the same over" not in WORDS[place].meaning.lower()


def test_all_words_of_the_meanings_are_explained_with_them():
    found = Glossary().new("overfitting, groupnorm and time to 90 % of its own best validation accuracy")
    for used in (other for word in found for other in WORDS if other.stands_in(word.meaning)):
        assert used in found


@pytest.mark.parametrize("name", [name for name in REDUCTIONS if name not in ("all", "between", "at")])
def test_how_the_runs_of_a_sweep_become_one_number_is_explained(name):
    """Means over a range, and values at a setting, say all themselves."""
    words = REDUCTIONS[name].words.format("80 %", 5, 100, 200, measure="loss", axis="depth")
    assert [word for word in WORDS if word.stands_in(words) and not word.stands_in("loss, depth")]


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
    first, second = [point(2, 0.5), point(1, 0.25), point(1, "", "d")], [point(1, 1, "one_two", panel="q")]
    [first, second] = number_tables([{**each, "x_label": "epoch"} for each in first] + second)
    assert (first.panel, first.head) == ("p", ("epoch", "c", "d"))
    assert first.rows == (("1", "0.250", "not finite"), ("2", "0.500", "-"))
    assert (second.panel, second.head, second.shown) == ("q", ("x", "one two"), "")


def test_of_many_points_some_are_shown_with_the_first_and_the_last():
    [table] = number_tables([point(x, x) for x in range(1, 201)])
    assert table.shown == "every 6th or 7th point"
    assert len(table.rows) == MOST_ROWS
    assert (table.rows[0][0], table.rows[-1][0]) == ("1", "200")


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (MOST_ROWS, ""),
        (50, f"{MOST_ROWS} of the 50 points"),
        (63, "every 2nd point"),
        (2000, "every 64th or 65th point"),
        (380, "every 12th or 13th point"),
    ],
)
def test_which_points_are_shown_is_told(count, shown):
    [table] = number_tables([point(x, x) for x in range(count)])
    assert table.shown == shown


def test_numbers_that_are_none_are_not_finite():
    [table] = number_tables([point(1, "nan"), point(2, "inf")])
    assert [row[1] for row in table.rows] == ["not finite"] * 2


def test_places_in_words_keep_their_order():
    [table] = number_tables([point("sgd", 1), point("adam", 2)])
    assert [row[0] for row in table.rows] == ["sgd", "adam"]
