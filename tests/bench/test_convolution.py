"""The timing of the convolution, on shapes that take no time."""

import sys

import numpy as np
import pytest

from bnlab.bench.convolution import SHAPES, Shape, against_loops, against_torch
from bnlab.bench.turns import all_in_turn

SMALL = (Shape((2, 1, 4, 4), (2, 1, 3, 3), 1, 1), Shape((1, 2, 3, 5), (1, 2, 1, 1), 2, 0))


def test_ours_and_pytorchs_give_the_same_gradients():
    pytest.importorskip("torch")
    for work in against_torch(SMALL):
        for ours, theirs in zip(work.ours(), work.theirs(), strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5, atol=1e-5)


def test_ours_and_the_loops_give_the_same_gradients():
    for work in against_loops(SMALL):
        for ours, theirs in zip(work.ours(), work.theirs(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_without_pytorch_ours_is_timed_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    timed = all_in_turn(against_torch(SMALL), rounds=2)
    assert [each.what for each in timed] == [*map(str, SMALL)]
    assert [each.theirs for each in timed] == [None, None]
    assert all(len(each.ours) == 2 and min(each.ours) > 0 for each in timed)


def test_a_shape_in_words():
    assert str(SHAPES[0]) == "conv (100, 3, 31, 31) by (25, 3, 3, 3), stride 2, pad 1"
