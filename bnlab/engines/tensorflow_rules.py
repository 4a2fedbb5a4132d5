"""The update rules on Keras: its own optimizers, and with another step where the notebooks add epsilon elsewhere."""

from __future__ import annotations

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


def make_optimizer(spec: RunSpec) -> Any:
    """The run's update rule."""
    settings = spec.solver.rule_config
    lr, rule = settings["learning_rate"], spec.solver.update_rule
    if rule == "sgd":
        return keras.optimizers.SGD(lr)
    if rule == "sgd_momentum":
        return Momentum(lr, settings["momentum"])
    if rule == "rmsprop":
        return NotebookRMSprop(lr, rho=settings["decay_rate"], epsilon=settings["epsilon"])
    if rule == "adam":
        return NotebookAdam(lr, settings["beta1"], settings["beta2"], settings["epsilon"])
    raise ValueError(f"solver.update_rule: the tensorflow engine has no {rule}: it has sgd, sgd_momentum, rmsprop and adam")
