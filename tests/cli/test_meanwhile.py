"""Work in a thread."""

import threading

import pytest

from bnlab.cli.meanwhile import Meanwhile
from bnlab.errors import StoreError


def test_the_function_runs_at_once_and_its_result_is_waited_for():
    begun, go_on = threading.Event(), threading.Event()

    def work():
        begun.set()
        assert go_on.wait(20)
        return threading.current_thread() is not threading.main_thread()

    meanwhile = Meanwhile(work)
    assert begun.wait(20)
    go_on.set()
    assert meanwhile.result() is True


def test_a_program_that_is_interrupted_while_it_waits_ends_when_the_function_has_ended(run):
    code = (
        "import signal, threading, time; from bnlab.cli.meanwhile import Meanwhile\n"
        "def work():\n"
        "    interrupted.wait(60)\n"
        "    time.sleep(0.5)\n"
        "    print('done', flush=True)\n"
        "interrupted = threading.Event()\n"
        "meanwhile = Meanwhile(work)\n"
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "try:\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "    meanwhile.result()\n"
        "except KeyboardInterrupt: interrupted.set()\n"
    )
    assert run.python(code) == (0, "done\n", "")


def test_what_it_raises_is_raised_where_the_result_is_asked_for():
    def work():
        raise StoreError("no room")

    meanwhile = Meanwhile(work)
    with pytest.raises(StoreError, match="no room"):
        meanwhile.result()
