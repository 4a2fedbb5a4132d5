"""What Ctrl-C and SIGTERM do: the first one ends the work in good order, a second one at once. None comes while a worker is
being started or a run stored.

SIGTERM is what `timeout`, containers and cluster schedulers send. Here it is as good as Ctrl-C: workers leave, and what is
finished stays stored.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM, as an exception that passes wherever Ctrl-C passes."""


DEFAULTS: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
RAISED: dict[int, type[KeyboardInterrupt]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}
AT_ONCE: dict[int, tuple[str, int]] = {signal.SIGINT: ("Interrupted", 130), signal.SIGTERM: ("Terminated", 143)}
"""The word that a second signal is told with, and the exit status."""
ONE_PRESS = 0.5
"""Seconds within which further signals belong to the first: `timeout` sends two, and so may a key that is held down."""
SENT_AGAIN = 0.01
"""Seconds after which a signal is sent again whose exception was dropped."""
SHOW_CURSOR = "\033[?25h"
"""A progress bar has hidden it."""


def interrupt_behind(error: BaseException | None) -> KeyboardInterrupt | None:
    """The interrupt that an error took the place of, or is itself. Somebody's `finally` may raise while one passes, as
    that of `numpy.savez` does in the middle of an array."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error


@contextlib.contextmanager
def one_interrupt() -> Iterator[None]:
    """Raise the first Ctrl-C or SIGTERM as an exception, after which the program tidies up; a second one ends it at once.

    Where somebody else handles a signal, or a shell has it ignored for a job in the background, that stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [signum for signum, default in DEFAULTS.items() if signal.getsignal(signum) is default]
    came: list[int] = []

    def handler(signum: int, frame: object) -> None:
        came.append(signum)
        end_at_once = _at_once_unless_before(time.monotonic() + ONE_PRESS)
        for each in ours:
            signal.signal(each, end_at_once)
        raise RAISED[signum]

    def send_again(dropped: sys.UnraisableHookArgs) -> None:
        if not isinstance(dropped.exc_value, KeyboardInterrupt):
            tell(dropped)
            return
        for each in ours:
            signal.signal(each, handler)
        threading.Timer(SENT_AGAIN, _send, [came[-1]]).start()

    before = {signum: signal.signal(signum, handler) for signum in ours}
    # Python drops what is raised in a finalizer, or as a weak reference is cleared. Matplotlib has thousands of those.
    tell, sys.unraisablehook = sys.unraisablehook, send_again
    try:
        yield
    finally:
        # After the first one the program only has to say so, even if another error is on its way out by now.
        for signum, previous in before.items():
            signal.signal(signum, signal.SIG_IGN if came else previous)
        sys.unraisablehook = tell


def _send(signum: int) -> None:
    """A signal to the main thread."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signum)
    else:
        _thread.interrupt_main(signal.Signals(signum))


def _at_once_unless_before(moment: float) -> Callable[[int, object], None]:
    def handler(signum: int, frame: object) -> None:
        if time.monotonic() < moment:
            return
        word, status = AT_ONCE[signum]
        line = f"{word} twice: ended at once; what is stored stays, and the same command goes on from there\n"
        with contextlib.suppress(OSError):
            os.write(2, (SHOW_CURSOR * os.isatty(2) + line).encode())
        os._exit(status)

    return handler


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


@contextlib.contextmanager
def ctrl_c_ignored() -> Iterator[None]:
    """Have processes that are started in the block ignore Ctrl-C, and their children from the first instruction on: what a
    process ignores stays ignored. Held back as well, a Ctrl-C meanwhile isn't lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _block_interrupts() -> set[int | signal.Signals] | None:
    """The mask before; None on systems without one."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}))
