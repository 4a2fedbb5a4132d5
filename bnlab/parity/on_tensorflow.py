"""Layers, update rules and nets on TensorFlow and Keras, for comparison with ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bnlab.engines import tensorflow as engine  # first: it says how TensorFlow is to be loaded
from bnlab.engines.tensorflow_net import as_ours, load_parameters, make_module, mask_shapes, training_loss
from bnlab.engines.tensorflow_rules import decay, make_optimizer

import keras  # isort: skip
import tensorflow as tf  # isort: skip

from bnlab.cases.case import LABELS
from bnlab.layers import batchnorm_forward, layernorm_forward
from bnlab.layers.normalization_core import EPS
from bnlab.layers.types import Array, Param
from bnlab.parity import conventions as common
from bnlab.parity.conventions import Convention
from bnlab.parity.numbers import distance
from bnlab.parity.probe import NetProbe, sandwiches
from bnlab.runs.spec import RunSpec

CONVENTIONS = ("notebook",)
"""Those that its engine computes."""


def _affine(x: Any, w: Any, b: Any) -> Any:
    return tf.matmul(tf.reshape(x, (x.shape[0], w.shape[0])), w) + b


def _batchnorm(x: Any, gamma: Any, beta: Any, param: Param) -> Any:
    if param["mode"] == "train":
        mean, variance = tf.nn.moments(x, [0])
    else:
        mean, variance = (tf.cast(param[name], x.dtype) for name in ("running_mean", "running_var"))
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPS)


def _spatial_batchnorm(x: Any, gamma: Any, beta: Any, param: Param) -> Any:
    last = tf.transpose(x, (0, 2, 3, 1))
    rows = tf.reshape(last, (-1, last.shape[-1]))
    return tf.transpose(tf.reshape(_batchnorm(rows, gamma, beta, param), last.shape), (0, 3, 1, 2))


def _layernorm(x: Any, gamma: Any, beta: Any, param: Param) -> Any:
    mean, variance = tf.nn.moments(x, [1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPS)


def _groupnorm(x: Any, gamma: Any, beta: Any, groups: int, param: Param) -> Any:
    n, channels, height, width = x.shape
    grouped = tf.reshape(x, (n, groups, channels // groups, height, width))
    mean, variance = tf.nn.moments(grouped, [2, 3, 4], keepdims=True)
    xhat = tf.nn.batch_normalization(grouped, mean, variance, None, None, EPS)
    return tf.reshape(xhat, x.shape) * gamma + beta


def _dropout(x: Any, param: Param) -> Any:
    if param["mode"] == "test":
        return tf.identity(x)
    kept = np.random.RandomState(param["seed"]).rand(*x.shape) < param["p"]
    return x * (tf.cast(kept, x.dtype) / param["p"])


def _conv(x: Any, w: Any, b: Any, param: Param) -> Any:
    pad = [param["pad"]] * 2
    images, filters = tf.transpose(x, (0, 2, 3, 1)), tf.transpose(w, (2, 3, 1, 0))
    out = tf.nn.conv2d(images, filters, param["stride"], [[0, 0], pad, pad, [0, 0]])
    return tf.transpose(out + b, (0, 3, 1, 2))


def _max_pool(x: Any, param: Param) -> Any:
    size = param["pool_height"], param["pool_width"]
    out = tf.nn.max_pool2d(tf.transpose(x, (0, 2, 3, 1)), size, param["stride"], "VALID")
    return tf.transpose(out, (0, 3, 1, 2))


def _softmax_loss(x: Any) -> Any:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS[: x.shape[0]], x))


def _svm_loss(x: Any) -> Any:
    right = tf.one_hot(LABELS[: x.shape[0]], x.shape[1], dtype=x.dtype)
    margins = tf.nn.relu(x - tf.reduce_sum(x * right, 1, keepdims=True) + 1) * (1 - right)
    return tf.reduce_sum(margins) / x.shape[0]


LAYERS: dict[str, Callable[..., Any]] = {
    "affine": _affine,
    "relu": tf.nn.relu,
    "batchnorm": _batchnorm,
    "batchnorm_alt": _batchnorm,
    "batchnorm_test": _batchnorm,
    "layernorm": _layernorm,
    "dropout": _dropout,
    "dropout_test": _dropout,
    "conv": _conv,
    "max_pool": _max_pool,
    "spatial_batchnorm": _spatial_batchnorm,
    "spatial_batchnorm_test": _spatial_batchnorm,
    "spatial_groupnorm": _groupnorm,
    "softmax_loss": _softmax_loss,
    "svm_loss": _svm_loss,
}
LAYERS |= sandwiches(LAYERS)
"""By the name of the case, each of the case's arguments and what else its forward function takes."""


