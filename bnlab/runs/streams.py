"""Random streams, each with an address: (seed, replicate, role). Nobody shares a generator.

Arms that agree in seed and replicate thus share the draws of initial weights and of minibatches, whatever else differs.
The generator is `RandomState` over MT19937, as in the notebooks: NumPy has frozen its streams for good (NEP 19), while
those of `Generator` may change with a release.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ROLES = ("weights", "minibatches", "dropout", "evaluation", "images")


class Streams(NamedTuple):
    """One generator per role."""

    weights: np.random.RandomState
    minibatches: np.random.RandomState
    dropout: np.random.RandomState
    evaluation: np.random.RandomState
    images: np.random.RandomState


def streams(seed: int, replicate: int = 0) -> Streams:
    """Fresh generators for all roles of one run. seed and replicate: integers from 0."""
    return Streams(*(_stream(seed, replicate, role) for role in range(len(ROLES))))


def _stream(seed: int, replicate: int, role: int) -> np.random.RandomState:
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed, spawn_key=(replicate, role))))
