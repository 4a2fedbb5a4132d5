"""The nets: `net.params` by name, `net.loss(X)` for scores, `net.loss(X, y)` for the loss and its gradients."""

from bnlab.nets.convolutional import ThreeLayerConvNet
from bnlab.nets.fully_connected import FullyConnectedNet, TwoLayerNet
from bnlab.nets.net import Net
from bnlab.nets.normalizers import NORMALIZATIONS, SPATIAL_NORMALIZATIONS

__all__ = ["NORMALIZATIONS", "SPATIAL_NORMALIZATIONS", "FullyConnectedNet", "Net", "ThreeLayerConvNet", "TwoLayerNet"]