def layer(name: str, inputs: Mapping[str, Array], extra: Sequence[Any], dout: Array) -> tuple[Array, dict[str, Array]]:
    """The output of a layer, and the gradients by name that dout gives."""
    tensors = {key: tf.constant(array) for key, array in inputs.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        out = LAYERS[name](*tensors.values(), *extra)
    gradients = tape.gradient(out, tensors, tf.cast(dout, out.dtype), unconnected_gradients="zero")
    return out.numpy(), {key: gradient.numpy() for key, gradient in gradients.items()}


def net(probe: NetProbe, inputs: Mapping[str, Array], labels: Array) -> tuple[Array, dict[str, Array]]:
    """The training loss of a net on inputs["x"], and its gradients by the names of the parameters."""
    values = {name: array for name, array in inputs.items() if name != "x"}
    with engine.repeatable("cpu", inputs["x"].dtype.name):
        module = make_module(probe.net, probe.image, probe.num_classes)
        load_parameters(module, values)
        uniforms = [tf.constant(probe.uniforms(*each)) for each in mask_shapes(probe.net, len(labels))]
        with tf.GradientTape() as tape:
            loss = training_loss(module, tf.constant(inputs["x"]), labels, probe.reg, uniforms)
        gradients = tape.gradient(loss, dict(module.named()))
    return loss.numpy(), {name: as_ours(name, each.numpy(), values[name].shape) for name, each in gradients.items()}


def steps(spec: RunSpec, w: Array, gradients: Sequence[Array]) -> list[Array]:
    """The weights after each step of the run's update rule, whose rate decays after each one."""
    with engine.repeatable("cpu", spec.dtype):
        return _steps(make_optimizer(spec), spec, w, gradients)


def _steps(optimizer: Any, spec: RunSpec, w: Array, gradients: Sequence[Array]) -> list[Array]:
    weights, found = keras.Variable(w, dtype=spec.dtype), []
    optimizer.build([weights])
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)])
        decay(optimizer, spec.solver.lr_decay)
        found.append(weights.numpy().copy())
    return found


def conventions() -> Iterator[Convention]:
    """Where Keras, as it is by itself, computes something else."""
    with engine.repeatable("cpu", "float64"):
        yield from _normalizations()
        yield from _rules()
        x = tf.constant(common.tied_images().transpose(0, 2, 3, 1))
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = tf.reduce_sum(tf.nn.max_pool2d(x, 2, 2, "VALID"))
        theirs = tape.gradient(out, x).numpy().transpose(0, 3, 1, 2)
        apart = distance(common.tied_pool(), theirs)
        where = "to the first maximum" if apart == 0 else "to another one"
        yield Convention("Keras", "ties in max pool", "to the first maximum", where, apart, "gradients of equal pixels")


def _normalizations() -> Iterator[Convention]:
    (x,) = common.batches(1)
    x = x / 20  # a spread beside which an epsilon counts
    ones, zeros = np.ones(10), np.zeros(10)
    outputs = {
        "batchnorm": (keras.layers.BatchNormalization(), batchnorm_forward(x, ones, zeros, {"mode": "train"})[0]),
        "layernorm": (keras.layers.LayerNormalization(), layernorm_forward(x, ones, zeros, {})[0]),
    }
    for name, (layer, out) in outputs.items():
        training = {"training": True} if name == "batchnorm" else {}
        apart = distance(out, layer(tf.constant(x), **training).numpy())
        of = "the output, where the variance is about 0.01"
        yield Convention("Keras", f"{name}'s epsilon", "1e-5", f"{layer.epsilon:g}", apart, of)
    own = {"momentum": 0.9}
    rows: tuple[tuple[str, int, dict[str, float], str, str, str], ...] = (
        ("mean", 20, {}, "batchnorm's momentum", "0.9", "0.99"),
        ("variance", 1, own, "the running variance starts at 1", "at 0", "at 1"),
        ("variance", 200, own, "the running variance moves by the uncorrected one", "divided by m", "divided by m"),
    )
    for of, count, momentum, what, own_way, their_way in rows:
        norm = keras.layers.BatchNormalization(**momentum)
        for batch in common.batches(count):
            norm(tf.constant(batch), training=True)
        statistics = {"mean": norm.moving_mean, "variance": norm.moving_variance}
        ours = dict(zip(statistics, common.our_statistics(count, "notebook"), strict=True))
        apart = distance(ours[of], statistics[of].numpy())
        yield Convention("Keras", what, own_way, their_way, apart, f"the running {of} {common.after_batches(count)}")


def _rules() -> Iterator[Convention]:
    for rule, own, ours, theirs in (
        ("rmsprop", keras.optimizers.RMSprop(1e-2, rho=0.99), "1e-8, outside the root", "1e-7, inside the root"),
        ("adam", keras.optimizers.Adam(1e-2), "1e-8, beside the corrected root", "1e-7, beside the root as it is"),
    ):
        spec, w, gradients, of = common.epsilon_steps(rule)
        apart = distance(common.our_last(spec, w, gradients), _steps(own, spec, w, gradients)[-1])
        name = {"rmsprop": "RMSProp", "adam": "Adam"}[rule]
        yield Convention("Keras", f"{name}'s epsilon", ours, theirs, apart, of)
    spec, _, w, gradients = common.momentum_steps()
    apart = distance(common.our_last(spec, w, gradients), _steps(keras.optimizers.SGD(1e-2, 0.9), spec, w, gradients)[-1])
    of = "weights after 50 steps, the rate times 0.97 after each; Keras takes 0.9 to float32"
    yield Convention("Keras", "momentum's learning rate", "in the velocity", "in the velocity", apart, of)
