"""A user's functions where conventions decide, masks above all; and sides of an image that can't be mixed up."""

import pytest

from bnlab.homework import findings
from tests.homework.sources import SOURCE, spoilt

GENERATOR = """
import numpy as np

def dropout_forward(x, dropout_param):
    p, seed = dropout_param["p"], dropout_param["seed"]
    mask = None
    if dropout_param["mode"] == "train":
        rng = np.random.default_rng(seed)
        mask = (rng.uniform(size=x.shape) < p) / p
        x = x * mask
    return x, mask

def dropout_backward(dout, cache):
    return dout if cache is None else dout * cache
"""
FAIR = "rng.uniform(size=x.shape) < p"
UNFAIR = {
    "(rng.uniform(size=x.shape) > p) / p": "keeps 40% of the units where p is 0.6; p is the probability of keeping one",
    "(rng.uniform(size=x.shape) < p**2) / p": "keeps 36% of the units where p is 0.6; p is the probability of keeping one",
    "np.ones_like(x) * (rng.uniform(size=(len(x), 1, 1)) < p) / p": "neighbours along axis 1 aren't kept independently",
    "np.ones_like(x) * (rng.uniform(size=x.shape[1:]) < p) / p": "neighbours along axis 0 aren't kept independently",
    "(x > 0) / p": "which units are kept depends on x",
    "(abs(x) < 0.8416) / p": "which units are kept depends on x",
    "(np.random.default_rng(0).uniform(size=x.shape) < p) / p": "another seed gives the same mask",
    "(rng.uniform(size=(4, 2, 3)) < p) / p": "on 96000 units raises ValueError",
}


@pytest.mark.parametrize("mask", UNFAIR)
def test_a_mask_that_no_fair_draw_gives_is_told(check, mask):
    [finding] = findings(check(GENERATOR.replace(f"({FAIR}) / p", mask), "dropout"))
    assert finding.startswith(f"dropout_forward: {UNFAIR[mask]}")


def test_a_layer_that_ignores_its_seed_is_not_called_as_good(check):
    [fault] = findings(check(GENERATOR.replace("default_rng(seed)", "default_rng()"), "dropout"))
    assert fault == "dropout_forward: gives another output for the same input: let the seed in its param dict decide it"


@pytest.mark.parametrize("drawn", [FAIR, "rng.binomial(1, p, x.shape)", "rng.random(x.shape) > 1 - p"])
def test_a_mask_of_any_generator_is_as_good(check, drawn):
    comparisons = check(GENERATOR.replace(FAIR, drawn), "dropout")
    assert all(each.ok for each in comparisons)
    assert findings(comparisons) == [
        "dropout_forward, out: not the mask that RandomState(seed).rand(*x.shape) gives, but as good"
    ]


RAISING = {
    "relu_backward": ("dx = dout", "assert x.all()\n    dx = dout", "relu", "at 0 raises AssertionError"),
    "softmax_loss": (
        "shifted = x - np.max(x, axis=1, keepdims=True)",
        "shifted = np.log(np.vectorize(__import__('math').exp)(x))",
        "softmax_loss",
        "at large scores raises OverflowError: math range error",
    ),
    "dropout_forward": (
        "p, mode = ",
        "assert len(x) < 9\n    p, mode = ",
        "dropout",
        "on 96000 units raises AssertionError",
    ),
}


@pytest.mark.parametrize("function", RAISING)
def test_what_is_raised_where_a_convention_decides_is_told(check, function):
    right, wrong, case, said = RAISING[function]
    [finding] = findings(check(spoilt(function, (right, wrong)), case))
    assert finding.startswith(f"{function}: {said}")


MIXED_UP = [
    ("conv", "conv_forward_naive", "W_out = 1 + (W + 2 * pad - WW)", "W_out = 1 + (H + 2 * pad - HH)"),
    ("conv", "conv_forward_naive", "np.zeros((N, F, H_out, W_out))", "np.zeros((N, F, W_out, H_out))"),
    ("conv", "conv_forward_naive", "F, _, HH, WW = w.shape", "F, _, WW, HH = w.shape"),
    ("conv", "conv_backward_naive", "F, _, HH, WW = w.shape", "F, _, WW, HH = w.shape"),
    ("max_pool", "max_pool_forward_naive", "1 + (W - width) // stride))", "1 + (H - height) // stride))"),
    ("max_pool", "max_pool_forward_naive", '["pool_height"], pool_param["pool_width"]',
     '["pool_width"], pool_param["pool_height"]'),
    ("max_pool", "max_pool_backward_naive", "j * stride : j * stride + width", "j * width : j * width + width"),
    ("spatial_batchnorm", "spatial_batchnorm_backward", "N, C, H, W = dout.shape", "N, C, W, H = dout.shape"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "function", "right", "wrong"), MIXED_UP)
def test_height_and_width_cannot_be_mixed_up(check, case, function, right, wrong):
    failed = {each.function for each in check(spoilt(function, (right, wrong)), case) if each.ok is False}
    assert function in failed


def test_a_file_of_the_notebooks_functions_passes_whole(check):
    comparisons = check(SOURCE)
    assert [each for each in comparisons if each.ok is not True] == []
    assert findings(comparisons) == []
