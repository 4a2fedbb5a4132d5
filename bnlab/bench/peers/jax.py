"""The sweep in JAX with Optax: a whole training is one compiled program, a scan over epochs and, in it, over minibatches.

A program serves all weight scales of a kind of net. Each process gets one block of the runs, so that with two processes
each compiles one program; handed out in smaller blocks both compile both, which takes longer. XLA gets one thread per
process.
"""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import optax

from bnlab.bench.peers.task import SEED, Reached, Task, images, in_processes, print_best, read_task

MOMENTUM, EPS = 0.9, 1e-5
Program = Callable[[float], tuple[Any, tuple[Any, Any, Any]]]


def initial(key: Any, widths: tuple[int, ...], normalized: bool, scale: Any) -> list[dict[str, Any]]:
    """The parameters of each layer."""
    layers = []
    for i, (inputs, outputs) in enumerate(pairwise(widths), start=2):
        key, own = jax.random.split(key)
        layer = {"w": scale * jax.random.normal(own, (inputs, outputs)), "b": jnp.zeros(outputs)}
        if normalized and i < len(widths):
            layer |= {"gamma": jnp.ones(outputs), "beta": jnp.zeros(outputs)}
        layers.append(layer)
    return layers


def forward(layers: list[dict[str, Any]], running: list[Any], x: Any, training: bool) -> tuple[Any, list[Any]]:
    """The scores, and the running statistics as they are afterwards."""
    moved = []
    for layer, statistics in zip(layers[:-1], running or [None] * len(layers), strict=False):
        x = x @ layer["w"] + layer["b"]
        if "gamma" in layer:
            used = (x.mean(axis=0), x.var(axis=0)) if training else statistics
            moved.append([MOMENTUM * old + (1 - MOMENTUM) * new for old, new in zip(statistics, used, strict=True)])
            x = layer["gamma"] * (x - used[0]) * jax.lax.rsqrt(used[1] + EPS) + layer["beta"]
        x = jax.nn.relu(x)
    return x @ layers[-1]["w"] + layers[-1]["b"], moved


@lru_cache
def compiled(path: str, widths: tuple[int, ...], batch_size: int, num_epochs: int, rate: float, kind: str) -> Program:
    """A training as a function of the weight scale: the accuracies after each epoch, on training and validation images."""
    X, y, X_val, y_val = (jnp.asarray(array) for array in images(path).values())
    adam = optax.adam(rate)
    widths = (X.shape[1], *widths, 10)

    def loss(layers: Any, running: Any, rows: Any, labels: Any) -> Any:
        scores, moved = forward(layers, running, rows, training=True)
        return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean(), moved

    def step(state: Any, key: Any) -> Any:
        layers, running, moments = state
        picked = jax.random.randint(key, (batch_size,), 0, len(X))
        (value, running), gradients = jax.value_and_grad(loss, has_aux=True)(layers, running, X[picked], y[picked])
        updates, moments = adam.update(gradients, moments, layers)
        return (optax.apply_updates(layers, updates), running, moments), value

    def right(layers: Any, running: Any, rows: Any, labels: Any) -> Any:
        return (forward(layers, running, rows, training=False)[0].argmax(axis=1) == labels).mean()

    def epoch(state: Any, key: Any) -> Any:
        state, losses = jax.lax.scan(step, state, jax.random.split(key, len(X) // batch_size))
        layers, running, _ = state
        return state, (losses, right(layers, running, X, y), right(layers, running, X_val, y_val))

    def train(scale: Any) -> Any:
        weights, minibatches = jax.random.split(jax.random.key(SEED))
        layers = initial(weights, widths, kind == "batchnorm", scale)
        running = [[jnp.zeros(width), jnp.zeros(width)] for width in widths[1:-1]] if kind == "batchnorm" else []
        state = (layers, running, adam.init(layers))
        return jax.lax.scan(epoch, state, jax.random.split(minibatches, num_epochs))

    program: Program = jax.jit(train)
    return program


def train(task: Task, normalization: str, scale: float) -> Reached:
    """Train one net."""
    numbers = (task["batch_size"], task["num_epochs"], task["learning_rate"])
    program = compiled(task["images"], tuple(task["hidden_dims"]), *numbers, normalization)
    _, (_, train_acc, val_acc) = program(scale)
    return float(train_acc.max()), float(val_acc.max())


if __name__ == "__main__":
    task = read_task()
    print_best(task, in_processes(train, task, "spawn", in_blocks=True))
