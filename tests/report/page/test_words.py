"""The sentences over all studies: made of the claims and their verdicts alone, each test once."""

from dataclasses import replace

import pytest

from bnlab.report.page import words
from bnlab.report.page.amounts import DIFFER, amounts_to
from bnlab.report.page.model import VERDICTS, Book, Claim, Picture, Study
from bnlab.report.page.tested import by_data, counted_once


def claim(text="Norm trains faster", verdict="supported", n=5, which=None, subject="norm", **fields):
    rest = {"claim": text, "verdict": verdict, "n": n, "which": which, "subject": subject, "measure": "accuracy"}
    return Claim({**rest, "mean": 0.1, "low": 0.05, "high": 0.15, "values": [0.1] * n, **fields})


WIDER = {"low": 0.01, "high": 0.19}
STUDY = Study(
    folder="a", heading="A", study="a", question="", command="", datasets=("mini",), seed="1", replicates=5,
    claims=(claim(),), rules={}, remarks=(), pictures=(), arms=(), changed={}, provenance={}, version="1.0", number=1,
)  # fmt: skip


def book(*claims, **others):
    """A study with the claims; others: studies by their numbers, each as its claims or its fields."""
    rest = [replace(STUDY, number=int(name[1:]), **fields) for name, fields in others.items()]
    return Book((replace(STUDY, claims=claims or STUDY.claims), *rest))


def counted(*claims, **others):
    return counted_once(book(*claims, **others))


def said(*claims, **others):
    return amounts_to(counted(*claims, **others))


def test_a_claim_tested_on_the_same_runs_counts_once_with_the_wider_interval():
    narrow, wide = claim(), claim(verdict="undecided", **WIDER)
    for first, second in ((narrow, wide), (wide, narrow)):
        [once] = counted(first, s2={"claims": (second,)})
        assert once.claim is wide
        assert [study.number for study in once.studies] == [1, 2]
    assert (
        words.counts(counted(narrow, s2={"claims": (wide,)})) == "0 supported, 0 contradicted, 1 undecided at 5 replicates"
    )
    assert said(narrow, s2={"claims": (wide,)}) == [("Norm", "the runs leave open whether it trains faster.")]


@pytest.mark.parametrize(
    "other",
    [
        {"claims": (claim(values=[0.1, 0.1, 0.1, 0.1, 0.1 + 1e-12]),)},
        {"claims": (claim(mean=0.1 + 1e-12),)},
        {"claims": (claim(n=6),)},
        {"claims": (claim("Norm is sooner there"),)},
        {"claims": (claim(margin_in_words="more than .1"),)},
        {"datasets": ("cifar10",)},
        {"seed": "7"},
        {"version": "2.0"},
        {"changed": {"net.reg": "0.1"}},
    ],
    ids=str,
)
def test_other_runs_and_other_claims_count_by_themselves(other):
    assert [[study.number for study in each.studies] for each in counted(s2=other)] == [[1], [2]]


def test_arms_are_no_other_settings():
    assert len(counted(s2={"changed": {"arms.norm": "all", "replicates": "5"}})) == 1


def test_the_count_of_verdicts():
    claims = [claim(), claim("B", "contradicted"), claim("C")]
    assert words.counts(counted(*claims)) == "2 supported, 1 contradicted, 0 undecided at 5 replicates"
    assert words.counts(counted(claim(n=1))) == "1 supported, 0 contradicted, 0 undecided at 1 replicate"
    assert words.counts(counted(claim(), claim(n=40))) == "2 supported, 0 contradicted, 0 undecided at 5 to 40 replicates"


def test_what_it_amounts_to_by_subject():
    claims = [
        claim(),
        claim("Without norm, small scales don't train"),
        claim("Norm permits larger rates"),
        claim("Norm reduces overfitting", "contradicted", which="the opposite"),
        claim("Norm is better", "undecided"),
        claim("Norm's loss is lower", "undecided"),
        claim("Dropout (keep 0.5) slows training", subject="dropout (keep 0.5)"),
    ]
    assert said(*claims) == [
        (
            "Norm",
            "the runs support that it trains faster and permits larger rates; that without it, small scales don't train. "
            "They contradict that it reduces overfitting (the opposite). They leave open whether it is better; whether "
            "norm's loss is lower.",
        ),
        ("Dropout (keep 0.5)", "the runs support that it slows training."),
    ]


def test_a_remark_belongs_to_one_claim_and_a_contradicted_negation_is_quoted():
    opposite = {"verdict": "contradicted", "which": "the opposite"}
    claims = [claim("Norm is large", **opposite), claim("Norm is wide", "contradicted"), claim("Norm shines", **opposite)]
    claims += [claim("Norm brings no gain", "contradicted"), claim("Without norm, nets don't train", **opposite)]
    [(_, text)] = said(*claims, claim("Norm is no worse"))
    assert text == (
        "the runs support that it is no worse. They contradict that it is wide. They contradict that it is large (the "
        "opposite). They contradict that it shines (the opposite). They contradict “it brings no gain”. They contradict "
        "“without it, nets don't train” (the opposite)."
    )


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_claim_is_said_with_its_own_verdict_alone(verdict):
    """Were all others of another verdict, it still stands behind its own words."""
    [other, *_] = [each for each in VERDICTS if each != verdict]
    [(_, text)] = said(claim("Norm shines", verdict), claim("Norm trains faster", other))
    own = {"supported": "support", "contradicted": "contradict", "undecided": "leave open"}
    [sentence] = [each for each in text.split(". ") if own[verdict] in each]
    assert "shines" in sentence
    assert "trains faster" not in sentence


