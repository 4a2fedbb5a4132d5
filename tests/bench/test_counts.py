"""The guard over what a step asks of NumPy."""

import json
import re

import numpy as np
import pytest

from bnlab.bench import counts
from bnlab.bench.counts import CASES, COMMITTED, Counted, grown, main, step_counts
from bnlab.nets.blocks import Block


@pytest.fixture(scope="module")
def found():
    return step_counts()


def test_no_figure_has_grown(found):
    assert grown(found, json.loads(COMMITTED.read_text(encoding="utf-8"))) == []
    assert found.keys() == CASES.keys()


def test_calls_are_counted_with_operators_and_with_arrays_that_come_of_them():
    x = np.ones((3, 4), np.float32).view(Counted)
    Counted.calls = 0
    y = (x @ x.T + 1).sum()
    np.add(np.ones(3), x[:, 0], out=np.empty(3))
    assert (Counted.calls, float(y)) == (4, 45)


def test_functions_that_are_no_ufuncs_are_counted_too():
    x = np.ones((3, 4), np.float32).view(Counted)
    for function in (lambda: np.where(x > 0, x, 0), lambda: np.dot(x, x.T), lambda: np.copyto(np.ones((3, 4)), x)):
        Counted.calls = 0
        made = function()
        assert Counted.calls >= 1
        assert made is None or type(made) is Counted


def test_one_more_call_a_layer_is_seen(found, monkeypatch):
    before = Block._before_product

    def with_more(self, dout, *more):
        for _ in range(6):
            dout *= self.one
        before(self, dout, *more)

    monkeypatch.setattr(Block, "one", np.ones((), np.float32), raising=False)
    monkeypatch.setattr(Block, "_before_product", with_more)
    monkeypatch.setattr(counts, "CASES", {"affine": CASES["affine"]})
    more = step_counts()
    assert more["affine"]["calls"] == found["affine"]["calls"] + 7 * 6
    (problem,) = grown(more, found)
    assert problem.startswith(f"affine: {more['affine']['calls']} calls a step, ")


def test_a_case_without_figures_and_one_that_grew_are_named(found, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(counts, "step_counts", lambda: found)
    committed = {name: dict(figures) for name, figures in found.items() if name != "conv"}
    committed["affine"]["bytes"] //= 2
    path = tmp_path / "step-counts.json"
    path.write_text(json.dumps(committed), encoding="utf-8")
    monkeypatch.setattr(counts, "COMMITTED", path)
    monkeypatch.setattr("sys.argv", ["counts"])
    assert main() == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("conv has no committed figures; if that must be: ")
    # The bytes of two measurements may lie on two sides of a rounding to 1,000.
    assert re.match(r"affine: [\d,]+ bytes a step, 100% more than ", lines[1])
    assert len(lines) == 2
    monkeypatch.setattr("sys.argv", ["counts", "--renew"])
    assert main() == 0
    monkeypatch.setattr("sys.argv", ["counts"])
    assert main() == 0
