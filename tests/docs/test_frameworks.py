"""docs/frameworks.md: that the code it shows is the code, and that all of that code computes the same study."""

import importlib.util
import re
import sys

import pytest

from bnlab import engines
from bnlab.engines import installed
from tests.docs.quotes import ROOT, quotes_of, stands_in_its_file

FOLDER = ROOT / "docs" / "frameworks"
PAGE = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
QUOTES = quotes_of(PAGE)
FILES = {"NumPy": "with_numpy.py", "PyTorch": "with_torch.py", "TensorFlow": "with_tensorflow.py"}
SHORT = ("solver.num_epochs=2", "data.num_train=500")


@pytest.mark.parametrize("quote", QUOTES, ids=range(len(QUOTES)))
def test_a_quote_stands_in_the_file_it_names(quote):
    assert stands_in_its_file(quote)


def test_all_that_the_programs_do_is_quoted():
    quoted = "".join(quote.split("\n", 1)[1] for quote in QUOTES)
    for name in FILES.values():
        code = (FOLDER / name).read_text(encoding="utf-8")
        functions = re.findall(r"^(?:def|class) .*?(?=^\S|\Z)", code, re.MULTILINE | re.DOTALL)
        assert functions
        for function in functions:
            assert function.strip() in quoted, f"{name}: {function.splitlines()[0]}"


def test_each_cell_of_the_table_stands_in_its_file():
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    assert rows[0][1:] == [*FILES]
    assert len(rows) > 6
    for _, *cells in rows[1:]:
        for (framework, name), cell in zip(FILES.items(), cells, strict=True):
            code = " ".join((FOLDER / name).read_text(encoding="utf-8").split())
            for quoted in re.findall(r"`([^`]*)`", cell):
                assert quoted in code, f"{framework}: {quoted}"


def loaded(name, monkeypatch):
    """A program of the page, as a module."""
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location(f"frameworks_{name}", FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def run():
    return importlib_study().batchnorm_study(*SHORT)


def importlib_study():
    spec = importlib.util.spec_from_file_location("frameworks_study", FOLDER / "study.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def expected(run):
    """The losses that the run has in `bnlab compare`."""
    return engines.train(run, importlib_study().Numbers(run).data).loss_history


def agrees(losses, expected):
    assert len(losses) == len(expected) == 20
    assert losses == pytest.approx(expected, rel=1e-10)


def test_numpy(run, expected, monkeypatch):
    agrees(loaded("with_numpy", monkeypatch).train(importlib_study().Numbers(run)), expected)


@pytest.mark.skipif(not installed("torch"), reason="PyTorch isn't installed")
@pytest.mark.parametrize("form", ["bare_functions", "sequential", "module"])
def test_pytorch(form, run, expected, monkeypatch):
    agrees(getattr(loaded("with_torch", monkeypatch), form)(importlib_study().Numbers(run)), expected)


@pytest.mark.skipif(not installed("tensorflow"), reason="TensorFlow isn't installed")
def test_tensorflow(run, expected, monkeypatch):
    with engines.module("tensorflow").repeatable("cpu", "float64"):
        agrees(loaded("with_tensorflow", monkeypatch).train(importlib_study().Numbers(run)), expected)
