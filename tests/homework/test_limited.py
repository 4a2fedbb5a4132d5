"""Code that never ends, or ends the process: it is named and given up, and all the rest is checked."""

import time

import pytest

from bnlab.homework import ModuleError, check_module, check_with_limit, findings, reason
from bnlab.homework.limited import INTERVAL
from bnlab.homework.parts import wholes_of
from tests.homework.sources import AFFINE, RELU, only

LIMIT = 3
"""Seconds: longer than a busy machine keeps one waiting that takes no time."""


def limited(path, *names):
    return check_with_limit(path, names, time_limit=LIMIT)


STOPPING = """
import itertools, os, time

def affine_forward(x, w, b):
    while True: pass

def layernorm_forward(x, gamma, beta, ln_param):
    time.sleep(1000)

def dropout_forward(x, dropout_param):
    sum(itertools.count())

def softmax_loss(x, y):
    os._exit(3)

def svm_loss(x, y):
    os.kill(os.getpid(), 9)

"""
TOO_LONG = f"doesn't end within {LIMIT:g} s; if it is only slow, give it longer with --time-limit"


@pytest.mark.slow
def test_what_stops_the_check_is_given_up_and_the_rest_is_checked(write):
    start = time.monotonic()
    comparisons = limited(write(STOPPING + RELU + only("affine_relu")))
    assert time.monotonic() - start < 60
    assert findings(comparisons) == [
        f"affine_forward: {TOO_LONG}",
        f"layernorm_forward: {TOO_LONG}",
        f"dropout_forward: {TOO_LONG}",
        "softmax_loss: ends the whole program, with exit status 3",
        "svm_loss: ends the whole program, by signal SIGKILL",
    ]
    assert {each.function for each in comparisons if each.ok} == {"relu_forward", "relu_backward"}
    waiting = {each.function for each in comparisons if reason(each) == "not checked until affine_forward is mended"}
    assert waiting == {"affine_relu_forward"}


@pytest.mark.slow
def test_many_calls_may_take_longer_than_the_limit_together(write):
    slow = RELU.replace("return x *", "import time; time.sleep(0.02); return x *")
    start = time.monotonic()
    assert all(each.ok for each in limited(write(slow), "relu"))
    assert time.monotonic() - start > LIMIT + INTERVAL


WHOLES = {
    "relu_backward": {"affine_relu_backward", "affine_bn_relu_backward", "affine_ln_relu_backward", "conv_relu_backward",
                      "conv_relu_pool_backward", "conv_bn_relu_backward"},
    "layernorm_forward": {"affine_ln_relu_forward", "affine_ln_relu_backward"},
    "svm_loss": set(),
}  # fmt: skip


@pytest.mark.parametrize("part", WHOLES)
def test_the_layers_that_have_a_function_as_a_part(part):
    assert wholes_of(part) == WHOLES[part]


IMPORTS = {
    "while True: pass": f"it doesn't end within {LIMIT:g} s; put what takes long under `if __name__ == '__main__':`",
    "import os; os._exit(0)": "it ends the whole program, with exit status 0",
    "1 / 0": "it raises ZeroDivisionError: division by zero (mylayers.py, line 7)",
}


@pytest.mark.slow
@pytest.mark.parametrize("statement", IMPORTS)
def test_an_import_that_does_not_end_well_is_refused(write, statement):
    with pytest.raises(ModuleError, match=r"mylayers\.py can't be imported") as refused:
        limited(write(RELU + statement + "\n"))
    assert IMPORTS[statement] in str(refused.value)


def test_the_comparisons_are_those_of_a_check_in_this_process(write):
    path = write(AFFINE.replace("+ b,", "- b,") + RELU)
    here, there = check_module(path, seed=7), check_with_limit(path, seed=7)
    assert repr(here) == repr(there)  # NaN equals itself only in writing
    assert repr(here) != repr(check_module(path))


def test_the_worker_takes_its_modules_from_where_this_process_does(write, monkeypatch, tmp_path):
    """Not from the folder that it is started in."""
    for name in ("pickle", "numpy", "bnlab"):
        write("raise SystemExit('the wrong one')\n", f"{name}.py")
    write(RELU, "sub/mylayers.py")
    monkeypatch.chdir(tmp_path)
    assert all(each.ok for each in limited("sub/mylayers.py", "relu"))
