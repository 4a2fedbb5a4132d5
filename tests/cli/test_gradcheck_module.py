"""`bnlab gradcheck --module`: a user's own file, right, unfinished, broken or unruly."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from bnlab.cases import FUNCTION_CASES

SOURCE = (Path(__file__).parents[1] / "homework" / "notebook_layers.py").read_text(encoding="utf-8")
AFFINE = """
def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)
"""
RELU = """
def relu_forward(x):
    return x * (x > 0), x > 0

def relu_backward(dout, cache):
    return dout * cache
"""
RELU_OUT, RELU_DX = "return x * (x > 0), x > 0", "return dout * cache"


@pytest.fixture
def write(tmp_path):
    def write(text, name="mylayers.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    return write


def findings(done):
    return [line for line in done.out.splitlines() if re.match(r"\w+(, \w+)?: |Missing|Not ", line)]


def summary(done):
    return re.search(r"^mylayers.py: .*", done.out, re.MULTILINE)[0]


def rows(document, function):
    return [row for row in document if row["function"] == function]


def test_a_correct_file_of_the_notebooks_functions_passes_whole(run, write):
    done = run("gradcheck", "--module", write(SOURCE))
    assert (done.status, done.err) == (0, "")
    assert "FAILED" not in done.out
    assert findings(done) == []
    names = re.findall(r"^def (\w+)\(", SOURCE, re.MULTILINE)
    assert summary(done) == f"mylayers.py: {len(names)} functions checked, 0 failed, 0 skipped"


def test_a_correct_file_passes_at_another_seed_too(call, write):
    document = call("gradcheck", "--module", write(SOURCE), "--seed", 7, "--json").json
    assert [row for row in document if row["ok"] is not True] == []


def test_our_own_layers_pass(call, write):
    done = call("gradcheck", "--module", write("from bnlab.layers import *"))
    assert done.status == 0
    assert findings(done) == []


def test_a_file_of_this_package_is_checked_as_it_lies_there(call):
    import bnlab.layers.affine as affine

    done = call("gradcheck", "--module", Path(affine.__file__), "affine", "--json")
    assert [row["ok"] for row in done.json] == [True] * 4
    assert sys.modules["bnlab.layers.affine"] is affine


def test_json_says_all_of_each_array(call, write):
    document = call("gradcheck", "--module", write(SOURCE), "batchnorm", "--json").json
    assert [(row["function"], row["value"], row["gradient"]) for row in document] == [
        ("batchnorm_forward", "out", None),
        ("batchnorm_forward", "running_mean", None),
        ("batchnorm_forward", "running_var", None),
        ("batchnorm_backward", None, "x"),
        ("batchnorm_backward", None, "gamma"),
        ("batchnorm_backward", None, "beta"),
        ("batchnorm_forward", "out", None),
        ("batchnorm_forward", "running_mean", None),
        ("batchnorm_forward", "running_var", None),
        ("batchnorm_backward", "dx", None),
    ]
    keys = "case gradient value error index analytic numeric zero kinks entries function problem slip note skipped ok"
    assert all(list(row) == keys.split() for row in document)
    assert all(
        row["ok"] and row["entries"] in (5, 20) and row["analytic"] == pytest.approx(row["numeric"]) for row in document
    )


def test_only_the_layers_named_are_checked_each_once(call, write):
    document = call("gradcheck", "--module", write(SOURCE), "relu", "affine", "relu", "--json").json
    assert list(dict.fromkeys(row["case"] for row in document)) == ["relu", "relu at 0", "affine"]
    assert len(rows(document, "relu_forward")) == 1


def test_what_is_missing_is_listed_and_fails_only_what_was_asked_for(call, write):
    name = write(AFFINE)
    done = call("gradcheck", "--module", name)
    assert done.status == 0
    assert summary(done) == "mylayers.py: 2 functions checked, 0 failed, 31 skipped"
    [missing] = findings(done)
    assert missing.startswith("Missing: relu_forward, relu_backward, batchnorm_forward, ")
    done = call("gradcheck", "--module", name, "affine", "relu")
    assert done.status == 1
    assert findings(done) == ["relu_forward: missing", "relu_backward: missing"]
    assert call("gradcheck", "--module", name, "affine").status == 0


def test_a_missing_function_may_be_misspelt(call, write):
    done = call("gradcheck", "--module", write(AFFINE.replace("affine_backward", "affin_backward")), "affine")
    assert done.status == 1
    assert findings(done) == ["affine_backward: missing; did you mean affin_backward?"]


STUBS = """
def affine_forward(x, w, b):
    out = None
    return out, (x, w, b)

