"""The sweep as a course notebook solves it: a function forward and one backward for each layer, written after the formulas;
a dict of parameters, updated one by one; accuracy checked 100 images at a time; the images in float64, cast at every call.
The nets are trained one after another in this process.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bnlab.bench.peers.task import SEED, Reached, Task, images, print_best, read_task

Array = Any
Cache = Any


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out, (x, w, b)


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    x, w, _ = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x: Array) -> tuple[Array, Cache]:
    return np.maximum(0, x), x


def relu_backward(dout: Array, cache: Cache) -> Array:
    return dout * (cache > 0)


def batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Cache]:
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if bn_param["mode"] == "test":
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        return gamma * x_hat + beta, None
    mean, var = np.mean(x, axis=0), np.var(x, axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    return gamma * x_hat + beta, (x_hat, gamma, std)


def batchnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    x_hat, gamma, std = cache
    n = dout.shape[0]
    dbeta, dgamma = np.sum(dout, axis=0), np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    dx = (n * dx_hat - np.sum(dx_hat, axis=0) - x_hat * np.sum(dx_hat * x_hat, axis=0)) / (n * std)
    return dx, dgamma, dbeta


def softmax_loss(scores: Array, y: Array) -> tuple[float, Array]:
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    n = scores.shape[0]
    dscores = np.exp(log_probs)
    dscores[np.arange(n), y] -= 1
    return -np.sum(log_probs[np.arange(n), y]) / n, dscores / n


def adam(w: Array, dw: Array, config: dict[str, Any]) -> Array:
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw**2
    m_hat = config["m"] / (1 - config["beta1"] ** config["t"])
    v_hat = config["v"] / (1 - config["beta2"] ** config["t"])
    return w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"])


class FullyConnectedNet:
    """affine, batchnorm if asked for, relu, for each hidden layer; then affine and softmax."""

    def __init__(self, widths: list[int], normalization: str, weight_scale: float) -> None:
        self.normalization, self.num_layers = normalization, len(widths) - 1
        self.params: dict[str, Array] = {}
        for i in range(1, self.num_layers + 1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(widths[i - 1], widths[i])
            self.params[f"b{i}"] = np.zeros(widths[i])
            if normalization == "batchnorm" and i < self.num_layers:
                self.params[f"gamma{i}"], self.params[f"beta{i}"] = np.ones(widths[i]), np.zeros(widths[i])
        self.bn_params: list[dict[str, Any]] = [{"mode": "train"} for _ in range(self.num_layers - 1)]
        for name, value in self.params.items():
            self.params[name] = value.astype(np.float32)

    def loss(self, X: Array, y: Array | None = None) -> Any:
        X = X.astype(np.float32)
        for bn_param in self.bn_params:
            bn_param["mode"] = "test" if y is None else "train"
        out, caches = X, []
        for i in range(1, self.num_layers):
            out, affine_cache = affine_forward(out, self.params[f"W{i}"], self.params[f"b{i}"])
            bn_cache = None
            if self.normalization == "batchnorm":
                gamma, beta = self.params[f"gamma{i}"], self.params[f"beta{i}"]
                out, bn_cache = batchnorm_forward(out, gamma, beta, self.bn_params[i - 1])
            out, relu_cache = relu_forward(out)
            caches.append((affine_cache, bn_cache, relu_cache))
        last = self.num_layers
        scores, cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])
        if y is None:
            return scores
        grads: dict[str, Array] = {}
        loss, dout = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dout, cache)
        for i in range(last - 1, 0, -1):
            affine_cache, bn_cache, relu_cache = caches[i - 1]
            dout = relu_backward(dout, relu_cache)
            if self.normalization == "batchnorm":
                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = batchnorm_backward(dout, bn_cache)
            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, affine_cache)
        return loss, grads


class Solver:
    """The training loop."""

    def __init__(self, model: FullyConnectedNet, data: dict[str, Array], rate: float, batch_size: int, epochs: int) -> None:
        self.model, self.data, self.batch_size, self.num_epochs = model, data, batch_size, epochs
        settings = {"learning_rate": rate, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
        self.optim_configs: dict[str, dict[str, Any]] = {}
        for name, w in model.params.items():
            self.optim_configs[name] = {**settings, "m": np.zeros_like(w), "v": np.zeros_like(w)}
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.best_val_acc = 0.0
        self.best_params: dict[str, Array] = {}

    def step(self) -> None:
        num_train = self.data["X_train"].shape[0]
        batch_mask = np.random.choice(num_train, self.batch_size)
        loss, grads = self.model.loss(self.data["X_train"][batch_mask], self.data["y_train"][batch_mask])
        self.loss_history.append(loss)
        for name, w in self.model.params.items():
            self.model.params[name] = adam(w, grads[name], self.optim_configs[name])

    def check_accuracy(self, X: Array, y: Array, batch_size: int = 100) -> float:
        predicted = []
        for start in range(0, len(X), batch_size):
            scores = self.model.loss(X[start : start + batch_size])
            predicted.append(np.argmax(scores, axis=1))
        return float(np.mean(np.hstack(predicted) == y))

    def train(self) -> None:
        iterations_per_epoch = max(self.data["X_train"].shape[0] // self.batch_size, 1)
        for t in range(self.num_epochs * iterations_per_epoch):
            self.step()
            if t == 0 or (t + 1) % iterations_per_epoch == 0:
                self.train_acc_history.append(self.check_accuracy(self.data["X_train"], self.data["y_train"]))
                self.val_acc_history.append(self.check_accuracy(self.data["X_val"], self.data["y_val"]))
                if self.val_acc_history[-1] > self.best_val_acc:
                    self.best_val_acc = self.val_acc_history[-1]
                    self.best_params = {name: w.copy() for name, w in self.model.params.items()}
        self.model.params = self.best_params or self.model.params


def train(task: Task, normalization: str, scale: float) -> Reached:
    """Train one net."""
    np.random.seed(SEED)
    data = {name: X.astype(np.float64) if name[0] == "X" else X for name, X in images(task["images"]).items()}
    model = FullyConnectedNet([data["X_train"].shape[1], *task["hidden_dims"], 10], normalization, scale)
    solver = Solver(model, data, task["learning_rate"], task["batch_size"], task["num_epochs"])
    with np.errstate(all="ignore"):
        solver.train()
    return max(solver.train_acc_history), max(solver.val_acc_history)


if __name__ == "__main__":
    task = read_task()
    print_best(task, [train(task, *run) for run in task["runs"]])