def test_a_label_within_another_is_not_the_subject_and_names_keep_their_letters():
    [(_, text)] = said(claim("ReLU nets like subnorm and norm"), claim("A norm-free net is worse"))
    assert text == "the runs support that ReLU nets like subnorm and it; that a norm-free net is worse."


def test_the_same_verdict_on_different_runs_is_said_once_with_its_places():
    assert said(s2={"claims": (claim(mean=0.2),)}) == [
        ("Norm", "the runs support that it trains faster (in section 1 and in section 2).")
    ]


def test_different_verdicts_on_different_runs_are_told():
    other = claim(verdict="undecided", mean=0.2)
    again = claim(verdict="undecided", mean=0.2, **WIDER)
    [(_, text)] = said(s2={"claims": (other,)}, s3={"claims": (again,)})
    assert text == f"{DIFFER} it trains faster (supported in section 1, undecided in sections 2 and 3)."


@pytest.mark.parametrize(("number", "text"), [(4, "all 4 claims about it"), (3, "whether it does 0, does 1 or does 2")])
def test_where_nothing_is_decided_many_claims_are_counted_and_few_are_named(number, text):
    claims = [claim(f"Norm does {i}", "undecided") for i in range(number)]
    assert said(*claims) == [("Norm", f"the runs leave open {text}.")]


def test_labels_have_no_underscores_and_settings_keep_theirs():
    found = claim("Spatial_norm likes net.num_groups 4", arm="spatial_norm", subject="spatial_norm", against="a_b")
    assert said(found) == [("Spatial norm", "the runs support that it likes net.num_groups 4.")]
    assert found.arms == ("spatial norm", "a b")


def test_an_older_file_is_summed_up_by_its_arm():
    assert said(claim(subject=None, arm="norm")) == [("Norm", "the runs support that it trains faster.")]


def test_data_sets_are_not_added_up_and_one_replicate_is_not_counted():
    others = (
        {"datasets": ("cifar10",)},
        {"seed": "7"},
        {"version": "2.0"},
        {"changed": {"net.reg": "0.1"}},
        {"claims": (claim("Another"),)},
        {"replicates": 1},
        {"changed": {"net.reg": "0.5"}},
        {"replicates": 40, "claims": (claim("A third", n=40),)},
    )
    whole = book(**{f"s{number}": other for number, other in enumerate(others, start=2)})
    assert [(name, [each.studies[0].number for each in own]) for name, own in by_data(whole)] == [
        ("mini, seed 1, bnlab 1.0", [1, 6]),
        ("cifar10, seed 1, bnlab 1.0", [2]),
        ("mini, seed 7, bnlab 1.0", [3]),
        ("mini, seed 1, bnlab 2.0", [4]),
        ("mini, seed 1, bnlab 1.0, net.reg 0.1", [5]),
        ("mini, seed 1, bnlab 1.0, net.reg 0.5", [8]),
        ("mini, seed 1, bnlab 1.0", [9]),
    ]


def test_studies_without_claims_are_named():
    silent = {"claims": ()}
    assert words.without_claims(book()) == ""
    assert words.without_claims(Book((replace(STUDY, claims=()),))) == ""
    drawn = silent | {"pictures": (Picture("figure", "f1", None, (), True),)}
    assert words.without_claims(book(s2=drawn)) == "Section 2 states no claim: what it shows is in its figure."
    assert words.without_claims(book(s2=drawn, s3=drawn)).endswith(
        "2 and 3 state no claim: what they show is in their figures."
    )
    assert words.without_claims(book(s2=silent, s3=silent)) == "Sections 2 and 3 state no claim."


def test_claims_that_could_not_be_read_are_not_told_as_none():
    silent, unread = {"claims": ()}, {"claims": (), "unread": ("findings.json",)}
    assert words.without_claims(book(s2=unread, s3=unread)) == "The claims of sections 2 and 3 could not be read."
    both = words.without_claims(book(s2=unread, s3=silent))
    assert both == "Section 3 states no claim. The claims of section 2 could not be read."


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"datasets": ("cifar10",)}, "data sets (mini, cifar10)"),
        ({"version": "2.0"}, "versions of bnlab (1.0, 2.0)"),
        ({"seed": "2"}, "seeds (1, 2)"),
        ({"replicates": 40}, "numbers of replicates (5, 40)"),
        ({"changed": {"net.reg": "0.1"}}, "variations of them (section 2)"),
    ],
)
def test_mixtures_are_named(fields, named):
    assert named in words.mixtures(book(s2=fields))


def test_no_mixture():
    assert words.mixtures(book(s2={"changed": {"arms.norm": "layernorm"}})) == ""
