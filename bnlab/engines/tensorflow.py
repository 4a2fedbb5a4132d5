"""The TensorFlow engine: Keras 3 on TensorFlow, from the very draws that our own nets start from.

Imported in the process that trains alone: a process that has loaded TensorFlow isn't forked. It computes on the processor.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# Read when TensorFlow is loaded: nothing is printed, and no library that sums in another order each time.
os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "KERAS_BACKEND": "tensorflow"})
import keras
import tensorflow as tf

from bnlab.engines.loop import Trained, run
from bnlab.engines.tensorflow_net import Batchnorm, build_net, mask_shapes, training_loss
from bnlab.engines.tensorflow_rules import decay, make_optimizer
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import RunSpec


def version() -> str:
    """The framework and its version."""
    return f"tensorflow {tf.__version__}, keras {keras.__version__}"


def lacks(device: str) -> bool:
    """Whether the engine hasn't got the device."""
    return device != "cpu"


def train(spec: RunSpec, data: Mapping[str, Array], draws: Draws) -> Outcome:
    """Train the run's net. One thread, and algorithms that give the same numbers each time."""
    with repeatable(spec.device, spec.dtype):
        return run(KerasNet(spec, draws), spec, data, draws)


@contextlib.contextmanager
def repeatable(device: str, dtype: str = "float32") -> Iterator[None]:
    """One thread, deterministic algorithms, and Keras's numbers in the run's dtype: its learning rate would be float32."""
    with contextlib.suppress(RuntimeError):  # TensorFlow takes these before it has computed anything alone
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)  # of optimizers
    keras.config.set_dtype_policy(dtype)  # of layers
    try:
        with tf.device("/cpu:0"):
            yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


class KerasNet(Trained):
    """The run's net with its optimizer, in compiled functions."""

    def __init__(self, spec: RunSpec, draws: Draws) -> None:
        self.spec, self.draws = spec, draws
        self.net = build_net(spec, draws)
        self.optimizer = make_optimizer(spec)
        self.optimizer.build(self.net.trainable_variables)
        self._gradients = tf.function(self._gradients_of, reduce_retracing=True)
        self._update = tf.function(lambda gradients: self.optimizer.apply(gradients, self.net.trainable_variables))
        self._scores = tf.function(lambda images: self.net(images, training=False), reduce_retracing=True)

    def step(self, iteration: int, images: Array, labels: Array) -> float:
        shapes = mask_shapes(self.spec.net, len(images))
        uniforms = [tf.constant(self.draws.uniforms(iteration, layer, shape)) for layer, shape in shapes]
        loss, gradients = self._gradients(self._tensor(images), tf.constant(labels), uniforms)
        told = float(loss)
        if math.isfinite(told):
            self._update(gradients)
        return told

    def decay(self, factor: float) -> None:
        decay(self.optimizer, factor)

    def scores(self, images: Array) -> Array:
        found: Array = self._scores(self._tensor(images)).numpy()
        return found

    def finite(self) -> bool:
        return all(np.isfinite(variable.numpy()).all() for variable in self.net.trainable_variables)

    def estimate_population(self, batches: Iterator[Array]) -> None:
        """Averages over the minibatches, by a momentum that weighs all of them the same; then the variance is corrected."""
        norms = [layer for layer in self.net.layers if isinstance(layer, Batchnorm)]
        momenta, values = [norm.momentum for norm in norms], 0
        for seen, images in enumerate(batches):
            for norm in norms:
                norm.momentum = seen / (seen + 1)
            self.net(self._tensor(images), training=False, statistics=True)
            values = len(images) * (math.prod(self.draws.image_shape[1:]) if self.spec.net.model == "cnn" else 1)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.moving_variance.assign(norm.moving_variance * (values / (values - 1)))

    def _gradients_of(self, images: Any, labels: Any, uniforms: list[Any]) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = training_loss(self.net, images, labels, self.spec.net.reg, uniforms)
        return loss, tape.gradient(loss, self.net.trainable_variables)

    def _tensor(self, images: Array) -> Any:
        return tf.constant(images, self.spec.dtype)
