"""The nets: `net.params` by name, `net.loss(X)` for scores, `net.loss(X, y)` for the loss and its gradients."""

from bnlab.nets.fully_connected import FullyConnectedNet, TwoLayerNet
from bnlab.nets.net import Net
from bnlab.nets.stages import NORMALIZATIONS

__all__ = ["NORMALIZATIONS", "FullyConnectedNet", "Net", "TwoLayerNet"]
