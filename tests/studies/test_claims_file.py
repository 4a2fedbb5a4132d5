"""Claims of the user's own: what the file may say, and what each mistake is answered with."""

import pytest

from bnlab.errors import SettingsError
from bnlab.evidence.claims import Claim
from bnlab.studies.claims_file import FIELDS, NEEDED, check_testable, claims_yaml, read_claims

GOOD = """
claims:
  - claim: "{Arm} trains faster."
    measure: mean_train_acc
    kind: more than
    margin: 2e-2
    reason: 20 of 1,000 images
    against: no normalization
  - {claim: it suits, measure: best_val_acc, kind: within, margin: 1, reason: so, of: layernorm, against: batchnorm,
     expected: lower, over: between, arguments: [5, 10]}
"""
ROW = "claim: it suits, measure: best_val_acc, kind: within, margin: 1, reason: so"


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def refused(write):
    """The lines with which a file is refused."""

    def refused(text):
        with pytest.raises(SettingsError) as caught:
            read_claims(write(text))
        return str(caught.value).splitlines()

    return refused


def test_each_field_is_read(write):
    first, second = read_claims(write(GOOD))
    assert first == Claim(
        "{Arm} trains faster", "mean_train_acc", "more than", 0.02, "20 of 1,000 images", against="no normalization"
    )
    assert second == Claim(
        "it suits", "best_val_acc", "within", 1.0, "so", of="layernorm", against="batchnorm", expected="lower",
        over="between", arguments=(5.0, 10.0),
    )  # fmt: skip


def test_the_fields_are_those_of_a_claim_but_for_the_ones_of_studies():
    assert NEEDED == ("claim", "measure", "kind", "margin", "reason")
    assert set(FIELDS) - {*NEEDED} == {"of", "against", "expected", "over", "arguments"}


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (f"{ROW}, marign: 2", "there is no field marign: there are claim, measure, kind, margin, reason, of, against, "
         "expected, over, arguments; did you mean margin?"),
        (f"{ROW}, title: x", "there is no field title: there are claim, measure, kind, margin, reason, of, against, "
         "expected, over, arguments"),
        ("claim: x, kind: within, reason: y", "measure and margin missing: give claim, measure, kind, margin, reason"),
        (ROW.replace("best_val_acc", "best_val"), "measure: 'best_val' is not allowed: it must be one of mean_train_acc, "
         "best_train_acc, best_val_acc, final_train_acc, final_val_acc, final_gap, epochs_to_90_percent; did you mean "
         "best_val_acc?"),
        (ROW.replace("within", "less than"), "kind: 'less than' is not allowed: it must be one of more than, within; did "
         "you mean more than?"),
        (ROW.replace("margin: 1", "margin: -1"), "margin: -1 is not allowed: it must be a number of at least 0"),
        (ROW.replace("margin: 1", "margin: yes"), "margin: true is not allowed: it must be a number of at least 0"),
        (ROW.replace("margin: 1", "margin: '1'"), "margin: '1' is not allowed: it must be a number of at least 0"),
        (ROW.replace("margin: 1", "margin: .inf"), "margin: inf is not allowed: it must be a number of at least 0"),
        (ROW.replace("margin: 1", "margin:"), "margin: null is not allowed: it must be a number of at least 0"),
        (ROW.replace("reason: so", "reason: 5"), "reason: 5 is not allowed: it must be a text"),
        (ROW.replace("reason: so", "reason: ' '"), "reason: '' is not allowed: it must be a text; write a sentence"),
        (f"{ROW}, of: 3", "of: 3 is not allowed: it must be a text"),
        (f"{ROW}, against: [a]", "against: ['a'] is not allowed: it must be a text, or null"),
        (f"{ROW}, expected: larger", "expected: 'larger' is not allowed: it must be one of higher, lower"),
        (f"{ROW}, over: mean", "over: 'mean' is not allowed: it must be one of all, between, difference, slope, steepness, "
         "at, at_best, extent, largest"),
        (f"{ROW}, over: at", "arguments: [] is not allowed: over at takes 1 number, in a list; give so many"),
        (f"{ROW}, over: at, arguments: 5", "arguments: 5 is not allowed: it must be a list, written [..., ...], of items, "
         "each a number"),
        (f"{ROW}, over: at, arguments: [no]", "arguments: false is not allowed: each item must be a number"),
        (f"{ROW}, over: extent, arguments: [80]", "arguments: 80 is not allowed: over extent takes a share above 0 and at "
         "most 1; give one such as 0.8"),
        (f"{ROW}, expected: lower", "expected: 'lower' is not allowed without against: a claim about one curve is about "
         "its number itself; name a curve in against, or leave expected out"),
        (ROW.replace("it suits", "'{norm} suits'"), "claim: '{norm} suits' is not allowed: the only word in braces may "
         "be {arm}, or {Arm} at the start; write other braces double"),
        (ROW.replace("it suits", "'{arm:d} suits'"), "claim: '{arm:d} suits' is not allowed: the only word in braces may "
         "be {arm}, or {Arm} at the start; write other braces double"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line(refused, row, line):
    assert refused(f"claims: [{{{row}}}]") == [f"mine.yaml, claim 1: {line}"]


@pytest.mark.parametrize("row", ["it suits", "5", "[a, b]", "null"])
def test_a_claim_is_a_mapping(refused, row):
    [line] = refused(f"claims: [{row}]")
    assert "claim 1: " in line
    assert line.endswith("is not allowed: it must be a mapping with claim, measure, kind, margin, reason")


def test_all_mistakes_are_told_at_once(refused):
    lines = refused(f"claims: [{{{ROW}}}, {{claim: x, kind: in, margin: no, whit: 1}}, 7, {{{ROW}, over: at}}]")
    starts = [
        "mine.yaml, claim 2: there is no field whit",
        "mine.yaml, claim 2: measure and reason missing",
        "mine.yaml, claim 2: kind: 'in' is not allowed",
        "mine.yaml, claim 2: margin: false is not allowed",
        "mine.yaml, claim 3: 7 is not allowed",
        "mine.yaml, claim 4: arguments: [] is not allowed",
    ]
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


@pytest.mark.parametrize("text", ["", "claims:", "claims: []", "claims: {a: 1}", "claims: it suits", "other: 1", "5: 1"])
def test_a_file_without_a_list_of_claims(refused, text):
    [line] = refused(text)
    assert "holds no claims: write a list under the one key 'claims', as the README shows" in line


def test_another_key_beside_the_claims(refused):
    [line] = refused(f"claims: [{{{ROW}}}]\nseed: 1")
    assert "under the one key 'claims'" in line


@pytest.mark.parametrize(
    "text", ["claims: [", "claims: [{a: 1, a: 2}]", "- a\n- b", "claims: !!python/name:os.system", "\0"]
)
def test_what_is_no_mapping_in_yaml(refused, text):
    [line] = refused(text)
    assert line.startswith("claims file ")
    assert "mine.yaml" in line


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="give --claims a YAML file that can be read"):
        read_claims(tmp_path / "none.yaml")


