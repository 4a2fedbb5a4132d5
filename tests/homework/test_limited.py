"""Code that never ends, or ends the process: it is named and given up, and all the rest is checked."""

import os
import time

import pytest

from bnlab.homework import ModuleError, check_module, check_with_limit, findings, reason
from bnlab.homework.limited import INTERVAL
from tests.homework.sources import AFFINE, RELU, pairs_of

LIMIT = 0.25


def limited(path, *names):
    return check_with_limit(path, names, time_limit=LIMIT)


def endless(statement):
    return AFFINE + RELU.replace("return dout * cache", f"import itertools, os, time\n    {statement}")


TOO_LONG = f"relu_backward: doesn't end within {LIMIT:g} s; if it is only slow, give it longer with --time-limit"
STOPPING = {
    "a loop": ("while True: pass", TOO_LONG),
    "a nap": ("time.sleep(1000)", TOO_LONG),
    "a loop in C": ("sum(itertools.count())", TOO_LONG),
    "an end": ("os._exit(3)", "relu_backward: ends the whole program, with exit status 3"),
    "a signal": ("os.kill(os.getpid(), 9)", "relu_backward: ends the whole program, by signal SIGKILL"),
}


@pytest.mark.parametrize("what", STOPPING)
def test_a_function_is_given_up_and_the_others_are_checked(write, what):
    statement, said = STOPPING[what]
    start = time.monotonic()
    comparisons = limited(write(endless(statement)), "relu", "affine")
    assert time.monotonic() - start < 20
    assert findings(comparisons) == [said]
    assert {each.function: each.ok for each in comparisons} == {
        "relu_forward": True, "relu_backward": False, "affine_forward": True, "affine_backward": True,
    }  # fmt: skip


def test_many_calls_may_take_longer_than_the_limit_together(write):
    slow = RELU.replace("return x *", "import time; time.sleep(0.005); return x *")
    start = time.monotonic()
    assert all(each.ok for each in limited(write(slow), "relu"))
    assert time.monotonic() - start > LIMIT + INTERVAL


def test_layers_that_have_a_given_up_part_wait_for_it(write):
    text = pairs_of("affine", "relu", "affine_relu") + "def relu_backward(dout, cache):\n    while True: pass\n"
    start = time.monotonic()
    comparisons = limited(write(text))
    assert [each.function for each in comparisons if each.ok is False] == ["relu_backward"]
    waiting = {each.function for each in comparisons if reason(each) == "not checked until relu_backward is mended"}
    assert waiting == {"affine_relu_backward"}
    assert time.monotonic() - start < 20


IMPORTS = {
    "while True: pass": f"it doesn't end within {LIMIT:g} s; put what takes long under `if __name__ == '__main__':`",
    "import os; os._exit(0)": "it ends the whole program, with exit status 0",
    "1 / 0": "it raises ZeroDivisionError: division by zero (mylayers.py, line 7)",
}


@pytest.mark.parametrize("statement", IMPORTS)
def test_an_import_that_does_not_end_well_is_refused(write, statement):
    with pytest.raises(ModuleError, match=r"mylayers\.py can't be imported") as refused:
        limited(write(RELU + statement + "\n"))
    assert IMPORTS[statement] in str(refused.value)


def test_the_comparisons_are_those_of_a_check_in_this_process(write):
    path = write(AFFINE.replace("+ b,", "- b,") + RELU)
    assert repr(limited(path)) == repr(check_module(path))  # NaN is like itself only in writing


def test_the_worker_takes_its_modules_from_where_this_process_does(write, monkeypatch, tmp_path):
    """Not from the folder that it is started in."""
    for name in ("pickle", "numpy", "bnlab"):
        write("raise SystemExit('the wrong one')\n", f"{name}.py")
    write(RELU, "sub/mylayers.py")
    monkeypatch.chdir(tmp_path)
    assert all(each.ok for each in limited("sub/mylayers.py", "relu"))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes")
def test_nobody_is_left_over(write, tmp_path):
    life_signs = tmp_path / "life_signs"
    limited(write(endless(f"os.system('while sleep 0.02; do echo >> {life_signs}; done')")), "relu")
    last = life_signs.read_text()
    time.sleep(0.2)
    assert life_signs.read_text() == last != ""
