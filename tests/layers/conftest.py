"""PyTorch as the oracle: outputs and all gradients, in the precision of the inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

TOLERANCES = {np.float32: (1e-4, 1e-5, 1e-6), np.float64: (1e-10, 1e-12, 1e-14)}
"""Relative to the entry, absolute, and relative to the largest entry: a long sum's rounding goes with its largest terms."""


@pytest.fixture
def drawn() -> Callable[..., list[Any]]:
    """Standard normal arrays of these shapes."""
    return _drawn


@pytest.fixture
def close() -> Callable[[Any, Any], None]:
    """Checks our array against PyTorch's: the same dtype, and the same values within its precision."""
    return _close


@pytest.fixture
def compare() -> Callable[..., None]:
    """Checks `theirs(*inputs)` against our output, and its gradients against `gradients_for(dout)`, dout random."""
    torch = pytest.importorskip("torch")

    def compare(theirs: Any, out: Any, gradients_for: Any, inputs: Any) -> None:
        (dout,) = _drawn(out.dtype, out.shape)
        tensors = [torch.tensor(array, requires_grad=True) for array in inputs]
        result = theirs(*tensors)
        result.backward(torch.tensor(dout))
        _close(out, result)
        gradients = gradients_for(dout)
        for gradient, tensor in zip(gradients if isinstance(gradients, tuple) else (gradients,), tensors, strict=True):
            _close(gradient, tensor.grad)

    return compare


def _drawn(dtype: Any, *shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.RandomState(231)
    return [rng.randn(*shape).astype(dtype) for shape in shapes]


def _close(ours: Any, theirs: Any) -> None:
    theirs = theirs.detach().numpy()
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    entry, absolute, largest = TOLERANCES[ours.dtype.type]
    np.testing.assert_allclose(ours, theirs, rtol=entry, atol=max(absolute, largest * np.abs(theirs).max()))
