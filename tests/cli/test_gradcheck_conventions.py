"""`bnlab gradcheck --module` where conventions decide: masks, zeros, and scores near the end of the range."""

import re
from pathlib import Path

import pytest

SOURCE = (Path(__file__).parents[1] / "homework" / "notebook_layers.py").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "mylayers.py").write_text(text, encoding="utf-8")
        return "mylayers.py"

    return write


def findings(done):
    return [line for line in done.out.splitlines() if re.match(r"\w+(, \w+)?: |Not ", line)]


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
MASKS = {
    "(rng.uniform(size=x.shape) > p) / p": "keeps 40% of the units where p is 0.6; p is the probability of keeping one",
    "(rng.uniform(size=x.shape) < 1 - p) / p": "keeps 40% of the units where p is 0.6",
    "(rng.uniform(size=x.shape) < p**2) / p": "keeps 36% of the units where p is 0.6; p is the probability of keeping one",
    "np.ones_like(x) * (rng.uniform(size=(len(x), 1, 1)) < p) / p": "neighbours along axis 1 aren't kept independently",
    "np.ones_like(x) * (rng.uniform(size=x.shape[1:]) < p) / p": "neighbours along axis 0 aren't kept independently",
    "(np.arange(x.size).reshape(x.shape) % 5 < 3) / p": "neighbours along axis",
    "(x > 0) / p": "which units are kept depends on x",
    "(abs(x) < 0.8416) / p": "which units are kept depends on x",
    "(np.random.default_rng(0).uniform(size=x.shape) < p) / p": "another seed gives the same mask",
    "(rng.uniform(size=(4, 2, 3)) < p) / p": "on 96000 units raises ValueError",
}


RAISING = {
    "relu": ("dx = dout * (x > 0)", "assert x.all()\n    dx = dout * (x > 0)", "relu_backward: at 0 raises AssertionError"),
    "softmax_loss": (
        "shifted = x - np.max(x, axis=1, keepdims=True)",
        "shifted = np.vectorize(__import__('math').exp)(x)\n    shifted = np.log(shifted)",
        "softmax_loss: at large scores raises OverflowError: math range error",
    ),
    "dropout": ("p, mode = ", "assert len(x) < 9\n    p, mode = ", "dropout_forward: on 96000 units raises AssertionError"),
}


@pytest.mark.parametrize("case", RAISING)
def test_what_is_raised_where_a_convention_decides_is_told(call, write, case):
    right, wrong, said = RAISING[case]
    assert right in SOURCE
    done = call("gradcheck", "--module", write(SOURCE.replace(right, wrong)), case)
    assert done.status == 1
    [finding] = findings(done)
    assert finding.startswith(said)


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_that_no_fair_draw_gives_is_told(call, write, mask):
    right = "(rng.uniform(size=x.shape) < p) / p"
    done = call("gradcheck", "--module", write(GENERATOR.replace(right, mask)), "dropout")
    assert done.status == 1
    [finding] = findings(done)
    assert finding.startswith(f"dropout_forward: {MASKS[mask]}")


def test_a_layer_that_ignores_its_seed_is_not_called_as_good(call, write):
    done = call("gradcheck", "--module", write(GENERATOR.replace("default_rng(seed)", "default_rng()")), "dropout")
    assert done.status == 1
    [fault, _] = findings(done)
    assert fault == "dropout_forward: gives another output for the same input: let the seed in its param dict decide it"


@pytest.mark.parametrize(
    "drawn", ["rng.uniform(size=x.shape) < p", "rng.binomial(1, p, x.shape)", "rng.random(x.shape) > 1 - p"]
)
def test_a_mask_of_any_generator_is_as_good(call, write, drawn):
    done = call("gradcheck", "--module", write(GENERATOR.replace("rng.uniform(size=x.shape) < p", drawn)), "dropout")
    assert done.status == 0
    [note] = findings(done)
    assert note.endswith("as good")


MIXED_UP = {
    "conv": [
        ("W_out = 1 + (W + 2 * pad - WW)", "W_out = 1 + (H + 2 * pad - HH)"),
        ("np.zeros((N, F, H_out, W_out))", "np.zeros((N, F, W_out, H_out))"),
        ("W_out = 1 + (W + 2 * pad - WW) // stride", "W_out = H_out"),
        ("F, _, HH, WW = w.shape", "F, _, WW, HH = w.shape"),
    ],
    "max_pool": [
        ("1 + (W - width) // stride))", "1 + (H - height) // stride))"),
        ('height, width, stride = pool_param["pool_height"], pool_param["pool_width"]',
         'height, width, stride = pool_param["pool_width"], pool_param["pool_height"]'),
        ("j * stride : j * stride + width", "j * width : j * width + width"),
    ],
    "spatial_batchnorm": [("N, C, H, W = dout.shape", "N, C, W, H = dout.shape")],
}  # fmt: skip


@pytest.mark.parametrize("seed", [1, 7, 231])
@pytest.mark.parametrize(("case", "right", "wrong"), [(case, *pair) for case in MIXED_UP for pair in MIXED_UP[case]])
def test_height_and_width_cannot_be_mixed_up(call, write, case, right, wrong, seed):
    assert right in SOURCE
    text = SOURCE if "dout.shape" in right else SOURCE.replace(right, wrong)
    if text == SOURCE:
        start = SOURCE.index("def spatial_batchnorm_backward")
        text = SOURCE[:start] + SOURCE[start:].replace(right, wrong, 1)
    assert call("gradcheck", "--module", write(text), case, "--seed", seed).status == 1


BROKEN_PARTS = {
    "relu_backward": (
        ("dx = dout * (x > 0)", "dx = dout * (x < 0)"),
        ["affine_relu", "affine_bn_relu", "affine_ln_relu", "conv_relu", "conv_relu_pool", "conv_bn_relu"],
    ),
    "batchnorm_forward": (
        ("np.var(x, axis=0)", "np.var(x, axis=0, ddof=1)"),
        ["affine_bn_relu", "spatial_batchnorm", "conv_bn_relu"],
    ),
    "max_pool_backward_naive": (("np.argmax(window)", "np.argmin(window)"), ["conv_relu_pool"]),
}


@pytest.mark.parametrize("part", BROKEN_PARTS)
def test_a_layer_is_not_blamed_for_its_parts(call, write, part):
    change, wholes = BROKEN_PARTS[part]
    done = call("gradcheck", "--module", write(SOURCE.replace(*change)))
    assert done.status == 1
    told = findings(done)
    waiting = [line for line in told if line.startswith(f"Not checked before {part} is mended: ")]
    assert len(waiting) == 1
    assert {f"{whole}_backward" for whole in wholes} <= set(waiting[0].split(": ")[1].split(", "))
    family = part.split("_")[0]
    assert all(line.startswith((family, "Not checked before", "mylayers.py")) for line in told)


def test_a_layer_is_blamed_for_what_is_wrong_in_itself(call, write):
    right = "return affine_backward(da, fc_cache)"
    assert SOURCE.count(right) == 1
    document = call(
        "gradcheck", "--module", write(SOURCE.replace(right, "return affine_backward(-da, fc_cache)")), "--json"
    ).json
    assert {row["function"] for row in document if row["ok"] is False} == {"affine_relu_backward"}
