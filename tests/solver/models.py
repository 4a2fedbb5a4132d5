"""Models and images to train on: a scripted model that tells what the loop asked of it, and small nets of our own."""

import numpy as np

from bnlab.nets import FullyConnectedNet
from bnlab.solver import Solver

N, BATCH, PER_EPOCH = 23, 5, 4


class Scripted:
    """A notebook's model: a dict `params` and `loss(X, y=None)`. Its gradient is always 1, so that sgd at rate 1 makes w
    minus the number of updates. Its losses and its accuracies follow a script, told the number of updates and minibatches.
    """

    def __init__(self, accuracy=lambda t: 0.0, loss=lambda t: 1.0, gradient=lambda t: 1.0):
        self.params = {"w": np.zeros(1)}
        self.accuracy, self.next_loss, self.gradient, self.batches = accuracy, loss, gradient, []

    def loss(self, X, y=None):
        if y is None:  # image X is right, that is class 0, if its one pixel lies under the accuracy
            w = self.params["w"][0]
            right = X[:, 0] < N * self.accuracy(-int(w) if np.isfinite(w) else w)
            return np.column_stack([right, ~right])
        assert not y.any()
        self.batches.append(X[:, 0].tolist())
        return self.next_loss(len(self.batches)), {"w": np.array([self.gradient(len(self.batches))])}


class Remembering(FullyConnectedNet):
    """A net that remembers its minibatches."""

    def loss_and_gradients(self, X, y, grads):
        self.__dict__.setdefault("batches", []).append(X.copy())
        return super().loss_and_gradients(X, y, grads)


def numbered(num_val=10):
    """Images that are their own numbers: validation images spread evenly over the training images' range."""
    val = N * (np.arange(num_val) + 0.5) / num_val
    images = {"X_train": np.arange(N, dtype=float)[:, None], "X_val": val[:, None]}
    return {**images, "y_train": np.zeros(N, int), "y_val": np.zeros(num_val, int)}


def pictures(num_train=40, num_val=50):
    """Random images of 2x3 in 3 classes: no net can do well on the validation set for long."""
    rng = np.random.RandomState(231)
    held = {"X_train": rng.randn(num_train, 2, 3), "y_train": rng.randint(3, size=num_train)}
    return {**held, "X_val": rng.randn(num_val, 2, 3), "y_val": rng.randint(3, size=num_val)}


def scripted(model, held=None, **settings):
    settings = {"optim_config": {"learning_rate": 1.0}, "batch_size": BATCH, "num_epochs": 3, "verbose": False, **settings}
    settings.setdefault("rng", np.random.RandomState(1))
    return Solver(model, held or numbered(), **settings)


def trained(model, held=None, **settings):
    solver = scripted(model, held, **settings)
    solver.train()
    return solver


def net(kind=Remembering, **settings):
    settings = {"normalization": "batchnorm", "weight_scale": 0.5, "rng": np.random.RandomState(2), **settings}
    return kind([8, 8], input_dim=6, num_classes=3, **settings)
