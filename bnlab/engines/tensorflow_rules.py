"""The update rules on Keras: its own optimizers, and with another step where the notebooks add epsilon elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from bnlab.runs.spec import RunSpec


class Momentum(keras.optimizers.SGD):
    """Keras's own momentum, which is the notebooks', with all digits of its setting: Keras takes them to float32 first."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        velocity = self.momentums[self._get_variable_index(variable)]
        velocity.assign(self.momentum * velocity - learning_rate * gradient)
        self.assign_add(variable, velocity)


class NotebookRMSprop(keras.optimizers.RMSprop):
    """Epsilon outside the root; Keras's own stands inside."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        velocity = self._velocities[self._get_variable_index(variable)]
        velocity.assign(self.rho * velocity + (1 - self.rho) * tf.square(gradient))
        self.assign_sub(variable, learning_rate * gradient / (tf.sqrt(velocity) + self.epsilon))


class NotebookAdam(keras.optimizers.Adam):
    """Epsilon beside the corrected root; Keras's own stands beside the root before its correction."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        m, v, t = self._momentums[index], self._velocities[index], tf.cast(self.iterations + 1, variable.dtype)
        m.assign(self.beta_1 * m + (1 - self.beta_1) * gradient)
        v.assign(self.beta_2 * v + (1 - self.beta_2) * tf.square(gradient))
        mhat, vhat = m / (1 - tf.pow(_constant(self.beta_1, t), t)), v / (1 - tf.pow(_constant(self.beta_2, t), t))
        self.assign_sub(variable, learning_rate * mhat / (tf.sqrt(vhat) + self.epsilon))


def _constant(value: float, like: Any) -> Any:
    return tf.constant(value, like.dtype)


OPTIMIZERS: dict[str, Callable[[dict[str, float]], Any]] = {
    "sgd": lambda own: keras.optimizers.SGD(own["learning_rate"]),
    "sgd_momentum": lambda own: Momentum(own["learning_rate"], own["momentum"]),
    "rmsprop": lambda own: NotebookRMSprop(own["learning_rate"], rho=own["decay_rate"], epsilon=own["epsilon"]),
    "adam": lambda own: NotebookAdam(own["learning_rate"], own["beta1"], own["beta2"], own["epsilon"]),
}
"""By update rule, from the rule's settings."""


def make_optimizer(spec: RunSpec) -> Any:
    """The run's update rule."""
    return OPTIMIZERS[spec.solver.update_rule](spec.solver.rule_config)


def decay(optimizer: Any, factor: float) -> None:
    """Multiply its learning rate."""
    optimizer.learning_rate = float(optimizer.learning_rate.numpy()) * factor
