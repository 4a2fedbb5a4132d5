"""The timing of the convolution, on shapes that take no time."""

import sys

import pytest

from bnlab.bench.convolution import Shape, main, rows
from bnlab.errors import BnlabError

SMALL = (Shape((2, 1, 4, 4), (2, 1, 3, 3), 1, 1), Shape((1, 2, 3, 5), (1, 2, 1, 1), 2, 0))


def test_a_row_for_each_shape():
    pytest.importorskip("torch")
    timed = list(rows(SMALL, turns=1))
    assert [row.shape for row in timed] == list(SMALL)
    for row in timed:
        assert min(row.ours, row.torch, row.loops) > 0
        assert row.to_torch == row.ours / row.torch
        assert row.to_loops == row.loops / row.ours


def test_printed_one_line_for_each(capsys):
    pytest.importorskip("torch")
    main(SMALL, turns=1)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["x", "w", "stride", "pad", "ours", "PyTorch", "ratio", "loops", "ratio"]
    for line, shape in zip(lines, SMALL, strict=True):
        assert line.lstrip().startswith(str(shape.x))
        assert len(line) == len(head)


def test_without_pytorch_is_an_error_of_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BnlabError, match=r"^PyTorch isn't installed, and this timing needs it: pip install torch$"):
        next(rows(SMALL))
