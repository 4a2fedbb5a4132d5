"""The training loop: minibatches drawn with replacement, accuracy checks, and the best parameters kept.

An epoch is `max(num_train // batch_size, 1)` minibatches. Accuracy is checked after the first iteration and at the end of
each epoch. A net has diverged if its loss isn't finite, or if a check finds parameters that aren't: then it is checked once
more, and training ends. At the end the net gets back the parameters of its best check (`bnlab.training.best_check`), and
the running statistics that belong to them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bnlab.layers.types import Array
from bnlab.nets.notebook_model import adapt
from bnlab.nets.parameters import Parameters
from bnlab.nets.sources import or_global
from bnlab.optim import CONVENTIONS, RULES
from bnlab.training import Training

STATISTICS = ("running", "population")


class Solver(Training):
    """Trains a model on `data`, a dict of X_train, y_train, X_val, y_val (images (N, …), labels (N,)).

    model: a net of `bnlab.nets`, or any object with a dict `params` and `loss(X, y=None)` as the notebooks have them.
    update_rule: a name from `bnlab.optim.RULES`; optim_config: its settings. lr_decay multiplies the learning rate at the
    end of each epoch. num_train_samples, num_val_samples: check accuracy on so many images, drawn with replacement, if
    there are more (None: on all). checkpoint_name: pickle the progress at each check to `<name>_epoch_<n>.pkl`. statistics:
    what batchnorm normalizes with at each check, its 'running' averages or the paper's 'population' statistics, estimated
    anew from as many training minibatches as an epoch has. rng: the source of minibatches, None for NumPy's global stream;
    eval_rng: the source of evaluation, None for that of minibatches (`bnlab.nets.sources` says what a source is). observer:
    called with the Solver after each check. patience: end the training once so many epochs have passed since the best check
    (None: never). convention: 'notebook' or 'torch', whose form of the update rule it is (`bnlab.optim.CONVENTIONS`).

    `Training` names the counters and histories. Of the last iteration there are also last_picked, the indices of its
    training images, and grads, its gradients by name; for an observer, at each check, last_update, what the update added
    to the parameters by name, or None if there was no update because the loss wasn't finite.
    Raises ValueError for an unknown update rule, kind of statistics or convention.
    """

    def __init__(
        self,
        model: Any,
        data: Mapping[str, Any],
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
        observer: Callable[[Solver], object] | None = None,
        patience: int | None = None,
        convention: str = "notebook",
    ) -> None:
        _check_choice("convention", convention, CONVENTIONS)
        _check_choice("update_rule", update_rule, RULES)
        _check_choice("statistics", statistics, STATISTICS)
        self.convention, self._rule = convention, CONVENTIONS[convention][update_rule]
        self.rng = or_global(rng)
        self.eval_rng = self.rng if eval_rng is None else eval_rng
        self.model, net = model, adapt(model)
        super().__init__(net, [self.rng, self.eval_rng, *net.sources], update_rule, dict(optim_config or {}))
        self.X_train, self.y_train = data["X_train"], data["y_train"]
        self.X_val, self.y_val = data["X_val"], data["y_val"]
        self.optim_config = dict(optim_config or {})
        self.lr_decay, self.batch_size, self.num_epochs = lr_decay, batch_size, num_epochs
        self.num_train_samples, self.num_val_samples = num_train_samples, num_val_samples
        self.checkpoint_name, self.print_every, self.verbose = checkpoint_name, print_every, verbose
        self.statistics, self.observer, self.patience = statistics, observer, patience
        self.grads = self._net.params.like()
        self.last_picked: Array | None = None
        self.last_update: Parameters | None = None

    def __repr__(self) -> str:
        ended = [] if self.diverged_at is None else [f"diverged at {self.diverged_at}"]
        progress = [f"t={self.t} of {self.num_iterations}", *ended, f"best_val_acc={self.best_val_acc:.3f}"]
        return f"Solver({', '.join([repr(self.model), self.update_rule, *progress])})"

    @property
    def iterations_per_epoch(self) -> int:
        """Minibatches per epoch."""
        return max(len(self.X_train) // self.batch_size, 1)

    @property
    def num_iterations(self) -> int:
        """The iterations of a training that doesn't diverge."""
        return self.num_epochs * self.iterations_per_epoch

    @property
    def stopped_early(self) -> bool:
        """Whether `patience` epochs have passed since the best check, and planned ones are left."""
        if self.patience is None or self.best_check is None or self.t >= self.num_iterations:
            return False
        return self.epoch - self.check_iterations[self.best_check] // self.iterations_per_epoch >= self.patience

    def train(self) -> None:
        """Train to the end: `num_epochs` epochs, or until the net diverges or patience runs out."""
        while not self.step():
            pass

    def step(self) -> bool:
        """One iteration: a minibatch, an update, and a check where one is due. Says whether training is over.

        At the end the best parameters and their running statistics are put back into the model.
        """
        if not self._over():
            # A diverging net overflows before its loss does. How it ended is in diverged_at, not on the screen.
            with np.errstate(all="ignore"):
                self._iterate()
        if self._over():
            self._net.restore(self.best)
        return self._over()

    def check_accuracy(self, X: Array, y: Array, num_samples: int | None = None, batch_size: int = 100) -> float:
        """The share of images whose highest score is that of their label.

        X: (N, …), y: (N,). num_samples: draw so many with replacement, if N is larger. batch_size: how many images go
        through at once. Raises ValueError if there are no images.
        """
        if not len(X):
            raise ValueError("there are no images to check accuracy on: give at least one")
        if X.dtype.kind == "u" and self.X_train.dtype.kind == "f":
            raise ValueError(
                f"these are images of {X.dtype}, and the net was trained on centred ones: take X_test from the arrays() of "
                "the data set, or subtract the mean image"
            )
        picked = None
        if num_samples is not None and len(X) > num_samples:
            picked = self.eval_rng.choice(len(X), num_samples)
        count = len(X) if picked is None else len(picked)
        batches = [slice(start, start + batch_size) for start in range(0, count, batch_size)]
        # Images are gathered batch by batch: all that are picked at once may be as large as the data set.
        rows = batches if picked is None else [picked[batch] for batch in batches]
        predicted = [np.argmax(self._net.scores(X[each]), axis=1) for each in rows]
        return float(np.mean(np.concatenate(predicted) == (y if picked is None else y[picked])))

    def _kind(self) -> dict[str, Any]:
        per_epoch = {"batch_size": self.batch_size, "training images": len(self.X_train)}
        others = {} if self.convention == "notebook" else {"convention": self.convention}
        return {**super()._kind(), **per_epoch, "statistics": self.statistics, **others}

    def _over(self) -> bool:
        return self.t >= self.num_iterations or self.diverged_at is not None or self.stopped_early

    def _iterate(self) -> None:
        self.t += 1
        ends_epoch = self.t % self.iterations_per_epoch == 0
        due = ends_epoch or self.t == 1
        finite = self._update(watched=due and self.observer is not None)
        if self.verbose and self.print_every and (self.t - 1) % self.print_every == 0:
            print(f"(Iteration {self.t} / {self.num_iterations}) loss: {self.loss_history[-1]:f}")
        # What overflowed in an update can hide from all later losses: a bias of minus infinity just makes a dead unit.
        if not finite or (due and not np.isfinite(self._net.params.flat).all()):
            self.diverged_at = self.t
        elif ends_epoch:
            self.epoch += 1
            self.rule_config["learning_rate"] *= self.lr_decay
        if due or not finite:
            self._check()

    def _update(self, watched: bool) -> bool:
        """One minibatch and one update. False if the loss wasn't finite: then there is nothing to update with."""
        self.last_picked, self.last_update = self.rng.choice(len(self.X_train), self.batch_size), None
        loss = self._net.loss_and_gradients(self.X_train[self.last_picked], self.y_train[self.last_picked], self.grads)
        self.loss_history.append(float(loss))
        if not np.isfinite(loss):
            return False
        flat = self._net.params.flat
        before = flat.copy() if watched else None
        self._rule(flat, self.grads.flat, self.rule_config, out=flat)
        if before is not None:
            self.last_update = self.grads.like()
            np.subtract(flat, before, out=self.last_update.flat)
        return True

    def _check(self) -> None:
        """Record the accuracies, and keep the parameters and running statistics if they are the best so far."""
        if self.statistics == "population":
            self._net.estimate_population_statistics(self._statistics_batches())
        batch = self._net.evaluation_batch
        train = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples, batch)
        val = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples, batch)
        self.train_acc_history.append(train)
        self.val_acc_history.append(val)
        self.check_iterations.append(self.t)
        if self.best_check == len(self.val_acc_history) - 1:
            self.best = self._net.snapshot()
        if self.verbose:
            print(f"(Epoch {self.epoch} / {self.num_epochs}) train acc: {train:f}; val_acc: {val:f}")
        if self.checkpoint_name is not None:
            self._write_checkpoint()
        if self.observer is not None:
            self.observer(self)

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
