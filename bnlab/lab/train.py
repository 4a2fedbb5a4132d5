"""From a RunSpec to how the run ended, in whichever process this is called."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence

from threadpoolctl import threadpool_limits

from bnlab import engines
from bnlab.errors import BnlabError
from bnlab.lab.images import arrays
from bnlab.lab.interrupts import interrupt_behind
from bnlab.lab.provenance import provenance
from bnlab.layers.types import Array
from bnlab.runs.history import Ended, Failure, History
from bnlab.runs.outcome import check_outcome, plain
from bnlab.runs.spec import RunSpec

TOO_LITTLE_MEMORY = "; try a smaller net or fewer --jobs"


def train(spec: RunSpec, folders: Sequence[str] = ()) -> Ended:
    """Train one run. A pure function of spec: the same on one machine whatever runs beside it.

    folders: where data sets that come as files are looked for. BLAS gets one thread. With more, processes that share the
    cores slow each other down many times over, and sums may be taken in another order. An error of the engine is a
    Failure, and so is an outcome that a run of the spec can't have; errors of the request, such as a DataError for
    other images than those of the spec, are raised.
    """
    data = arrays(spec, tuple(map(str, folders)))
    with threadpool_limits(limits=1, user_api="blas"):
        return _train(spec, data)


def _train(spec: RunSpec, data: Mapping[str, Array]) -> Ended:
    start = time.perf_counter()
    try:
        outcome = plain(engines.train(spec, data))
        check_outcome(outcome, spec)
    except BnlabError:
        raise
    except Exception as error:
        if interrupt := interrupt_behind(error):
            raise interrupt from error
        where = traceback.format_exc().splitlines()
        return Failure(spec, _told(error), {**provenance(time.perf_counter() - start), "traceback": where})
    return History(spec, outcome, provenance(time.perf_counter() - start, engines.version(spec.engine)))


def _told(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text + TOO_LITTLE_MEMORY if isinstance(error, MemoryError) else text
