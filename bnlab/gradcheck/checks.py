"""The check of one row of the table of cases."""

from __future__ import annotations

import numpy as np

from bnlab.cases import Case, NetCase
from bnlab.gradcheck.comparison import Comparison, compare_gradient
from bnlab.gradcheck.slopes import slopes


def check(case: Case | NetCase, seed: int = 231) -> list[Comparison]:
    """A comparison for each gradient of the case, on float64 inputs and a random upstream gradient from the seed."""
    rng = np.random.RandomState(seed)
    inputs = case.inputs(rng, np.dtype(np.float64))
    dout, gradients = case.gradients(inputs, rng)
    return [
        compare_gradient(
            Comparison(case.name, gradient=name, zero=name in case.zero),
            gradient,
            *slopes(lambda: case.forward(inputs), inputs[name], dout),
        )
        for name, gradient in gradients.items()
    ]