def affine_backward(dout, cache):
    return None, None, None

def relu_forward(x):
    raise NotImplementedError

def softmax_loss(x, y):
    return None, None

def svm_loss(x, y):
    pass
"""


def test_stubs_are_not_written_yet(call, write):
    done = call(
        "gradcheck", "--module", write(STUBS + RELU.replace("relu", "dropout").replace("(x)", "(x, dropout_param)"))
    )
    assert "Not written yet: affine_forward, relu_forward, softmax_loss, svm_loss" in findings(done)
    assert "Not checked before its forward pass: affine_backward" in findings(done)
    name = write(STUBS)
    assert call("gradcheck", "--module", name).status == 0
    done = call("gradcheck", "--module", name, "affine")
    assert done.status == 1
    assert "affine_forward: not written yet" in findings(done)


FORWARD = {
    "raise ValueError('no\\nway')": "relu_forward: raises ValueError: no way (mylayers.py, line 3)",
    "assert False": "relu_forward: raises AssertionError (mylayers.py, line 3)",
    "exit(3)": "relu_forward: raises SystemExit: 3 (mylayers.py, line 3)",
    "raise type('Own', (BaseException,), {})('me')": "relu_forward: raises Own: me (mylayers.py, line 3)",
    "raise type('Mute', (Exception,), {'__str__': None})": "relu_forward: raises Mute (mylayers.py, line 3)",
    "return helper(x)": "relu_forward: raises NameError: name 'helper' is not defined (mylayers.py, line 3)",
    "return x * (x > 0)": "relu_forward: gives an array of float64, and should give (out, cache)",
    "return x, x, x": "relu_forward: gives a tuple of 3, and should give (out, cache)",
    "return [[1], [2, 3]], x": "relu_forward, out: is a list, and should be an array of shape (4, 2, 3)",
    "return 3, x": "relu_forward, out: has shape (), and should have (4, 2, 3)",
    "return 'out', x": "relu_forward, out: is a str, and should be an array of shape (4, 2, 3)",
    "return x.astype(object), x": "relu_forward, out: is an array of object, and should be an array of shape (4, 2, 3)",
    "return 0 * x[0], x": "relu_forward, out: has shape (2, 3), and should have (4, 2, 3)",
    "return x.astype('float32'), x": "relu_forward, out: is float32 for float64 inputs; keep the dtype of x",
    "x *= x > 0; return x, x > 0": "relu_forward: changes its argument x in place; work on a copy",
    "return x * float('nan'), x > 0": "relu_forward, out: wrong, by no slip that is known here",
    "import numpy; return x * numpy.random.rand(), x": "relu_forward: gives another output for the same input",
}
BACKWARD = {
    "raise KeyError('x')": "relu_backward: raises KeyError: 'x' (mylayers.py, line 6)",
    "dout *= cache; return dout": "relu_backward: changes its argument dout in place; work on a copy",
    "return dout * cache, 1": "relu_backward: gives a tuple of 2, and should give dx",
    "return None": "relu_backward: not written yet",
    "return (dout * cache)[0]": "relu_backward, dx: has shape (2, 3), and should have (4, 2, 3)",
    "return dout * cache + float('inf')": "relu_backward, dx: wrong, by no slip that is known here",
}
FAULTS = [*((RELU_OUT, new, line) for new, line in FORWARD.items()), *((RELU_DX, *each) for each in BACKWARD.items())]


@pytest.mark.parametrize(("right", "wrong", "line"), FAULTS, ids=[fault[1] for fault in FAULTS])
def test_a_fault_is_told_in_one_line_and_the_rest_goes_on(call, write, right, wrong, line):
    name = write(RELU.replace(right, wrong) + AFFINE)
    done = call("gradcheck", "--module", name, "relu", "affine")
    assert (done.status, done.err) == (1, "")
    assert [found for found in findings(done) if found.startswith(line)] != []
    document = call("gradcheck", "--module", name, "relu", "affine", "--json").json
    affine = rows(document, "affine_forward") + rows(document, "affine_backward")
    assert [row["ok"] for row in affine] == [True] * 4
    assert any(row["ok"] is False for row in document)


def test_functions_with_other_arguments(call, write):
    done = call("gradcheck", "--module", write(RELU.replace("relu_forward(x)", "relu_forward(x, y)")), "relu")
    assert "relu_forward: raises TypeError: relu_forward() missing 1 required positional argument: 'y'" in findings(done)


UNIMPORTABLE = {
    "syntax": ("def f(:\n", "SyntaxError: ", "(mylayers.py, line 1)"),
    "not written": ("raise NotImplementedError\n", "raises NotImplementedError", "(mylayers.py, line 1)"),
    "exception": ("x = 1\ny = 1 / 0\n", "ZeroDivisionError: division by zero", "(mylayers.py, line 2)"),
    "missing module": ("import nosuchmodule\n", "No module named 'nosuchmodule'", "(mylayers.py, line 1)"),
    "exit": ("import sys\nsys.exit('bye')\n", "SystemExit: bye", "(mylayers.py, line 2)"),
    "no text": ("\0", "can't be imported"),
    "nothing in it": ("def forward(x): pass\n", "has none of the notebooks' functions", "affine_forward"),
    "a relative import without a package": ("from .layers import *\n", "ImportError", "put an __init__.py"),
}


@pytest.mark.parametrize("why", UNIMPORTABLE)
def test_a_file_that_cannot_be_imported_is_refused(call, write, refused, why):
    text, *words = UNIMPORTABLE[why]
    refused(call("gradcheck", "--module", write(text)), "mylayers.py", *words, made={"mylayers.py"})


def test_files_that_are_none(call, refused, tmp_path):
    refused(call("gradcheck", "--module", "nosuch.py"), "nosuch.py", "no file", "--module")
    refused(call("gradcheck", "--module", tmp_path), str(tmp_path), "no file")


def test_names_that_a_module_is_not_checked_for(call, write, refused):
    name = write(AFFINE)
    refused(call("gradcheck", "--module", name, "TwoLayerNet"), "'TwoLayerNet'", "without --module", made={name})
    refused(call("gradcheck", "--module", name, "afine"), "'afine'", "did you mean affine?", made={name})
    refused(call("gradcheck", "--module", name, "batchnorm", "--steps"), "--steps", "--module", made={name})


NOISY = "print('at import')\n" + AFFINE.replace("return", "print('inside'); return")


def test_what_the_file_prints_stays_out_of_the_results(run, write):
    done = run("gradcheck", "--module", write(NOISY), "--json")
    assert done.status == 0
    assert {row["function"] for row in done.json if row["ok"]} == {"affine_forward", "affine_backward"}
    assert done.err.startswith("at import\ninside\n")


def test_what_other_programs_print_stays_out_too(run, write):
    done = run(
        "gradcheck",
        "--module",
        write(AFFINE.replace("return", "import os; os.system('echo loud'); return", 1)),
        "affine",
        "--json",
    )
    assert done.status == 0
    assert all(row["ok"] for row in done.json)
    assert done.err.startswith("loud\n")


def test_a_forward_pass_that_two_cases_share_is_judged_once(call, write):
    name = write(SOURCE)
    both = call("gradcheck", "--module", name, "batchnorm", "batchnorm_alt", "--json").json
    assert {row["function"] for row in both if row["case"].startswith("batchnorm_alt")} == {"batchnorm_backward_alt"}
    alone = call("gradcheck", "--module", name, "batchnorm_alt", "--json").json
    assert {row["function"] for row in alone} == {"batchnorm_forward", "batchnorm_backward_alt"}


def test_neighbours_can_be_imported(run, write):
    write("from helpers.numbers import *\n" + AFFINE + "ONE = 1\n", "mine/layers.py")
    write("ZERO = 0\n", "mine/helpers/numbers.py")
    write("import layers\nfrom layers import *\nassert layers.ONE == 1\n", "mine/mylayers.py")
    done = run("gradcheck", "--module", "mine/mylayers.py", "affine")
    assert (done.status, done.err) == (0, "")


def test_nothing_is_left_of_the_file(call, write, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write("ZERO = 0\n", "neighbour.py")
    before, path = set(sys.modules), list(sys.path)
    assert call("gradcheck", "--module", write("from neighbour import *\n" + AFFINE), "affine").status == 0
    assert {file.name for file in tmp_path.rglob("*")} == {"neighbour.py", "mylayers.py"}
    assert {"neighbour", "mylayers"}.isdisjoint(set(sys.modules) - before)
    assert (sys.path, sys.dont_write_bytecode) == (path, False)


def test_a_file_in_a_package_is_imported_as_a_part_of_it(run, write):
    write("", "cs/__init__.py")
    write(AFFINE + RELU, "cs/layers.py")
    write(
        "from .layers import *\nfrom cs.layers import affine_forward as same\nassert same is affine_forward\n"
        "def affine_relu_forward(x, w, b):\n    out, fc = affine_forward(x, w, b)\n    out, cache = relu_forward(out)\n"
        "    return out, (fc, cache)\n"
        "def affine_relu_backward(dout, cache):\n    return affine_backward(relu_backward(dout, cache[1]), cache[0])\n",
        "cs/mylayers.py",
    )
    done = run("gradcheck", "--module", "cs/mylayers.py", "affine", "relu", "affine_relu")
    assert (done.status, done.err) == (0, "")
    assert "6 functions checked, 0 failed" in done.out


def test_two_files_with_neighbours_of_one_name_do_not_meet(call, write):
    for folder, factor in (("a", 1), ("b", 2)):
        write(f"FACTOR = {factor}\n", f"{folder}/factor.py")
        write("from factor import FACTOR\n" + AFFINE.replace("+ b,", "+ FACTOR * b,"), f"{folder}/mylayers.py")
    assert call("gradcheck", "--module", "a/mylayers.py", "affine").status == 0
    assert call("gradcheck", "--module", "b/mylayers.py", "affine").status == 1
    assert call("gradcheck", "--module", "a/mylayers.py", "affine").status == 0


@pytest.mark.parametrize("name", ["json.py", "numpy.py", "bnlab.py", "my-layers.txt"])
def test_a_file_may_have_any_name(run, write, name):
    done = run(
        "gradcheck", "--module", write("import numpy as np\nnp.zeros(1)\n" + AFFINE, f"sub/{name}"), "affine", "--json"
    )
    assert (done.status, done.err) == (0, "")
    assert all(row["ok"] for row in done.json)


def test_a_name_ending_in_naive_counts_where_the_plain_one_is_missing(call, write):
    naive = AFFINE.replace("affine_forward", "affine_forward_naive").replace("affine_backward", "affine_backward_naive")
    document = call("gradcheck", "--module", write(naive), "affine", "--json").json
    assert {row["function"] for row in document} == {"affine_forward_naive", "affine_backward_naive"}
    broken = naive.replace("+ b,", "- b,")
    document = call("gradcheck", "--module", write(AFFINE + broken), "affine", "--json").json
    assert all(row["ok"] and not row["function"].endswith("naive") for row in document)


def test_a_wrong_forward_pass_comes_first_and_a_right_gradient_passes(call, write):
    document = call("gradcheck", "--module", write(AFFINE.replace("@ w + b", "@ w - b")), "affine", "--json").json
    assert [(row["value"] or row["gradient"], row["ok"]) for row in document] == [
        ("out", False), ("x", True), ("w", True), ("b", True),
    ]  # fmt: skip


def test_a_gradient_that_follows_from_a_wrong_forward_pass_passes_too(call, write):
    text = AFFINE.replace("@ w + b", "@ w - b").replace("dout.sum(axis=0)", "-dout.sum(axis=0)")
    document = call("gradcheck", "--module", write(text), "affine", "--json").json
    assert [row["ok"] for row in document] == [False, True, True, True]


def test_another_mask_than_the_notebooks_is_as_good(call, write):
    text = SOURCE.replace("np.random.rand(*x.shape) < p", "np.random.permutation(x.size).reshape(x.shape) < p * x.size")
    done = call("gradcheck", "--module", write(text), "dropout")
    assert done.status == 0
    [note] = findings(done)
    assert note.startswith("dropout_forward, out: another mask than RandomState(seed).rand(*x.shape) gives")


def test_what_a_file_sets_in_numpy_does_not_reach_the_check(run, write):
    done = run(
        "gradcheck", "--module", write("import numpy as np\nnp.seterr(all='raise')\n" + SOURCE), "softmax_loss", "relu"
    )
    assert done.status == 0


def test_kinks_are_counted_in_a_users_layer_too(call, write):
    kink = float(FUNCTION_CASES["relu"].inputs(np.random.RandomState(231), np.float64)["x"][1, 0, 2])
    shifted = RELU.replace(RELU_OUT, f"return (x - {kink}) * (x > {kink}), x > {kink}")
    done = call("gradcheck", "--module", write(shifted), "relu")
    assert "1 of 24" in done.out
    document = call("gradcheck", "--module", "mylayers.py", "relu", "--json").json
    [gradient] = [row for row in document if row["gradient"]]
    assert (gradient["kinks"], gradient["entries"], gradient["ok"]) == ([[1, 0, 2]], 24, True)


def spoilt(function, *pairs):
    """The correct file, spoilt in one function."""
    start = SOURCE.index(f"def {function}(")
    end = SOURCE.index("\ndef ", start)
    body = SOURCE[start:end]
    for right, wrong in pairs:
        assert right in body
        body = body.replace(right, wrong)
    return SOURCE[:start] + body + SOURCE[end:]


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
