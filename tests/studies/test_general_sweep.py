"""The general sweep: its arms, its curves, its figure, its folder."""

import itertools

import pytest

from bnlab.errors import DataError, SettingsError
from bnlab.lab.driver import carry_out
from bnlab.lab.store import Store
from bnlab.studies import SWEEP
from bnlab.studies.plan import judged, make_plan, results
from bnlab.studies.publish import publish, settings_used
from bnlab.studies.settings import Override
from bnlab.studies.study import Result
from bnlab.studies.sweep import make_sweep
from bnlab.studies.words import ONE_SEED

SMALL = {"data.dataset": "synthetic", "data.num_train": 100, "net.hidden_dims": [8], "solver.num_epochs": 1}


def sweep(*texts, against=(), **settings):
    """The plan of a sweep; settings by their keys, with __ for the dot."""
    study = make_sweep(texts, against)
    given = {"replicates": 1} | {key.replace("__", "."): value for key, value in settings.items()}
    return make_plan(SWEEP, None, [Override(key, value, f"-s {key}") for key, value in given.items()], study=study)


def small(*texts, against=()):
    swept = {text.partition("=")[0] for text in texts}
    return sweep(*texts, against=against, **{key: value for key, value in SMALL.items() if key not in swept})


def seen(made, *keys):
    """Of each arm: its curve, its x, and the values of its run's settings."""
    return [
        (arm.curve, arm.x, *(getattr(getattr(arm.runs[0], section), name) for section, name in keys)) for arm in made.arms
    ]


def test_without_a_second_key_there_is_one_curve():
    made = sweep("net.reg=1,0,0.1")
    assert seen(made, ("net", "reg")) == [("net.reg", 0, 0), ("net.reg", 0.1, 0.1), ("net.reg", 1, 1)]
    assert [arm.label for arm in made.arms] == ["reg 0.0", "reg 0.1", "reg 1.0"]


def test_it_starts_from_the_net_of_compare_with_batchnorm(plan):
    made = sweep("solver.learning_rate=1e-3")
    assert [run.name for run in made.runs] == [plan("compare", {"replicates": 1}).runs[0].name]


def test_a_further_key_gives_a_curve_per_value_and_against_one_more():
    made = sweep("net.reg=0,1", "solver.batch_size=5,10", against=["net.normalization=none"])
    assert seen(made, ("solver", "batch_size"), ("net", "normalization"), ("net", "reg")) == [
        ("batch_size 5, batchnorm", 0, 5, "batchnorm", 0),
        ("batch_size 5, batchnorm", 1, 5, "batchnorm", 1),
        ("batch_size 10, batchnorm", 0, 10, "batchnorm", 0),
        ("batch_size 10, batchnorm", 1, 10, "batchnorm", 1),
        ("batch_size 50, no normalization", 0, 50, "none", 0),
        ("batch_size 50, no normalization", 1, 50, "none", 1),
    ]


def test_a_baseline_may_be_one_more_value_of_a_curves_key():
    made = sweep("net.reg=0", "net.normalization=batchnorm,layernorm", against=["net.normalization=none"])
    assert [arm.curve for arm in made.arms] == ["batchnorm", "layernorm", "no normalization"]
    again = sweep("net.reg=0", "net.normalization=batchnorm,layernorm,none")
    assert [run.name for run in made.runs] == [run.name for run in again.runs]


def test_two_further_keys_give_a_curve_per_combination():
    made = sweep("net.reg=0", "net.normalization=batchnorm,none", "dtype=float32,float64")
    curves = ["batchnorm, float32", "batchnorm, float64", "no normalization, float32", "no normalization, float64"]
    assert [arm.curve for arm in made.arms] == curves


def test_each_baseline_differs_in_one_setting():
    made = sweep("net.reg=0", against=["net.normalization=none", "net.keep_prob=0.5"])
    assert [arm.varied for arm in made.arms] == [
        {"net.reg": 0, "net.normalization": "batchnorm", "net.keep_prob": 1},
        {"net.reg": 0, "net.normalization": "none", "net.keep_prob": 1},
        {"net.reg": 0, "net.normalization": "batchnorm", "net.keep_prob": 0.5},
    ]


