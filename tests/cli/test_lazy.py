"""When the workers' server is started before a command is imported."""

import pytest

from bnlab.cli import lazy
from bnlab.lab import executor


@pytest.mark.parametrize(
    ("args", "starts"),
    [
        ("compare --replicates 1 --dry-run", False),
        ("compare --help", False),
        ("compare --dataset none -j 1", False),
        ("compare --dataset none --jobs=1", False),
        ("runs list --out nowhere", False),
        ("compare --dataset none --executor dask://here:1", False),
        ("compare --dataset none --executor=serial", False),
        ("compare --dataset none --executor process", True),
        ("compare --dataset none", True),
        ("compare --dataset none -j 2", True),
        ("sweep net.reg=0 --dataset none", True),
        ("reproduce --dataset none", True),
    ],
)
def test_a_command_that_trains_in_workers_starts_it_and_no_other(call, monkeypatch, args, starts):
    started = []
    monkeypatch.setattr(executor, "start_early", lambda: started.append(args))
    call(*args.split())
    assert bool(started) == starts


def test_the_value_of_another_option_is_no_number_of_jobs():
    assert lazy._has_workers(["--seed", "1", "-j", "2"])
