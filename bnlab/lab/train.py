"""From a RunSpec to a History, in whichever process this is called."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from threadpoolctl import threadpool_limits

from bnlab.data import load
from bnlab.engines import engine
from bnlab.errors import DataError
from bnlab.lab.provenance import provenance
from bnlab.layers.types import Array
from bnlab.runs.history import History
from bnlab.runs.spec import DataSpec, RunSpec
from bnlab.runs.streams import streams


def train(spec: RunSpec, folders: Sequence[str] = ()) -> History:
    """Train one run. A pure function of spec: the same on one machine whatever runs beside it.

    folders: where data sets that come as files are looked for. BLAS gets one thread: with more, processes that share the
    cores slow each other down many times over, and sums may be taken in another order. Raises DataError if the images
    aren't those of the spec.
    """
    data = _arrays(spec.data, tuple(folders), spec.dtype)
    start = time.perf_counter()
    with threadpool_limits(limits=1, user_api="blas"):
        outcome = engine(spec.engine)(
            vars(spec.net), vars(spec.solver), spec.dtype, data, streams(spec.seed, spec.replicate)
        )
    return History(spec, outcome, provenance(time.perf_counter() - start))


@lru_cache(maxsize=1)
def _arrays(data: DataSpec, folders: tuple[str, ...], dtype: str) -> dict[str, Array]:
    """The arrays that runs of one study share, made once a process."""
    dataset = load(data.dataset, folders, data.num_train)
    if dataset.fingerprint != data.fingerprint:
        raise DataError(
            f"{data.dataset}: its files now hold other images (fingerprint {dataset.fingerprint}) than when the runs were "
            f"planned ({data.fingerprint}): leave the files alone while bnlab runs, and start it again"
        )
    return dataset.arrays(np.dtype(dtype))
