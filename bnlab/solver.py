"""The training loop: minibatches drawn with replacement, accuracy checks, and the best parameters kept.

An epoch is `max(num_train // batch_size, 1)` minibatches. Accuracy is checked after the first iteration, at each epoch's
end and after the last iteration. At each check the parameters of the best validation accuracy so far are kept together
with the running statistics that belong to them, and the model ends up with those. A loss that is no longer finite ends
the training at once.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets.notebook_model import adapt
from bnlab.optim import RULES

STATISTICS = ("running", "population")


def best_check(val_acc_history: Sequence[float], diverged: bool) -> int | None:
    """The index of the check with the highest validation accuracy, the first on a tie; None if no check counts.

    diverged: the last check was made of a net that had diverged, and doesn't count.
    """
    counted = val_acc_history[: len(val_acc_history) - diverged]
    return max(range(len(counted)), key=counted.__getitem__) if counted else None


class Solver:
    """Trains a model on `data`, a dict of X_train, y_train, X_val, y_val (images (N, …), labels (N,)).

    model: a net of `bnlab.nets`, or any object with a dict `params` and `loss(X, y=None)` as the notebooks have them.
    update_rule: a name from `bnlab.optim.RULES`; optim_config: its settings. lr_decay multiplies the learning rate at each
    epoch's end. num_train_samples, num_val_samples: check accuracy on so many images, drawn with replacement, where there
    are more (None: on all). checkpoint_name: pickle the state at each check to `<name>_epoch_<n>.pkl`. statistics: what
    batchnorm normalizes with at each check, its 'running' averages or the paper's 'population' statistics, estimated anew
    from one epoch's worth of training minibatches. rng: the stream of minibatches, eval_rng: the stream of evaluation;
    without eval_rng evaluation draws from rng, without either both draw from NumPy's global stream.

    After `train()`: loss_history (each iteration), train_acc_history, val_acc_history and check_iterations (each check),
    best_val_acc, best_params, and diverged_at, the iteration (from 1) whose loss was not finite, or None.
    Raises ValueError for an unknown update rule or kind of statistics.
    """

    def __init__(
        self,
        model: Any,
        data: Mapping[str, Array],
        update_rule: str = "sgd",
        optim_config: Mapping[str, Any] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        num_train_samples: int | None = 1000,
        num_val_samples: int | None = None,
        checkpoint_name: str | None = None,
        print_every: int = 10,
        verbose: bool = True,
        statistics: str = "running",
        rng: Any = None,
        eval_rng: Any = None,
    ) -> None:
        _check_choice("update_rule", update_rule, RULES)
        _check_choice("statistics", statistics, STATISTICS)
        self.model = model
        self.X_train, self.y_train = data["X_train"], data["y_train"]
        self.X_val, self.y_val = data["X_val"], data["y_val"]
        self.update_rule, self.optim_config = update_rule, dict(optim_config or {})
        self.lr_decay, self.batch_size, self.num_epochs = lr_decay, batch_size, num_epochs
        self.num_train_samples, self.num_val_samples = num_train_samples, num_val_samples
        self.checkpoint_name, self.print_every, self.verbose = checkpoint_name, print_every, verbose
        self.statistics = statistics
        self.rng = rng or np.random
        self.eval_rng = eval_rng or self.rng
        self._net = adapt(model)
        self._grads = self._net.params.like()
        self._rule, self._rule_config = RULES[update_rule], dict(self.optim_config)
        self.epoch = 0
        self.best_val_acc, self._best = -np.inf, self._net.snapshot()
        self.best_params: dict[str, Array] = {}
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.check_iterations: list[int] = []
        self.diverged_at: int | None = None

    @property
    def iterations_per_epoch(self) -> int:
        """Minibatches an epoch."""
        return max(len(self.X_train) // self.batch_size, 1)

    def train(self) -> None:
        """Run the loop, then put the best parameters and their running statistics back into the model."""
        num_iterations = self.num_epochs * self.iterations_per_epoch
        # A diverging net overflows before its loss does; how it ended is in diverged_at, not on the screen.
        with np.errstate(all="ignore"):
            for t in range(1, num_iterations + 1):
                finite = self._step()
                if self.verbose and self.print_every and (t - 1) % self.print_every == 0:
                    print(f"(Iteration {t} / {num_iterations}) loss: {self.loss_history[-1]:f}")
                if not finite:
                    self.diverged_at = t
                epoch_end = finite and t % self.iterations_per_epoch == 0
                if epoch_end:
                    self.epoch += 1
                    self._rule_config["learning_rate"] *= self.lr_decay
                if t in (1, num_iterations) or epoch_end or not finite:
                    self._check(t)
                if not finite:
                    break
        self._net.restore(self._best)
        self.best_params = self._net.params.arrays()

    def check_accuracy(self, X: Array, y: Array, num_samples: int | None = None, batch_size: int = 100) -> float:
        """The share of images whose highest score is that of their label.

        X: (N, …), y: (N,). num_samples: draw so many with replacement, if N is larger. batch_size: images a pass.
        """
        if num_samples is not None and len(X) > num_samples:
            picked = self.eval_rng.choice(len(X), num_samples)
            X, y = X[picked], y[picked]
        predicted = [
            np.argmax(self._net.scores(X[start : start + batch_size]), axis=1) for start in range(0, len(X), batch_size)
        ]
        return float(np.mean(np.concatenate(predicted) == y))

    def _step(self) -> bool:
        """One minibatch and one update. False if the loss was not finite: then there is nothing to update with."""
        picked = self.rng.choice(len(self.X_train), self.batch_size)
        loss = self._net.loss_and_gradients(self.X_train[picked], self.y_train[picked], self._grads)
        self.loss_history.append(float(loss))
        finite = bool(np.isfinite(loss))
        if finite:
            flat = self._net.params.flat
            self._rule(flat, self._grads.flat, self._rule_config, out=flat)
        return finite

    def _check(self, t: int) -> None:
        """Accuracies after iteration t; keeps the parameters and running statistics if they are the best so far."""
        if self.statistics == "population":
            self._net.estimate_population_statistics(self._statistics_batches())
        batch = self._net.evaluation_batch
        train = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples, batch)
        val = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples, batch)
        self.train_acc_history.append(train)
        self.val_acc_history.append(val)
        self.check_iterations.append(t)
        # What a diverged net scores is chance: it counts only where there is nothing else.
        if val > self.best_val_acc and (self.diverged_at is None or t == 1):
            self.best_val_acc, self._best = val, self._net.snapshot()
        if self.verbose:
            print(f"(Epoch {self.epoch} / {self.num_epochs}) train acc: {train:f}; val_acc: {val:f}")
        if self.checkpoint_name is not None:
            self._write_checkpoint()

    def _statistics_batches(self) -> Iterator[Array]:
        for _ in range(self.iterations_per_epoch):
            yield self.X_train[self.eval_rng.choice(len(self.X_train), self.batch_size)]

    def _write_checkpoint(self) -> None:
        names = "model update_rule lr_decay optim_config batch_size num_train_samples num_val_samples epoch"
        histories = "loss_history train_acc_history val_acc_history"
        with open(f"{self.checkpoint_name}_epoch_{self.epoch}.pkl", "wb") as file:
            pickle.dump({name: getattr(self, name) for name in f"{names} {histories}".split()}, file)


def _check_choice(name: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}: it must be one of {', '.join(allowed)}")
