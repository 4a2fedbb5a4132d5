"""Slips of the losses: sums instead of means, and the terms of the right class."""

from __future__ import annotations

import numpy as np

from bnlab.homework.slips.slip import slips
from bnlab.layers.types import Array

SOFTMAX, SVM = ("softmax_loss",), ("svm_loss",)


def softmax(x: Array) -> Array:
    p: Array = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    return p


def right_class(x: Array, y: Array) -> Array:
    """1 at each row's right class, 0 elsewhere."""
    onehot: Array = np.eye(x.shape[1])[y]
    return onehot


def ahead(x: Array, y: Array) -> Array:
    """The difference of each class's score and the right one's."""
    difference: Array = x - x[np.arange(len(x)), y][:, None]
    return difference


def counts(x: Array, y: Array) -> Array:
    """1 at each wrong class above the margin, 0 elsewhere."""
    wrong: Array = (ahead(x, y) > -1) * (1 - right_class(x, y))
    return wrong


SLIPS = (
    *slips(
        SOFTMAX + SVM,
        "loss",
        {
            "is a sum; divide it by N, the number of rows": lambda right, x: right * len(x),
            "is divided by N twice": lambda right, x: right / len(x),
            "is divided by the number of classes; divide by N, the number of rows": lambda right, x: (
                right * len(x) / x.shape[1]
            ),
            "has the wrong sign": lambda right: -right,
        },
    ),
    *slips(
        SOFTMAX + SVM,
        "dx",
        {
            "isn't divided by N, though the loss is a mean": lambda right, x: right * len(x),
            "is divided by N twice": lambda right, x: right / len(x),
            "has the wrong sign": lambda right: -right,
        },
    ),
    *slips(
        SOFTMAX,
        "dx",
        {
            "is the softmax alone; take 1 off at the right class": lambda x: softmax(x) / len(x),
            "is the softmax alone; take 1 off at the right class, and divide by N": lambda x: softmax(x),
        },
    ),
    *slips(
        SVM,
        "loss",
        {
            "the right class counts too, 1 per row; leave it out": lambda x, y: (
                np.maximum(0, ahead(x, y) + 1).sum() / len(x)
            ),
            "the margin is missing; add 1 to each difference": lambda x, y: np.maximum(0, ahead(x, y)).sum() / len(x),
        },
    ),
    *slips(
        SVM,
        "dx",
        {
            "the right class has no gradient; it has minus the number of classes above the margin": lambda x, y: (
                counts(x, y) / len(x)
            ),
            "the right class has -1; it has minus the number of classes above the margin": lambda x, y: (
                (counts(x, y) - right_class(x, y)) / len(x)
            ),
        },
    ),
)
