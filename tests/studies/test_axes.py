"""Axes as they are typed: what they mean, how they are shown, and what is refused in one line."""

import pytest

from bnlab.errors import SettingsError
from bnlab.studies.axes import Axis, in_words, parse_axes, value_text
from bnlab.studies.sweep import STUDY


def axis(text):
    [found], _ = parse_axes([text], [], STUDY)
    return found


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("solver.learning_rate=1e-3,1e-2", "solver.learning_rate", (1e-3, 1e-2)),
        ("net.reg=0", "net.reg", (0.0,)),
        (" net.reg = 1 , .5,1E2", "net.reg", (1.0, 0.5, 100.0)),
        ("solver.batch_size=5,1e1", "solver.batch_size", (5, 10)),
        ("net.hidden_dims=[100],[100,100]", "net.hidden_dims", ((100,), (100, 100))),
        ("net.normalization=batchnorm,none", "net.normalization", ("batchnorm", "none")),
        ("solver.momentum=null,0.5", "solver.momentum", (None, 0.5)),
        ("dtype=float64", "dtype", ("float64",)),
        ("data.num_train=10,20", "data.num_train", (10, 20)),
    ],
)
def test_what_is_typed_is_a_setting_and_its_values(text, key, values):
    found = axis(text)
    assert (found.key, found.values) == (key, values)
    assert [type(value) for value in found.values] == [type(value) for value in values]


def test_baselines_are_axes_of_one_value():
    axes, baselines = parse_axes(["net.reg=0,1"], ["net.normalization=none", "dtype=float64"], STUDY)
    assert axes == (Axis("net.reg", (0.0, 1.0)),)
    assert baselines == (Axis("net.normalization", ("none",)), Axis("dtype", ("float64",)))


@pytest.mark.parametrize(
    ("values", "numeric"),
    [
        ((1, 2.5), True), ((0.0, 1e-30), True), ((-1,), True), ((10**400, 1), False), ((1e-300, 1.0), False),
        ((True, False), False), ((None, 0.5), False), (("a",), False), (((1,),), False),
    ],
)  # fmt: skip
def test_numbers_that_an_axis_can_show(values, numeric):
    assert Axis("net.reg", values).numeric is numeric


def test_words():
    said = [in_words("solver.batch_size", 5), in_words("net.normalization", "none"), in_words("dtype", "float64")]
    assert said == ["batch_size 5", "no normalization", "float64"]
    assert in_words("net.hidden_dims", (5, 5, 5)) == "hidden_dims 3 x 5"
    assert [value_text(each) for each in ((5,), (5, 6, 7), (5, 5), None, 1e-5)] == [
        "[5]",
        "[5, 6, 7]",
        "[5, 5]",
        "null",
        "1e-05",
    ]


def test_no_two_lists_of_layers_are_shown_alike():
    lists = [(100,) * n for n in range(1, 60)] + [(10,) * n for n in range(1, 60)] + [(10, 100), (100, 10)]
    assert len({value_text(each) for each in lists}) == len(lists)


REFUSED = {
    "another name": (["lr=1e-3,1e-2"], [], r"^lr=1e-3,1e-2: there is no setting lr: did you mean solver\.learning_rate\?$"),
    "a misspelt key": (["net.rge=1"], [], r"did you mean net\.reg\?$"),
    "unlike any key": (["xyz=1"], [], r"^xyz=1: there is no setting xyz: there are data\.num_train, net\.hidden_dims, "),
    "a section": (["net=1"], [], "there is no setting net: "),
    "arms": (["arms.norm=none"], [], "there is no setting"),
    "no values": (["net.reg="], [], r"^net\.reg=: no value is given: write net\.reg=V1,V2, each a number of at least 0$"),
    "no equals sign": (["net.reg"], [], r"^'net\.reg' is no setting with values: write it as KEY=V1,V2, for instance"),
    "no key": (["=1"], [], "is no setting with values"),
    "an empty value": (["net.reg=0,,1"], [], "values can't be read: separate them by commas, and put lists in brackets"),
    "an open bracket": (["net.hidden_dims=[1"], [], "can't be read"),
    "a bracket too many": (["net.hidden_dims=[1]]"], [], "can't be read"),
    "a comment": (["net.reg=1 # 2"], [], "can't be read"),
    "a number for a list": (["net.hidden_dims=100,200"], [], r": 100 is not allowed: it must be a list, written \["),
    "a mapping": (["net.reg={a: 1}"], [], "is not allowed: it must be a number"),
    "out of range": (["net.reg=0,-1"], [], r"^net\.reg=0,-1: -1 is not allowed: it must be a number of at least 0$"),
    "no such name": (["solver.update_rule=adm"], [], r"one of sgd, .*; did you mean adam\?$"),
    "a value twice": (["net.reg=1,2,1"], [], r"the value 1\.0 is given twice: give each value once$"),
    "equal values": (["net.reg=1,1.0"], [], "is given twice"),
    "null twice": (["solver.momentum=null,~"], [], "the value null is given twice"),
    "a key twice": (
        ["net.reg=0", "net.reg=1"],
        [],
        r"^net\.reg is given 2 times: give each KEY once, with all its values$",
    ),
    "x and a curve": (["net.reg=0,1", "dtype=float32", "net.reg=2"], [], r"^net\.reg is given 2 times"),
    "the seed": (["seed=1,2"], [], "^seed=1,2: seed is the same for all runs of a sweep: set it by --seed N$"),
    "the replicates": (["replicates=1,2"], [], "set it by --replicates N"),
    "diagnostics": (["diagnostics=true,false"], [], "set it by -s diagnostics=true"),
    "the data set": (["data.dataset=synthetic"], [], "set it by --dataset NAME"),
    "the validation images": (["data.num_val=3"], [], r"set it by -s data\.num_val=N"),
    "a baseline's key": (["net.reg=0"], ["lr=1"], r"^--against lr=1: there is no setting lr: did you mean"),
    "a baseline's value": (["net.reg=0"], ["net.keep_prob=2"], r"^--against net\.keep_prob=2: 2 is not allowed"),
    "two values of a baseline": (
        ["net.reg=0"],
        ["net.normalization=none,layernorm"],
        "2 values are given, .* --against once",
    ),
    "a baseline on x": (["net.reg=0"], ["net.reg=1"], r"^--against net\.reg=1: net\.reg is the x axis, .*another setting$"),
    "a baseline that is a curve": (
        ["net.reg=0", "dtype=float32,float64"],
        ["dtype=float64"],
        r"^--against dtype=float64: 'float64' is among the values of dtype already: give it in one place$",
    ),
    "a baseline twice": (
        ["net.reg=0"],
        ["net.keep_prob=0.5", "net.keep_prob=.5"],
        "is given twice: give each baseline once",
    ),
    "a long text": ([f"net.regg={'1,' * 500}"], [], r"\.\.\.: there is no setting net\.regg: did you mean net\.reg\?$"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    axes, against, words = REFUSED[case]
    with pytest.raises(SettingsError, match=words) as caught:
        parse_axes(axes, against, STUDY)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
