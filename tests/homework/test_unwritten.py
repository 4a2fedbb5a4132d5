"""Functions that a file doesn't have, misspells, or hasn't written yet."""

import pytest

from bnlab.homework import ModuleError, check_module, findings, reason
from bnlab.homework.functions import KNOWN
from bnlab.homework.spelling import is_misspelt
from tests.homework.sources import AFFINE, RELU, only, spoilt

FORWARD, BACKWARD = "return x.reshape(len(x), -1) @ w + b, (x, w)", AFFINE[AFFINE.index("    x, w = cache") :]
PLACEHOLDERS = {
    "None and a cache": ("affine_forward", AFFINE.replace(FORWARD, "out = None; return out, (x, w, b)")),
    "nothing but None": ("affine_forward", AFFINE.replace(FORWARD, "out, cache = None, None; return out, cache")),
    "pass": ("affine_forward", AFFINE.replace(FORWARD, "pass")),
    "...": ("affine_forward", AFFINE.replace(FORWARD, "...")),
    "an error that says so": ("affine_forward", AFFINE.replace(FORWARD, "raise NotImplementedError('later')")),
    "None for each gradient": (
        "affine_backward",
        AFFINE.replace(BACKWARD, "    x, w = cache\n    dx, dw, db = None, None, None\n    return dx, dw, db\n"),
    ),
    "one None": ("relu_backward", RELU.replace("return dout * cache", "dx, x = None, cache; return dx")),
    "a loss": ("svm_loss", "def svm_loss(x, y):\n    loss, dx = None, None\n    return loss, dx\n"),
    "dropout's, which casts its None": (
        "dropout_forward",
        "def dropout_forward(x, dropout_param):\n    out = None\n    return out.astype(x.dtype, copy=False), None\n",
    ),
}


@pytest.mark.parametrize("kind", PLACEHOLDERS)
def test_a_placeholder_is_skipped_unless_its_layer_is_named(check, kind):
    name, text = PLACEHOLDERS[kind]
    rows = [each for each in check(text) if each.function == name and each.problem]
    assert {(each.problem, each.ok) for each in rows} == {("not written yet", None)}
    [row] = [each for each in check(text, rows[0].case) if each.function == name and each.problem]
    assert (row.problem, row.ok) == ("not written yet", False)


def test_an_argument_that_is_none_by_a_mistake_is_no_placeholder(check):
    text = RELU.replace("return x * (x > 0), x > 0", "return None.copy(), x")
    assert findings(check(text, "relu"))[0].startswith("relu_forward: raises AttributeError: 'NoneType' object")


WAITING = {
    "affine_forward": ("out = rows.dot(w) + b", "out = None", {"affine_relu_forward"}),
    "relu_backward": ("dx = dout * (x > 0)", "dx = None", {"affine_relu_backward"}),
}


@pytest.mark.parametrize("part", WAITING)
def test_a_layer_waits_for_its_parts_to_be_written(check, part):
    right, placeholder, wholes = WAITING[part]
    text = only("affine", "relu", "affine_relu", text=spoilt(part, (right, placeholder)))
    comparisons = check(text)
    assert [each for each in comparisons if each.ok is False] == []
    waiting = {each.function for each in comparisons if reason(each) == f"not checked until {part} is written"}
    assert waiting == wholes


def test_a_missing_function_is_skipped_unless_its_layer_is_named(check):
    missing = [each for each in check(AFFINE) if each.problem]
    assert {(each.problem, each.ok) for each in missing} == {("missing", None)}
    names = [each.function for each in missing]
    assert len(names) == len(set(names)) == len(KNOWN) - 2
    assert findings(check(AFFINE, "affine", "relu")) == ["relu_forward: missing", "relu_backward: missing"]


def test_a_backward_pass_without_its_forward_pass_is_not_checked(check):
    text = AFFINE.replace("affine_forward", "helper") + RELU
    [row] = [each for each in check(text) if each.function == "affine_backward"]
    assert (row.note, row.ok) == ("not checked until its forward pass works", None)


def test_a_misspelt_function_fails_and_is_named_once(check):
    text = AFFINE + "def batchnorm_foward(x, gamma, beta, bn_param): pass\n"
    comparisons = check(text)
    assert findings(comparisons) == [
        "batchnorm_forward: missing; if batchnorm_foward is meant, rename it to batchnorm_forward"
    ]
    assert len([each for each in comparisons if each.ok is False]) == 1


MISSPELT = {
    "batchnorm_foward": "batchnorm_forward", "batchnrom_backward": "batchnorm_backward", "afine_forward": "affine_forward",
    "affinee_forward": "affine_forward", "conv_foward_naive": "conv_forward_naive",
    "batch_norm_forward": "batchnorm_forward",
    "layerNormForward": "layernorm_forward", "sofmax_los": "softmax_loss", "layernorm_bakward": "layernorm_backward",
}  # fmt: skip
OTHERS = {
    "batchnorm_foward": "layernorm_forward", "affine_gn_relu_forward": "affine_bn_relu_forward", "sum_loss": "svm_loss",
    "conv_bn_relu_pool_forward": "conv_relu_pool_forward", "affine_norm_relu_forward": "affine_ln_relu_forward",
    "conv_forward_fast": "conv_forward", "batchnorm_forward_alt": "batchnorm_backward_alt", "forward": "relu_forward",
}  # fmt: skip


@pytest.mark.parametrize(("name", "right"), MISSPELT.items())
def test_a_misspelt_name_is_recognized(name, right):
    assert is_misspelt(name, right)


@pytest.mark.parametrize(("name", "right"), OTHERS.items())
def test_another_name_is_not(name, right):
    assert not is_misspelt(name, right)


def test_a_file_with_misspelt_functions_alone_is_refused_with_their_right_names(check):
    with pytest.raises(ModuleError, match=r"has none of .*: rename batchnorm_foward to batchnorm_forward$"):
        check("def batchnorm_foward(x, gamma, beta, bn_param): pass\n")
    with pytest.raises(ModuleError, match=r"has none of .*: name them affine_forward, "):
        check("def forward(x): pass\n")


def test_a_notebook_is_told_to_be_one(write):
    path = write('{"cells": [], "nbformat": 4}', "Layers.ipynb")
    with pytest.raises(ModuleError, match=r"Layers\.ipynb is a notebook: export it .* --to script .* --module that file"):
        check_module(path)
