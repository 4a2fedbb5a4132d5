"""How a user's file is imported: with its neighbours, as a part of its package, leaving nothing behind."""

import sys

import pytest

import bnlab.layers.affine
from bnlab.homework import ModuleError, check_module
from tests.homework.sources import AFFINE, RELU


def passes(path, *names):
    return all(each.ok for each in check_module(path, names))


UNIMPORTABLE = {
    "syntax": ("def f(:\n", "SyntaxError: ", "(mylayers.py, line 1)"),
    "not written": ("raise NotImplementedError\n", "raises NotImplementedError", "(mylayers.py, line 1)"),
    "exception": ("x = 1\ny = 1 / 0\n", "ZeroDivisionError: division by zero", "(mylayers.py, line 2)"),
    "missing module": ("import nosuchmodule\n", "No module named 'nosuchmodule'", "(mylayers.py, line 1)"),
    "exit": ("import sys\nsys.exit('bye')\n", "SystemExit: bye", "(mylayers.py, line 2)"),
    "no text": ("\0", "can't be imported"),
    "a relative import without a package": ("from .layers import *\n", "ImportError", "put an __init__.py"),
}


@pytest.mark.parametrize("why", UNIMPORTABLE)
def test_a_file_that_cannot_be_imported_is_refused(check, why):
    text, *words = UNIMPORTABLE[why]
    with pytest.raises(ModuleError) as refused:
        check(text)
    assert all(word in str(refused.value) for word in ("mylayers.py", *words))
    assert "\n" not in str(refused.value)


def test_a_path_that_is_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "nosuch.py"):
        with pytest.raises(ModuleError, match=f"{path} is no file: give --module a Python file"):
            check_module(path)


def test_neighbours_can_be_imported(write):
    write("from helpers.numbers import *\n" + AFFINE + "ONE = 1\n", "mine/own_layers.py")
    write("ZERO = 0\n", "mine/helpers/numbers.py")
    assert passes(
        write("import own_layers\nfrom own_layers import *\nassert own_layers.ONE == 1\n", "mine/mylayers.py"), "affine"
    )


def test_a_file_in_a_package_is_imported_as_a_part_of_it(write):
    write("", "cs/__init__.py")
    write(AFFINE + RELU, "cs/layers.py")
    text = "from .layers import *\nfrom cs.layers import affine_forward as same\nassert same is affine_forward\n"
    assert passes(write(text, "cs/mylayers.py"), "affine", "relu")


def test_a_file_of_this_package_is_checked_in_its_place():
    before = sys.modules["bnlab.layers.affine"]
    assert passes(bnlab.layers.affine.__file__, "affine")
    assert sys.modules["bnlab.layers.affine"] is before


def test_nothing_is_left_of_the_file(write, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write("ZERO = 0\n", "neighbour.py")
    before, path = set(sys.modules), list(sys.path)
    assert passes(write("from neighbour import *\n" + AFFINE), "affine")
    assert {file.name for file in tmp_path.rglob("*")} == {"neighbour.py", "mylayers.py"}
    assert {"neighbour", "mylayers"}.isdisjoint(set(sys.modules) - before)
    assert (sys.path, sys.dont_write_bytecode) == (path, False)


def test_two_files_with_neighbours_of_one_name_do_not_meet(write):
    paths = []
    for folder, factor in (("a", 1), ("b", 2)):
        write(f"FACTOR = {factor}\n", f"{folder}/factor.py")
        text = "from factor import FACTOR\n" + AFFINE.replace("+ b,", "+ FACTOR * b,")
        paths.append(write(text, f"{folder}/mylayers.py"))
    assert [passes(path, "affine") for path in (*paths, paths[0])] == [True, False, True]


@pytest.mark.parametrize("name", ["json.py", "numpy.py", "bnlab.py", "my-layers.txt"])
def test_a_file_may_have_any_name(write, name):
    assert passes(write("import numpy as np\nnp.zeros(1)\n" + AFFINE, f"sub/{name}"), "affine")


def test_what_a_file_sets_in_numpy_does_not_reach_the_check(check):
    comparisons = check("import numpy as np\nnp.seterr(all='raise')\n" + RELU, "relu")
    assert all(each.ok for each in comparisons)
