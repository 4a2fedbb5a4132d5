"""What a worker of a cluster checks before it computes. How it does so in a cluster, tests/cli/test_cluster.py tells."""

import pickle

import pytest

from bnlab.lab.numeric_path import numeric_path
from bnlab.lab.remote import Needs, OtherArithmetic, _look, _serve, pack
from bnlab.runs.spec import DataSpec

OTHER = {**numeric_path(), "NumPy": "1.0"}


def test_a_process_computes_only_what_the_driver_would():
    assert _serve(pack(Needs(numeric_path()), abs, (-1,), {}), ".") == 1
    with pytest.raises(OtherArithmetic, match=r"^NumPy .* there, 1\.0 here$"):
        _serve(pack(Needs(OTHER), abs, (-1,), {}), ".")


def test_images_are_part_of_what_is_needed(make_spec, tmp_path):
    def found(facts, data):
        return _look(pickle.dumps(Needs(facts, data)), str(tmp_path))

    data = make_spec().data
    assert (found(numeric_path(), data).lacking, found(numeric_path(), data).images) == ((), True)
    assert not found(numeric_path(), DataSpec("synthetic", 60, "0" * 16)).images
    assert len(found(OTHER, data).lacking) == 1
