"""The stages of a net. Each calls one pair of layer functions with the net's named parameters.

`forward(x, params, mode) -> (out, cache)` and `backward(dout, cache, grads) -> dx`, which also writes the gradients of the
stage's own parameters into the named arrays of `grads`. A stage keeps the layer's param dict (running statistics, the
source of the masks). mode is 'train', 'test', or 'statistics': as 'test', except that normalizations work as in training
and move their running statistics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bnlab.layers.activations import relu_backward, relu_forward
from bnlab.layers.affine import affine_forward, affine_input_gradient, affine_parameter_gradients
from bnlab.layers.convolution import conv_forward, conv_parameter_gradients
from bnlab.layers.dropout import dropout_backward, dropout_forward
from bnlab.layers.pooling import max_pool_backward, max_pool_forward
from bnlab.layers.types import Array, Param
from bnlab.nets.normalizers import Normalizer
from bnlab.nets.sources import or_global

Arrays = Mapping[str, Array]


class Stage:
    """A layer in its place in a net. The base class is one without parameters or state.

    kind: what layer it is; weighted: whether it has a weight array, and so begins a layer of the net. The net gives it
    layer, the number of the layer of the net that it belongs to, from 1, and name, which is the kind and that number.
    """

    kind = "stage"
    name = ""
    layer = 0
    weighted = False

    @property
    def source(self) -> Any:
        """Where its random numbers come from; None if it draws none."""
        return None

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        raise NotImplementedError

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array | None:
        raise NotImplementedError


class Affine(Stage):
    """The affine layer with weights and biases of the given names."""

    kind, weighted = "affine", True

    def __init__(self, w: str, b: str) -> None:
        self.w, self.b = w, b

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return affine_forward(x, params[self.w], params[self.b])

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array | None:
        affine_parameter_gradients(dout, cache, grads[self.w], grads[self.b])
        return affine_input_gradient(dout, cache)


class FirstAffine(Affine):
    """An affine layer on the images themselves. Nobody needs their gradient, which would cost a third of the step."""

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> None:
        affine_parameter_gradients(dout, cache, grads[self.w], grads[self.b])


class FirstConvolution(Stage):
    """A convolution of the images themselves. Nobody needs their gradient."""

    kind, weighted = "conv", True

    def __init__(self, w: str, b: str, param: Param) -> None:
        self.w, self.b, self.param = w, b, param

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return conv_forward(x, params[self.w], params[self.b], self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> None:
        conv_parameter_gradients(dout, cache, grads[self.w], grads[self.b])


class MaxPool(Stage):
    """Max pooling with the given param dict."""

    kind = "max_pool"

    def __init__(self, param: Param) -> None:
        self.param = param

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return max_pool_forward(x, self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        return max_pool_backward(dout, cache)


class Normalization(Stage):
    """A normalization with its own param dict in `param`. kind: its name in its table; num_groups: if it takes groups;
    convention: of running statistics."""

    def __init__(
        self,
        kind: str,
        normalizer: Normalizer,
        gamma: str,
        beta: str,
        num_groups: int | None = None,
        convention: str = "notebook",
    ) -> None:
        self.kind, self.normalizer, self.gamma, self.beta = kind, normalizer, gamma, beta
        self.groups = (num_groups,) if normalizer.grouped else ()
        self.param: Param = {"mode": "train"}
        if normalizer.running and convention != "notebook":
            self.param["convention"] = convention

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        self.param["mode"] = "test" if mode == "test" else "train"
        return self.normalizer.forward(x, params[self.gamma], params[self.beta], *self.groups, self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        dx, grads[self.gamma][...], grads[self.beta][...] = self.normalizer.backward(dout, cache)
        return dx


class Relu(Stage):
    """The relu layer."""

    kind = "relu"

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        return relu_forward(x)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        return relu_backward(dout, cache)


class Dropout(Stage):
    """Inverted dropout. All dropout stages of a net share one param dict, and so one source of masks."""

    kind = "dropout"

    def __init__(self, param: Param) -> None:
        self.param = param

    @property
    def source(self) -> Any:
        """Where its masks come from; None if a seed makes them the same at each call."""
        return or_global(self.param.get("rng")) if self.param.get("seed") is None else None

    def forward(self, x: Array, params: Arrays, mode: str) -> tuple[Array, Any]:
        self.param["mode"] = "train" if mode == "train" else "test"
        return dropout_forward(x, self.param)

    def backward(self, dout: Array, cache: Any, grads: Arrays) -> Array:
        return dropout_backward(dout, cache)


def name_stages(stages: Sequence[Stage]) -> None:
    """Name each stage by its kind and by the number of its layer: affine1, batchnorm1, relu1, affine2, … A layer begins at
    each stage with weights, so that W2 and b2 belong to affine2. A name that is taken gets a further letter."""
    layer, names = 0, set[str]()
    for stage in stages:
        layer += stage.weighted
        stage.layer, stage.name = layer, f"{stage.kind}{layer}"
        while stage.name in names:
            stage.name += "b"
        names.add(stage.name)
