"""A small net that many tests build."""

import numpy as np
import pytest

from bnlab.nets import FullyConnectedNet

every_kind = pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])


def small(**settings):
    """Two hidden layers, in float64, on images of 2x3 and 4 classes; weights large enough for all to matter."""
    settings = {
        "hidden_dims": [5, 7],
        "weight_scale": 0.5,
        "dtype": np.float64,
        "rng": np.random.RandomState(1),
        **settings,
    }
    return FullyConnectedNet(input_dim=6, num_classes=4, **settings)
