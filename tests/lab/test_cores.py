"""How many cores are free, from what the system counts."""

import os
import threading
import time

import pytest

from bnlab.lab.cores import cores, idle_cores

LINE = "cpu  {} 0 10 {} 5 0 0 0 0 0\ncpu0 1 2 3\n"


@pytest.mark.parametrize(("busy", "idle", "share"), [(0, 100, 1), (100, 0, 0), (50, 50, 0.5)], ids=["idle", "busy", "half"])
def test_is_the_share_of_time_that_nobody_used(busy, idle, share, tmp_path):
    stat = tmp_path / "stat"
    stat.write_text(LINE.format(1000, 2000))
    timer = threading.Timer(0.05, lambda: stat.write_text(LINE.format(1000 + busy, 2000 + idle)))
    timer.start()
    found = idle_cores(0.2, stat)
    timer.join()
    assert found == pytest.approx(share * os.cpu_count())


@pytest.mark.parametrize("content", [None, "", "cpu one two", LINE.format(1, 1)], ids=str)
def test_is_none_if_the_system_does_not_say(content, tmp_path):
    if content is not None:
        (tmp_path / "stat").write_text(content)
    assert idle_cores(0, tmp_path / "stat") is None


def test_of_this_machine():
    start = time.perf_counter()
    found = idle_cores()
    assert time.perf_counter() - start >= 0.1
    assert found is None or 0 <= found <= os.cpu_count()
    assert 1 <= cores() <= os.cpu_count()
