"""What a claim may say, and on which curves it is tested."""

import pytest

from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim, contrasts
from bnlab.evidence.verdicts import MORE_THAN, WITHIN

CURVES = {"batchnorm": [5.0, 10.0, 50.0], "layernorm": [5.0, 10.0, 50.0], "no normalization": [5.0]}
SETTINGS = {"arms.equal_updates": False}


def claim(**fields):
    common = {
        "claim": "{Arm} is better",
        "measure": "best_val_acc",
        "kind": MORE_THAN,
        "margin": 0.02,
        "reason": "20 images",
    }
    return Claim(**{**common, **fields})


def curves_of(*claims, curves=CURVES, settings=SETTINGS):
    return [(each.of, each.against) for each in contrasts(claims, curves, settings)]


def test_each_is_every_curve_but_the_one_it_is_set_against():
    none = "no normalization"
    assert curves_of(claim(against=none)) == [("batchnorm", none), ("layernorm", none)]


def test_each_without_another_is_every_curve_by_itself():
    assert curves_of(claim()) == [(curve, None) for curve in CURVES]


def test_a_claim_may_name_its_curve():
    assert curves_of(claim(of="layernorm", against="batchnorm", expected="lower")) == [("layernorm", "batchnorm")]
    assert curves_of(claim(of="layernorm")) == [("layernorm", None)]


def test_it_is_left_out_where_a_curve_or_its_x_is_not_there():
    assert curves_of(claim(of="groupnorm")) == []
    assert curves_of(claim(against="groupnorm")) == []
    assert curves_of(claim(against="no normalization", over="slope")) == []
    assert curves_of(claim(over="slope")) == [("batchnorm", None), ("layernorm", None)]
    assert curves_of(claim(over="at", arguments=(10,))) == [("batchnorm", None), ("layernorm", None)]
    assert curves_of(claim(over="at", arguments=(5,), of="batchnorm", against="no normalization")) != []


def test_a_setting_may_decide_whether_it_is_tested():
    of = {"of": "batchnorm"}
    assert curves_of(claim(when="arms.equal_updates", **of)) == []
    assert curves_of(claim(unless="arms.equal_updates", **of)) != []
    equal = {"arms.equal_updates": True}
    assert curves_of(claim(when="arms.equal_updates", **of), settings=equal) != []
    assert curves_of(claim(unless="arms.equal_updates", **of), settings=equal) == []


def test_the_sentence_names_the_curve():
    about = Claim("{Arm}: {{so}} {arm} is", "best_val_acc", WITHIN, 0.02, "so", of="no normalization")
    [contrast] = contrasts([about], CURVES, SETTINGS)
    assert contrast.text == "No normalization: {so} no normalization is"


@pytest.mark.parametrize(
    ("given", "subject"), [({}, "no normalization"), ({"subject": "dropout ({arm})"}, "dropout (no normalization)")]
)
def test_the_subject_is_the_curve_unless_the_claim_names_it(given, subject):
    about = Claim("Better", "best_val_acc", WITHIN, 0.02, "so", of="no normalization", **given)
    [contrast] = contrasts([about], CURVES, SETTINGS)
    assert contrast.subject == subject


def test_sentence_and_reason_stand_on_one_line_without_a_full_stop():
    found = claim(claim="  It is\n better. ", reason="a\nreason.\n")
    assert (found.claim, found.reason) == ("It is better", "a reason")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"claim": " . "}, "claim: '' is not allowed: it must be a text; write a sentence"),
        ({"reason": ""}, "reason: '' is not allowed"),
        ({"claim": "{norm} is better"}, "the only word in braces may be {arm}"),
        ({"claim": "{} is better"}, "the only word in braces"),
        ({"claim": "{arm:d} is better"}, "the only word in braces"),
        ({"claim": "{arm!r} is better"}, "the only word in braces"),
        ({"claim": "{arm.x} is better"}, "the only word in braces"),
        ({"claim": "{arm[0]} is better"}, "the only word in braces"),
        ({"claim": "{arm is better"}, "write other braces double"),
        ({"claim": "arm} is better"}, "write other braces double"),
        ({"measure": "best_val"}, "did you mean best_val_acc?"),
        ({"kind": "more"}, "it must be one of more than, within; did you mean more than?"),
        ({"margin": -0.1}, "margin: -0.1 is not allowed: it must be a number of at least 0"),
        ({"margin": float("nan")}, "margin: nan is not allowed"),
        ({"margin": True}, "margin: true is not allowed"),
        ({"margin": "0.02"}, "margin: '0.02' is not allowed"),
        ({"expected": "more"}, "it must be one of higher, lower"),
        ({"over": "best"}, "over: 'best' is not allowed"),
        ({"over": "between"}, "arguments: [] is not allowed: over between takes 2 numbers, in a list; give so many"),
        ({"over": "at", "arguments": (1, 2)}, "arguments: [1.0, 2.0] is not allowed: over at takes 1 number"),
        ({"arguments": (1,)}, "over all takes none; leave arguments out"),
        ({"over": "at", "arguments": ("5",)}, "arguments: '5' is not allowed: each item must be a number"),
        ({"over": "at", "arguments": 5}, "arguments: 5 is not allowed: it must be a list"),
        ({"over": "extent", "arguments": (80,)}, "over extent takes a share above 0 and at most 1; give one such as 0.8"),
        ({"over": "extent", "arguments": (0,)}, "arguments: 0 is not allowed"),
        ({"over": "largest", "arguments": (0.8,)}, "over: 'largest' is not allowed without against"),
        ({"over": "at_best", "measure": "final_gap"}, "over: 'at_best' is not allowed with final_gap, whose highest"),
        ({"expected": "lower"}, "expected: 'lower' is not allowed without against"),
        ({"against": "each"}, "against: 'each' is not allowed"),
        ({"of": "batchnorm", "against": "batchnorm"}, "against: 'batchnorm' is not allowed: it must be one curve, and not"),
    ],
)
def test_what_can_not_be_meant_is_refused(fields, words):
    with pytest.raises(SettingsError) as caught:
        claim(**fields)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_sweep_has_no_x():
    at_zero = claim(over="at", arguments=(0,), against="no normalization")
    assert contrasts([at_zero], {"batchnorm": [], "no normalization": []}, SETTINGS) == []
    assert len(contrasts([claim()], {"batchnorm": []}, SETTINGS)) == 1
