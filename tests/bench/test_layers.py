"""What is timed does what it says: ours and PyTorch's compute the same."""

import sys

import numpy as np
import pytest

from bnlab.bench.layers import layer_works, step_works
from bnlab.bench.turns import all_in_turn

SMALL = {"affine": [(4, 6, 3)], "rows": [(5, 4)]}
NAMES = ["affine 4 x 6 to 3", "batchnorm 5 x 4", "layernorm 5 x 4", "dropout 5 x 4"]


def test_ours_and_pytorchs_give_the_same_gradients():
    pytest.importorskip("torch")
    works = layer_works(**SMALL)
    assert [work.what for work in works] == NAMES
    for work in works[:-1]:  # masks are random
        ours, theirs = work.ours(), work.theirs()
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine, other.numpy(), rtol=1e-4, atol=1e-5, err_msg=work.what)


def test_each_is_timed_and_steps_too():
    pytest.importorskip("torch")
    for timed in all_in_turn([*layer_works(**SMALL), *step_works((6, 5, 4, 3), 8)], rounds=1):
        assert len(timed.ours) == len(timed.theirs) == 1
        assert min(*timed.ours, *timed.theirs) > 0


def test_without_pytorch_ours_is_timed_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    timed = all_in_turn([*layer_works(**SMALL), *step_works((6, 5, 4, 3), 8)], rounds=1)
    assert [each.what for each in timed] == [*NAMES, "Adam", "a training step"]
    assert all(each.theirs is None for each in timed)
