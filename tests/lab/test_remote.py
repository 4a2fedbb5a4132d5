"""What a worker of a cluster checks before it computes. How it does so in a cluster, tests/cli/test_cluster.py tells."""

import pickle

import numpy as np
import pytest

from bnlab import engines
from bnlab.engines import FRAMEWORKS
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


def test_the_framework_of_an_engine_is_part_of_what_is_needed(make_spec, tmp_path, monkeypatch):
    """Another release of PyTorch gives other bits, or there is none here. A run of our own core needs none."""
    torch = FRAMEWORKS["torch"]._replace(modules=("numpy",))  # which is here whatever else is
    monkeypatch.setitem(FRAMEWORKS, "torch", torch)
    data, facts = make_spec().data, {**numeric_path(), **engines.facts("torch")}

    def lacking(engine):
        return _look(
            pickle.dumps(Needs(facts if engine == "torch" else numeric_path(), data, (), engine)), str(tmp_path)
        ).lacking

    assert facts["numpy"] == np.__version__
    assert lacking("torch") == lacking("numpy") == ()
    monkeypatch.setitem(FRAMEWORKS, "torch", torch._replace(modules=("no_such_module",)))
    assert lacking("torch") == (f"numpy unknown there, {np.__version__} here",)
    assert engines.facts("torch") == {"no_such_module": "none"}
    assert lacking("numpy") == ()
    assert Needs({}, data, (), "torch").key != Needs({}, data).key
