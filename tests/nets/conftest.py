"""A minibatch for the small net."""

import numpy as np
import pytest


@pytest.fixture
def batch():
    rng = np.random.RandomState(231)
    return rng.randn(5, 2, 3), rng.randint(4, size=5)
