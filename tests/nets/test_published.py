"""The nets against the notebooks' printed numbers: float64, draws from one RandomState(231) stream a line of the printout.

X is randn(2, 15), y is randint(10, size=2), then come the line's nets in order, all with 20 and 30 hidden units.
"""

import numpy as np
import pytest

from bnlab.gradcheck import eval_numerical_gradient, rel_error
from bnlab.nets import FullyConnectedNet


@pytest.fixture
def rng():
    return np.random.RandomState(231)


@pytest.fixture
def batch(rng):
    return rng.randn(2, 15), rng.randint(10, size=2)


def net(rng, **settings):
    settings = {"input_dim": 15, "num_classes": 10, "weight_scale": 5e-2, "dtype": np.float64, **settings}
    return FullyConnectedNet([20, 30], rng=rng, **settings)


def initial_loss(net, batch):
    return float(net.loss(*batch)[0])


def printed(value):
    return pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("normalization", "plain", "regularized"),
    [(None, 2.300479089768492, 7.052114776533016), ("batchnorm", 2.2611955101340957, 6.996533220108303)],
)
def test_initial_losses(normalization, plain, regularized, rng, batch):
    nets = [net(rng, normalization=normalization, reg=reg) for reg in (0, 3.14)]
    assert [initial_loss(each, batch) for each in nets] == [printed(plain), printed(regularized)]


def test_initial_losses_with_dropout(rng, batch):
    """The notebook's dropout reseeded the global stream while it ran its second net, so the third net's weights come from
    that stream: RandomState(123), after the draw for the last dropout layer."""
    reseeded = np.random.RandomState(123)
    reseeded.rand(2, 30)
    losses = [
        initial_loss(net(stream, dropout_keep_ratio=keep, seed=123), batch)
        for keep, stream in [(1, rng), (0.75, rng), (0.5, reseeded)]
    ]
    assert losses == [printed(2.300479089768492), printed(2.302371489704412), printed(2.30427592207859)]


def test_gradients_of_the_batchnorm_nets(rng, batch):
    bounds = {"W1": 1e-3, "W2": 1e-4}
    for each in [net(rng, normalization="batchnorm", reg=reg) for reg in (0, 3.14)]:
        _, grads = each.loss(*batch)
        for name, array in each.params.items():
            numeric = eval_numerical_gradient(lambda _, each=each: each.loss(*batch)[0], array, verbose=False, h=1e-5)
            if name in ("b1", "b2"):  # under batchnorm: the true gradient is 0
                assert np.abs(grads[name]).max() <= 1e-10
            else:
                assert rel_error(numeric, grads[name]) <= bounds.get(name, 1e-6), name
