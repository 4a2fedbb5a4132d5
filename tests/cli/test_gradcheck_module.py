"""`bnlab gradcheck --module`: what is printed, where, and the exit status. tests/homework has the check itself."""

import re
import signal
import time
from pathlib import Path

import pytest

from bnlab.homework.functions import KNOWN
from tests.homework.sources import AFFINE, RELU, spoilt

PLACEHOLDER = "def relu_forward(x):\n    out = None\n    return out, x\n"
ENDLESS = RELU.replace("return dout * cache", "while True: pass")
MISSING = "relu_forward, relu_backward, batchnorm_forward, "


@pytest.fixture
def write(tmp_path):
    def write(text, name="mylayers.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def test_a_right_file_in_a_real_process(run, write):
    done = run("gradcheck", "--module", write(AFFINE + RELU), "relu", "affine", "relu")
    assert (done.status, done.err) == (0, "")
    rows = [line.split() for line in done.out.splitlines() if line.endswith(" ok")]
    assert [row[:2] for row in rows[:2]] == [["relu", "out"], ["relu", "dx"]]
    assert [row[:2] for row in rows[3:]] == [["affine", what] for what in ("out", "dx", "dw", "db")]
    assert done.out.splitlines()[-1] == "mylayers.py: 4 functions checked, 0 failed, 0 skipped"


MISSPELT = AFFINE.replace("affine_f", "afine_f")
ENDINGS = {
    "some are missing": (AFFINE, 0, f"2 functions checked, 0 failed, {len(KNOWN) - 2} skipped", f"Missing: {MISSING}"),
    "one is misspelt": (MISSPELT, 1, "affine_forward: missing; if afine_forward", "1 failed"),
    "nothing is written": (
        PLACEHOLDER,
        1,
        f"nothing could be checked, {len(KNOWN)} functions skipped",
        "Not written yet: relu_for",
    ),
    "one never ends": (ENDLESS, 1, "relu_backward: doesn't end within 3 s; if it is only slow", "1 failed"),
}


@pytest.mark.parametrize("ending", [pytest.param(name, marks=[pytest.mark.slow] * ("never" in name)) for name in ENDINGS])
def test_what_is_said_and_the_exit_status(call, write, ending):
    text, status, *words = ENDINGS[ending]
    done = call("gradcheck", "--module", write(text), "--time-limit", 3)
    assert (done.status, done.err) == (status, "")
    assert all(word in done.out for word in words)


KEYS = [
    "case", "gradient", "value", "error", "index", "analytic", "numeric", "zero", "kinks", "entries", "function", "problem",
    "slip", "note", "skipped", "ok",
]  # fmt: skip


def test_json_says_all_of_each_array(call, write):
    [_, gradient, _] = call("gradcheck", "--module", write(RELU), "relu", "--json").json
    assert list(gradient) == KEYS
    assert gradient["analytic"] == pytest.approx(gradient["numeric"])
    known = {"case": "relu", "gradient": "x", "value": None, "entries": 24, "function": "relu_backward", "ok": True}
    assert {key: gradient[key] for key in known} == known
    [_, at_another_seed, _] = call("gradcheck", "--module", "mylayers.py", "relu", "--json", "--seed", 7).json
    assert at_another_seed["numeric"] != gradient["numeric"]


def test_json_of_a_file_with_nothing_to_check(call, write):
    done = call("gradcheck", "--module", write(PLACEHOLDER), "--json")
    assert (done.status, {row["ok"] for row in done.json}) == (1, {None})


REFUSED = {
    "no file": ("nosuch.py", (), "nosuch.py is no file", "give --module"),
    "an import that fails": ("mylayers.py", (), "mylayers.py can't be imported: it raises ZeroDivisionError", "line 2"),
    "a net": ("mylayers.py", ("TwoLayerNet",), "'TwoLayerNet'", "without --module"),
    "a misspelt layer": ("mylayers.py", ("afine",), "'afine'", "did you mean affine?"),
    "steps": ("mylayers.py", ("batchnorm", "--steps"), "--steps", "leave --module out"),
    "no time": ("mylayers.py", ("--time-limit", 0), "--time-limit", "1<=x<=86400"),
    "no number": ("mylayers.py", ("--time-limit", "nan"), "--time-limit", "'nan'"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(call, write, refused, why):
    name, options, *words = REFUSED[why]
    write("x = 1\ny = 1 / 0\n")
    refused(call("gradcheck", "--module", name, *options), *words, made={"mylayers.py"})


def test_a_time_limit_is_for_a_file_alone(call, refused):
    refused(call("gradcheck", "relu", "--time-limit", 3), "--time-limit", "--module FILE")


def test_what_the_file_and_its_programs_print_stays_out_of_the_results(run, write):
    text = "import os\nprint('at import')\nos.system('echo loud')\n" + AFFINE.replace("return", "print('inside'); return")
    done = run("gradcheck", "--module", write(text), "affine", "--json")
    assert done.status == 0
    assert all(row["ok"] for row in done.json)
    assert set(done.err.split("\n")) == {"at import", "loud", "inside", ""}


ENDS = {
    signal.SIGINT: ("import os; os.system('while sleep 0.02; do echo >> life_signs; done')", (130, "", "Interrupted\n")),
    signal.SIGKILL: ("import time\n    while not time.sleep(0.02): open('life_signs', 'a').write('.')", (-9, "", "")),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_endless_function_does_not_outlive_the_program(run, write, until, how, tmp_path):
    """Nor do the programs that it started, if there is time to end them."""
    (endless, ending), life_signs = ENDS[how], tmp_path / "life_signs"
    process = run.start("gradcheck", "--module", write(RELU.replace("return dout * cache", endless)), "relu")
    until(life_signs.exists)
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == ending

    def is_still():
        before = life_signs.read_text()
        time.sleep(0.2)
        return before == life_signs.read_text()

    until(is_still)


def test_the_readme_shows_what_is_said_of_its_file(call, write):
    text = spoilt(
        "layernorm_backward",
        ("D = xhat.shape[1]", "D = xhat.shape[0]"),
        ("dout * xhat, axis=0", "dout * xhat * std, axis=0"),
    ).replace("mask = (np.random.rand(*x.shape) < p) / p", "mask = np.random.rand(*x.shape) < p")
    printed = call("gradcheck", "--module", write(text), "layernorm", "dropout").out
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = re.search(
        r"^\$ bnlab gradcheck --module mylayers.py layernorm dropout\n(.*?)^```", readme, re.MULTILINE | re.DOTALL
    )
    shown = block[1].splitlines()
    assert shown[0].split() == printed.splitlines()[1].split()
    assert shown[shown.index("") :] == ["", *printed.rstrip().splitlines()[-5:]]
    rows = [line.split() for line in printed.splitlines() if re.search("ok|FAILED", line)]
    assert [(row[:2], row[-1]) for row in map(str.split, shown[2:8])] == [(row[:2], row[-1]) for row in rows]
