"""What Ctrl-C and SIGTERM do: the first one counts, and none while a worker is being started.

SIGTERM is what `timeout`, containers and cluster schedulers send. Here it is as good as Ctrl-C: workers leave, and what is
finished stays stored.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM, as an exception that passes wherever Ctrl-C passes."""


DEFAULTS: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
RAISED: dict[int, type[KeyboardInterrupt]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


@contextlib.contextmanager
def one_interrupt() -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM alone count. A second one would break off the tidying up after the first.

    Where somebody else handles a signal, or a shell has it ignored for a job in the background, that stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [signum for signum, default in DEFAULTS.items() if signal.getsignal(signum) is default]

    def handler(signum: int, frame: object) -> None:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise RAISED[signum]

    before = {signum: signal.signal(signum, handler) for signum in ours}
    try:
        yield
    finally:
        # After the first one they stay ignored until the program ends, even if another error is on its way out by now.
        for signum, previous in before.items():
            if signal.getsignal(signum) is handler:
                signal.signal(signum, previous)


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the end of the block; processes started meanwhile never see Ctrl-C, where the
    system can mask it.

    The mask alone isn't enough. It is this thread's, and another thread, of BLAS for instance, may take the signal and pass
    it on. Only a process's main thread handles signals; elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[int] = []
    handlers = {signum: signal.signal(signum, lambda number, frame: noted.append(number)) for signum in DEFAULTS}
    mask = _block_interrupts()
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for signum, handler in handlers.items():
            signal.signal(signum, signal.SIG_DFL if handler is None else handler)
        if noted:
            signal.raise_signal(noted[0])


def _block_interrupts() -> set[int | signal.Signals] | None:
    """The mask before; None on systems without one."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}))
