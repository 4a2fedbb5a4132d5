"""The nets of a run as Keras's users write them: a model of layers. TensorFlow finds the gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from bnlab.layers.normalization_core import EPS, MOMENTUM
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.spec import ConvNetSpec, NetSpec, RunSpec


class Batchnorm(layers.BatchNormalization):
    """Keras's, with the notebooks' momentum, epsilon and first running variance, which aren't its defaults."""

    def __init__(self) -> None:
        super().__init__(momentum=MOMENTUM, epsilon=EPS, moving_variance_initializer="zeros")

    def call(self, x: Any, training: bool = False) -> Any:
        out = super().call(x, training=training)
        if training and all(side == 1 for side in x.shape[:-1]):  # one value is its own mean; Keras's zero is rounding
            return (x - x) * self.gamma + self.beta
        return out


class FullyConnected(keras.Model):
    """{affine, [normalization], relu, [dropout]} for each hidden layer, then affine."""

    def __init__(self, net: NetSpec, num_classes: int) -> None:
        super().__init__()
        normalize = {
            "none": lambda: None,
            "batchnorm": Batchnorm,
            "layernorm": lambda: layers.LayerNormalization(epsilon=EPS),
        }[net.normalization]
        self.keep_prob = net.keep_prob
        self.affines = [layers.Dense(width) for width in (*net.hidden_dims, num_classes)]
        self.norms = [*filter(None, (normalize() for _ in net.hidden_dims))]

    def call(self, x: Any, training: bool = False, uniforms: Sequence[Any] = (), statistics: bool = False) -> Any:
        """uniforms: for the masks, a tensor per layer. statistics: whether running statistics move while dropout rests."""
        x = tf.reshape(x, (tf.shape(x)[0], math.prod(x.shape[1:])))
        for i, affine in enumerate(self.affines[:-1]):
            x = affine(x)
            if self.norms:
                x = _normalized(self.norms[i], x, training or statistics)
            x = tf.nn.relu(x)
            if training and uniforms:
                x = x * (tf.cast(uniforms[i] < self.keep_prob, x.dtype) / self.keep_prob)
        return self.affines[-1](x)

    def named(self) -> Iterator[tuple[str, Any]]:
        """The variables by our names."""
        for i, affine in enumerate(self.affines, start=1):
            yield from ((f"W{i}", affine.kernel), (f"b{i}", affine.bias))
        for i, norm in enumerate(self.norms, start=1):
            yield from ((f"gamma{i}", norm.gamma), (f"beta{i}", norm.beta))


class Convolutional(keras.Model):
    """conv, [normalization], relu, 2x2 max pool, affine, relu, affine. TensorFlow has the channels last on a processor."""

    def __init__(self, net: ConvNetSpec, num_classes: int) -> None:
        super().__init__()
        normalize = {
            "none": lambda: None,
            "spatial_batchnorm": Batchnorm,
            "spatial_groupnorm": lambda: layers.GroupNormalization(net.num_groups, epsilon=EPS),
        }[net.normalization]
        self.conv = layers.Conv2D(net.num_filters, net.filter_size, padding="same")
        self.norm = normalize()
        self.pool = layers.MaxPooling2D(2)
        self.hidden, self.scores = layers.Dense(net.hidden_dim), layers.Dense(num_classes)

    def call(self, x: Any, training: bool = False, uniforms: Sequence[Any] = (), statistics: bool = False) -> Any:
        x = self.conv(tf.transpose(x, (0, 2, 3, 1)))
        if self.norm is not None:
            x = _normalized(self.norm, x, training or statistics)
        x = tf.transpose(self.pool(tf.nn.relu(x)), (0, 3, 1, 2))  # units in the order of our affine layer
        x = tf.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))
        return self.scores(tf.nn.relu(self.hidden(x)))

    def named(self) -> Iterator[tuple[str, Any]]:
        """The variables by our names."""
        yield from (("W1", self.conv.kernel), ("b1", self.conv.bias))
        if self.norm is not None:
            yield from (("gamma1", self.norm.gamma), ("beta1", self.norm.beta))
        for i, affine in ((2, self.hidden), (3, self.scores)):
            yield from ((f"W{i}", affine.kernel), (f"b{i}", affine.bias))


def _normalized(norm: Any, x: Any, by_batch: bool) -> Any:
    return norm(x, training=by_batch) if isinstance(norm, Batchnorm) else norm(x)


def mask_shapes(net: NetSpec | ConvNetSpec, rows: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Each layer with dropout, from 1, and the shape of its mask for so many rows."""
    widths = getattr(net, "hidden_dims", ())[: net.dropout_layers]
    return ((layer, (rows, width)) for layer, width in enumerate(widths, start=1))


def as_theirs(name: str, array: Array) -> Array:
    """A parameter of ours in Keras's shape: filters have their channels last, gamma and beta one dimension."""
    if array.ndim == 4:
        return array.transpose(2, 3, 1, 0) if name.startswith("W") else array.reshape(-1)
    return array


def as_ours(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    """The way back, for a gradient."""
    return (array.transpose(3, 2, 0, 1) if array.ndim == 4 else array).reshape(shape)


def make_module(net: NetSpec | ConvNetSpec, image: tuple[int, ...], num_classes: int) -> Any:
    """The model of a net, with weights of its own."""
    convolutional = isinstance(net, ConvNetSpec)
    module = Convolutional(net, num_classes) if convolutional else FullyConnected(net, num_classes)  # type: ignore[arg-type]
    module(tf.zeros((2, *image), keras.config.floatx()))
    return module


def build_net(spec: RunSpec, draws: Draws) -> Any:
    """The run's net with its initial weights."""
    module = make_module(spec.net, draws.image_shape, draws.num_classes)
    load_parameters(module, draws.parameters())
    return module


def load_parameters(module: Any, values: Mapping[str, Array]) -> None:
    """Set the parameters of the model to those arrays, by our names."""
    for name, variable in module.named():
        variable.assign(as_theirs(name, values[name]))


def training_loss(module: Any, images: Any, labels: Any, reg: float, uniforms: Sequence[Any] = ()) -> Any:
    """Cross-entropy, and the L2 term of each weight array."""
    scores = module(images, training=True, uniforms=uniforms)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
    if reg:
        weights = (variable for name, variable in module.named() if name.startswith("W"))
        loss += 0.5 * reg * tf.add_n([tf.reduce_sum(tf.square(tf.convert_to_tensor(each))) for each in weights])
    return loss
