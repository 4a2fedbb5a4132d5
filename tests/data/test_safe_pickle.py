"""A pickle that asks for anything but arrays is refused, and nothing of it is run."""

import io
import os
import pickle

import pytest

from bnlab import data


class Run:
    """Creates a file when unpickled by the ordinary means."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def load(folder):
    return data.load("cifar10", [folder])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data_batch_1"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("wrap", [lambda evil: evil, lambda evil: {b"data": evil, b"labels": [1]}, lambda evil: [[evil]]])
def test_nothing_is_run(protocol, wrap, path, tmp_path, fault):
    evil = pickle.dumps(wrap(Run(tmp_path / "made")), protocol)
    path.write_bytes(evil)
    with fault(str(path), "posix.mkdir" if os.name == "posix" else "nt.mkdir", "nothing of it was run"):
        load(tmp_path)
    assert "mkdir" in data.describe("cifar10", [tmp_path]).problem
    assert not (tmp_path / "made").exists()
    pickle.loads(evil)  # so that the test can't pass for want of a working attack
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name",
    [
        "builtins eval",
        "os system",
        "numpy load",
        "numpy.core.multiarray scalar",
        "_codecs decode",
        "numpy dtype.__init__",
    ],
)
def test_any_other_name_is_refused(name, path, fault):
    module, function = name.split()
    path.write_bytes(b"\x80\x02c" + f"{module}\n{function}\n".encode() + b".")
    with fault(f"asks for {module}.{function}"):
        load(path.parent)


def test_names_reach_no_attributes(path, fault):
    """Protocol 4 may name a dotted path: an attribute of something permitted."""
    name = b"_reconstruct.__globals__"
    path.write_bytes(b"\x80\x04\x8c\x15numpy.core.multiarray\x8c" + bytes([len(name)]) + name + b"\x93.")
    with fault("asks for numpy.core.multiarray._reconstruct.__globals__"):
        load(path.parent)


def test_a_name_cant_break_the_line(path, fault):
    path.write_bytes(b"\x80\x04\x8c\x06o\ns\x1b[m\x8c\x01x\x93.")
    with fault(r"o\ns\x1b[m.x"):
        load(path.parent)


def test_persistent_ids_are_refused(path, fault):
    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return "elsewhere" if thing == "kept" else None

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump({b"data": "kept"})
    path.write_bytes(buffer.getvalue())
    with fault("kept elsewhere", "elsewhere"):
        load(path.parent)


@pytest.mark.parametrize("state", [b"}U\x01aK\x01s", b"N}U\x04callK\x01s\x86"])
def test_what_is_lent_cant_be_changed(state, path, fault):
    path.write_bytes(b"\x80\x02cnumpy\ndtype\n" + state + b"b.")
    with fault("changes what it was lent"):
        load(path.parent)
