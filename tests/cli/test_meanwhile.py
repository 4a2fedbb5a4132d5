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


def test_what_it_raises_is_raised_where_the_result_is_asked_for():
    def work():
        raise StoreError("no room")

    meanwhile = Meanwhile(work)
    with pytest.raises(StoreError, match="no room"):
        meanwhile.result()
