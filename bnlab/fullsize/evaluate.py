"""A trained net on the test images of its data set: the one place that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from bnlab.data import Dataset, load
from bnlab.errors import DataError, RunError, SettingsError
from bnlab.evidence.binomial import wilson_interval
from bnlab.fullsize.checkpoint import Checkpoint, solver_of
from bnlab.layers.types import Array
from bnlab.solver import Solver


class Mistake(NamedTuple):
    """A test image that the net is wrong about. image: its number, from 0; probability: what the net gives `predicted`."""

    image: int
    label: int
    predicted: int
    probability: float


@dataclass(frozen=True)
class Evaluation:
    """What a net says of test images. labels, predicted and probabilities (of what is predicted): (N,). solver: at the best
    check. dataset: with its test images. classes: their names, in the order of their labels."""

    checkpoint: Checkpoint
    solver: Solver
    dataset: Dataset
    labels: Array
    predicted: Array
    probabilities: Array
    classes: Sequence[str]

    def name_of(self, label: int) -> str:
        """The name of the class with this label."""
        return self.classes[label] if label < len(self.classes) else str(label)

    @property
    def right(self) -> int:
        """How many images the net is right about."""
        return int(np.sum(self.labels == self.predicted))

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy on further images of the same kind."""
        return wilson_interval(self.right, self.count)

    @property
    def num_classes(self) -> int:
        """The classes that the net tells apart, and those of labels."""
        biases: Array = self.solver.model.params[f"b{self.checkpoint.spec.net.num_layers}"]
        return max(biases.size, int(self.labels.max()) + 1)

    @property
    def confusion(self) -> Array:
        """How many images of each class (rows) are taken for each class (columns): int (C, C)."""
        table = np.zeros((self.num_classes, self.num_classes), np.int64)
        np.add.at(table, (self.labels, self.predicted), 1)
        return table

    def surest_mistakes(self, most: int) -> list[Mistake]:
        """The images that the net is wrong about, the surest first; `most` of them."""
        wrong = np.flatnonzero(self.labels != self.predicted)
        order = wrong[np.argsort(-self.probabilities[wrong], kind="stable")][:most]
        facts = zip(order, self.labels[order], self.predicted[order], self.probabilities[order], strict=True)
        return [Mistake(int(i), int(label), int(guess), float(p)) for i, label, guess, p in facts]


def evaluate(checkpoint: Checkpoint, folders: Sequence[Path] = (), classes: Sequence[str] | None = None) -> Evaluation:
    """Read all test images, and see what the net of the best check says of them.

    folders: where data sets that come as files are looked for. classes: their names, if they aren't the data set's own.
    Raises DataError if the images that the net was trained on
    aren't there, since their mean is subtracted, or no test images; StoreError for a checkpoint that can't be right;
    SettingsError for names that don't fit; RunError if memory runs out.
    """
    own = checkpoint.spec.data
    dataset = load(own.dataset, folders, num_train=own.num_train, num_test=None, num_val=own.num_val, size=own.size)
    if dataset.fingerprint != own.fingerprint:
        raise DataError(
            f"{own.dataset}: its files hold other images (fingerprint {dataset.fingerprint}) than the net was trained on "
            f"({own.fingerprint}): name the folder with those by --data-dir"
        )
    data = dataset.lazy_arrays(checkpoint.spec.dtype)
    if "X_test" not in data:
        raise DataError(f"{own.dataset} has no test images: add their files")
    try:
        with threadpool_limits(limits=checkpoint.threads, user_api="blas"), np.errstate(all="ignore"):
            solver = solver_of(checkpoint.spec, data)
            checkpoint.bring(solver)
            solver.model.restore(solver.best)
            predicted, probabilities = _predictions(solver, data["X_test"])
    except MemoryError as error:
        raise RunError(f"memory ran out for the net of {checkpoint.path}: close other programs, and try again") from error
    named = dataset.classes if classes is None else classes
    found = Evaluation(checkpoint, solver, dataset, data["y_test"], predicted, probabilities, named)
    _check_names(found)
    return found


def _check_names(found: Evaluation) -> None:
    """Each class has a name of its own. Raises SettingsError."""
    names = [*map(found.name_of, range(found.num_classes))]
    wrong = [f"two classes are called {name!r}" for name in names if names.count(name) > 1]
    wrong += ["a name is empty"] * ("" in names)
    wrong += [f"{len(found.classes)} names"] * (len(found.classes) > len(names))
    if wrong:
        raise SettingsError(f"--classes: {wrong[0]}; give at most {len(names)} names, each once, separated by commas")


def _predictions(solver: Solver, images: Array) -> tuple[Array, Array]:
    """The class with the highest score of each image, and its softmax probability. Images pass batch by batch."""
    classes, probabilities = [], []
    size = solver.model.evaluation_batch
    for start in range(0, len(images), size):
        scores = solver.model.scores(images[start : start + size]).astype(np.float64)
        highest = scores.max(axis=1)
        classes.append(scores.argmax(axis=1))
        probabilities.append(1 / np.exp(scores - highest[:, None]).sum(axis=1))
    return np.concatenate(classes), np.concatenate(probabilities)
