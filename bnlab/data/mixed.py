"""The order in which images of one's own are used. Folders and arrays come class by class, or in an order that means
something, so that their first thousand would show a few classes only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEED = 231


def mixed_order(labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """The indices of all images, (N,): always the same for the same labels, and any stretch of it has all classes in their
    proportions, as nearly as can be.

    The images of a class are shuffled. Then image i of the n of a class, from 0, stands at (i + 1/2) / n of the whole;
    where two stand at the same place, the class with the smaller label comes first.
    """
    random = np.random.RandomState(SEED)
    order, places = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        order.append(random.permutation(members))
        places.append((np.arange(len(members)) + 0.5) / len(members))
    sequence = np.argsort(np.concatenate(places), kind="stable")
    found: NDArray[np.intp] = np.concatenate(order)[sequence]
    return found