CURVES = {"batchnorm": [5.0, 10.0, 50.0], "layernorm": [5.0, 10.0, 50.0], "no normalization": [5.0]}


def claim(**fields):
    return Claim("it suits", "best_val_acc", "within", 0.02, "so", **fields)


def untestable(*claims, curves=CURVES):
    with pytest.raises(SettingsError) as caught:
        check_testable(claims, curves)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"against": "no normalization"},
        {"of": "batchnorm", "against": "layernorm", "over": "slope"},
        {"over": "at", "arguments": (5,), "against": "no normalization"},
        {"of": "layernorm", "over": "between", "arguments": (7, 60)},
    ],
)
def test_what_can_be_tested(fields):
    check_testable([claim(**fields)], CURVES)


def test_no_claims_can_be_tested_anywhere():
    check_testable([], {})


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"of": "batchnrom"}, "of: no arm is called 'batchnrom': there are batchnorm, layernorm, no normalization; did you "
         "mean batchnorm?"),
        ({"of": "batchnorm", "against": "none"}, "against: no arm is called 'none': there are batchnorm, layernorm, no "
         "normalization"),
        ({"of": "batchnorm", "over": "at", "arguments": (20,)}, "over: at [20.0] doesn't fit batchnorm, which has runs at "
         "5, 10, 50: name other arms in of and against, or choose another over or other arguments"),
        ({"of": "batchnorm", "against": "no normalization", "over": "slope"}, "over: slope doesn't fit no normalization, "
         "which has runs at 5: name other arms in of and against, or choose another over or other arguments"),
    ],
)  # fmt: skip
def test_what_can_not_be_tested(fields, line):
    assert untestable(claim(**fields)) == [f"claim 1: {line}"]


def test_each_problem_has_a_line():
    lines = untestable(
        claim(), claim(of="x", against="y"), claim(over="at", arguments=(10,)), claim(over="at", arguments=(7,))
    )
    assert [line[:9] for line in lines] == ["claim 2: ", "claim 2: ", "claim 3: ", "claim 4: ", "claim 4: ", "claim 4: "]


def test_each_of_one_arm_against_itself():
    [line] = untestable(claim(against="none"), curves={"none": [0.0]})
    assert line == "claim 1: of: each leaves no arm to test against none, which is the only one; leave against out"


def test_claims_that_are_written_are_read_as_they_were(write):
    claims = read_claims(write(GOOD))
    assert read_claims(write(claims_yaml(claims).decode())) == claims