def test_arms_differ_in_what_is_swept_and_in_nothing_else():
    made = sweep("solver.momentum=0.5,0.8", "solver.update_rule=sgd_momentum", "net.hidden_dims=[5],[6,7]")
    varied = {"momentum", "update_rule", "hidden_dims"}
    flat = [{**run.to_json()["net"], **run.to_json()["solver"], "seed": run.seed, "dtype": run.dtype} for run in made.runs]
    assert {key for one in flat for key in one if one[key] != flat[0][key]} <= varied
    assert len({run.name for run in made.runs}) == 4


def test_the_number_of_images_changes_the_images():
    made = sweep("data.num_train=60,200", data__dataset="synthetic")
    assert [run.data.num_train for run in made.runs] == [60, 200]
    assert len({run.data.fingerprint for run in made.runs}) == 2
    alone = sweep("net.reg=0", data__dataset="synthetic", data__num_train=60)
    assert made.runs[0].name == alone.runs[0].name


def test_too_many_images_are_refused():
    with pytest.raises(DataError, match="9,999 training images"):
        sweep("data.num_train=60,9999")


REFUSED = {
    "the x axis set too": (
        ["net.reg=0,1"],
        [],
        {"net.reg": 1},
        r"varies net\.reg itself: set the sweep's net\.reg=V1,V2 inst",
    ),
    "a curve's key set too": (["net.reg=0", "dtype=float32"], [], {"dtype": "float64"}, "varies dtype itself"),
    "a baseline equal to a curve": (["net.reg=0"], ["net.normalization=batchnorm"], {}, "is a curve of the sweep already"),
    "what doesn't go together": (["solver.momentum=0.5"], [], {}, "adam has no momentum"),
    "a batch above the images": (["solver.batch_size=10,2000"], [], {}, "batch size 2000 is above"),
    "nothing": ([], [], {}, "^no KEY=V1,V2 is given: give at least one"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    texts, against, settings, words = REFUSED[case]
    with pytest.raises(SettingsError, match=words) as caught:
        sweep(*texts, against=against, **settings)
    assert "\n" not in str(caught.value)


def test_what_a_baseline_takes_from_the_settings_may_be_set():
    keys = [("net", "normalization"), ("net", "keep_prob")]
    made = sweep("net.reg=0", "net.keep_prob=0.5", against=["net.normalization=none"], net__keep_prob=0.9)
    assert [each[2:] for each in seen(made, *keys)] == [("batchnorm", 0.5), ("none", 0.9)]
    other = sweep("net.reg=0", against=["net.normalization=none"], net__normalization="layernorm")
    assert [each[2] for each in seen(other, *keys)] == ["layernorm", "none"]


@pytest.mark.parametrize(
    ("text", "scale", "xs"),
    [
        ("net.reg=0.1,1,1.1", "log", [0.1, 1, 1.1]),
        ("net.reg=0.1,1", "linear", [0.1, 1]),
        ("net.reg=0,0.1,100", "linear", [0, 0.1, 100]),
        ("solver.batch_size=1,50", "log", [1, 50]),
        ("net.reg=3", "linear", [3]),
        ("net.weight_scale=1e-300,1", "linear", [0, 1]),
    ],
)
def test_the_x_axis_is_logarithmic_beyond_a_decade(text, scale, xs):
    made = small(text)
    assert [arm.x for arm in made.arms] == xs
    assert {panel.x_scale for panel in made.study.figure(made.settings, []).panels} == {scale}


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("net.hidden_dims=[9],[4,4],[4,4,4]", ["[9]", "[4, 4]", "3 x 4"]),
        ("solver.update_rule=sgd,adam", ["sgd", "adam"]),
        ("solver.beta1=null,0.5", ["null", "0.5"]),
    ],
)
def test_values_that_are_no_numbers_stand_side_by_side(text, ticks):
    made = small(text)
    assert [arm.x for arm in made.arms] == [*range(len(ticks))]
    for panel in made.study.figure(made.settings, []).panels:
        assert (panel.x_scale, panel.x_ticks) == ("linear", dict(enumerate(ticks)))


