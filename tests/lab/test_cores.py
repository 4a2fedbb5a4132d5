"""How many cores there are."""

import os

from bnlab.lab.cores import cores


def test_at_least_one_and_no_more_than_the_machine_has():
    assert 1 <= cores() <= os.cpu_count()
