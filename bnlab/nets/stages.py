"""The stages a net is a list of: each calls one pair of layer functions with the net's named parameters.

`forward(x, params, mode) -> (out, cache)` and `backward(dout, cache, grads) -> dx`, which also writes the gradients of the
stage's own parameters into the named arrays of `grads`. A stage keeps the layer's param dict (running statistics, where a
mask comes from). mode is 'train', 'test', or 'statistics': as at test time, but for normalizations, which move their
running statistics as in training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnlab.layers.activations import relu_backward, relu_forward
from bnlab.layers.affine import affine_forward, affine_input_gradient, affine_parameter_gradients
from bnlab.layers.convolution import conv_forward, conv_parameter_gradients
from bnlab.layers.dropout import dropout_backward, dropout_forward
from bnlab.layers.pooling import max_pool_backward, max_pool_forward
from bnlab.layers.types import Array, Param
from bnlab.nets.normalizers import Normalizer

Arrays = Mapping[str, Array]


class Stage:
    """A layer in its place in a net. The base class is one without parameters or state."""

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        raise NotImplementedError

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array | None:
        raise NotImplementedError


class Affine(Stage):
    """The affine layer with weights and biases of the given names."""

    def __init__(self, w: str, b: str) -> None:
        self.w, self.b = w, b

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return affine_forward(x, params[self.w], params[self.b])

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array | None:
        affine_parameter_gradients(dout, cache, grads[self.w], grads[self.b])
        return affine_input_gradient(dout, cache)


class FirstAffine(Affine):
    """An affine layer on the images themselves: nobody asks for their gradient, which would cost a third of the step."""

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> None:
        affine_parameter_gradients(dout, cache, grads[self.w], grads[self.b])


class FirstConvolution(Stage):
    """A convolution of the images themselves, whose gradient nobody asks for."""

    def __init__(self, w: str, b: str, param: Param) -> None:
        self.w, self.b, self.param = w, b, param

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return conv_forward(x, params[self.w], params[self.b], self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> None:
        conv_parameter_gradients(dout, cache, grads[self.w], grads[self.b])


class MaxPool(Stage):
    def __init__(self, param: Param) -> None:
        self.param = param

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return max_pool_forward(x, self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        return max_pool_backward(dout, cache)


class Normalization(Stage):
    """A normalization with its own param dict in `param`. num_groups: for one that takes groups."""

    def __init__(self, normalizer: Normalizer, gamma: str, beta: str, num_groups: int | None = None) -> None:
        self.normalizer, self.gamma, self.beta = normalizer, gamma, beta
        self.groups = (num_groups,) if normalizer.grouped else ()
        self.param: Param = {"mode": "train"}

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        self.param["mode"] = "test" if mode == "test" else "train"
        return self.normalizer.forward(x, params[self.gamma], params[self.beta], *self.groups, self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        dx, grads[self.gamma][...], grads[self.beta][...] = self.normalizer.backward(dout, cache)
        return dx


class Relu(Stage):
    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return relu_forward(x)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        return relu_backward(dout, cache)


class Dropout(Stage):
    """Inverted dropout; all dropout stages of a net share one param dict, and so one stream of masks."""

    def __init__(self, param: Param) -> None:
        self.param = param

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        self.param["mode"] = "train" if mode == "train" else "test"
        return dropout_forward(x, self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        return dropout_backward(dout, cache)