def test_the_caption_says_what_is_not_swept():
    made = sweep("solver.learning_rate=1,2", against=["net.normalization=none"])
    text = made.study.figure(made.settings, []).caption
    assert "first 1,000 training images; 5 hidden layers of 100, weight scale 0.02; adam, batch 50, 10 epochs; seed" in text
    made = sweep("data.num_train=60,100", "net.hidden_dims=[5]", data__dataset="synthetic")
    text = made.study.figure(made.settings, []).caption
    assert "num_train: synthetic; batchnorm, weight scale 0.02; adam at 0.001, batch 50, 10 epochs; seed 231" in text


def test_a_sweep_is_carried_out_and_published(tmp_path):
    made = small("net.reg=0,1", "solver.batch_size=20,50", against=["net.normalization=none"])
    store = Store(tmp_path)
    for _ in carry_out(made.runs, store):
        pass
    found = results(made, store)
    document = publish(made, found, judged(made, found), store, 1.0)
    assert document["study"] == "sweep"
    assert [arm["x"] for arm in document["arms"]] == [0, 1] * 3
    assert "reg" not in document["settings"]["net"]
    assert document["settings"]["solver"]["batch_size"] == 50  # the baseline's
    assert document["findings"][-1] == ONE_SEED
    assert (tmp_path / made.folder / "figure.png").stat().st_size > 0


def test_settings_that_every_arm_replaces_are_not_among_those_used():
    made = sweep("net.reg=0,1", "dtype=float32", "net.hidden_dims=[4]")
    used = settings_used(made)
    assert "dtype" not in used
    assert not {"reg", "hidden_dims"} & set(used["net"])


FOLDERS = {
    "sweep-reg-0-0.1": (["net.reg=0,0.1"], [], {}),
    "sweep-learning_rate-1e-05-0.001": (["solver.learning_rate=1e-5,1e-3"], [], {}),
    "sweep-reg-0-by-dtype-float32-float64": (["net.reg=0", "dtype=float32,float64"], [], {}),
    "sweep-reg-0-against-normalization-none": (["net.reg=0"], ["net.normalization=none"], {}),
    "sweep-reg-0-beta1-0.5": (["net.reg=0"], [], {"solver.beta1": 0.5}),
    "sweep-reg-0-synthetic-seed-3": (["net.reg=0"], [], {"data.dataset": "synthetic", "seed": 3}),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_folder_says_what_is_swept(name):
    texts, against, settings = FOLDERS[name]
    assert sweep(*texts, against=against, **settings).folder == name


def test_no_two_sweeps_share_a_folder():
    made = [
        *(sweep(*texts, against=against, **settings) for texts, against, settings in FOLDERS.values()),
        sweep("net.reg=0.1,0"),
        sweep("net.reg=0,0.2"),
        sweep("dtype=float32,float64", "net.reg=0"),
        sweep("net.reg=0", "solver.beta1=0.5"),
        sweep("net.reg=0", against=["solver.beta1=0.5"]),
        sweep("net.hidden_dims=[10],[10,10]"),
        sweep("net.hidden_dims=[10,10],[10]"),
        sweep("net.hidden_dims=[10,10,10]"),
        sweep("net.reg=0", "net.hidden_dims=[10]"),
        sweep(f"solver.learning_rate={','.join(str(i) for i in range(1, 60))}"),
        sweep(f"solver.learning_rate={','.join(str(i) for i in range(1, 61))}"),
    ]
    for one, other in itertools.combinations([each.folder for each in made], 2):
        assert one.lower() != other.lower()
    assert all(len(each.folder) < 160 for each in made)


def test_the_curves_of_a_number_are_an_order_and_a_baseline_is_no_part_of_it(tmp_path):
    made = small("net.reg=0,1", "solver.batch_size=50,10", against=["net.normalization=none"])
    store = Store(tmp_path)
    assert len([*carry_out(made.runs, store)]) == 6
    drawn = made.study.figure(made.settings, results(made, store))
    assert drawn.ordered == (("batch_size 10, batchnorm", "batch_size 50, batchnorm"),)
    named = small("net.reg=0,1", "net.normalization=none,batchnorm")
    assert named.study.figure(named.settings, [Result(arm, ()) for arm in named.arms]).ordered == ()
