"""Trees of plain values and arrays in a file: they come back as they were, or not at all."""

import math
import pickle
import zipfile
from io import BytesIO

import numpy as np
import pytest

from bnlab.lab.npz import pack, unpack

TREE = {
    "arrays": [np.arange(6.0).reshape(2, 3), np.zeros((0, 2), np.float32), np.array(3, np.uint32)],
    "state": ("MT19937", np.arange(4, dtype=np.uint32), 7, 0, 0.1),
    "losses": [0.1, math.inf, -math.nan, 1e-320],
    "plain": {"none": None, "true": True, "big": 2**130, "text": "ä", "float": 0.1 + 0.2, "empty": [], "nothing": {}},
    "a/b": [1, [2.5, (3,)], "x"],
}


def same_kinds(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert [*one] == [*other]
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        for pair in zip(one, other, strict=True):
            same_kinds(*pair)
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)


def test_a_tree_comes_back_as_it_was():
    found = unpack(pack(TREE))
    np.testing.assert_equal(found, TREE)
    same_kinds(found, TREE)


def test_the_same_tree_gives_the_same_bytes():
    assert pack(TREE) == pack(unpack(pack(TREE)))


@pytest.mark.parametrize(
    "value", [object(), {1}, np.float32(1), np.array([None])], ids=["object", "set", "number", "objects"]
)
def test_other_values_are_refused(value):
    with pytest.raises((TypeError, ValueError)):
        pack({"value": value})


def test_a_pickle_in_it_is_not_opened():
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("a pickle was opened",)

    file = BytesIO()
    np.savez(file, tree=np.array([Trap()], dtype=object))
    for content in (file.getvalue(), pickle.dumps(Trap())):
        with pytest.raises(ValueError, match="no file of arrays"):
            unpack(content)


def test_a_file_that_is_cut_off_is_refused():
    whole = pack(TREE)
    for length in range(0, len(whole), 97):
        with pytest.raises(ValueError, match="or not all of one"):
            unpack(whole[:length])


def test_a_changed_byte_is_seen_or_changes_nothing():
    whole, seen = pack(TREE), 0
    for place in range(0, len(whole), 41):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        try:
            np.testing.assert_equal(unpack(bytes(changed)), TREE)
        except ValueError:
            seen += 1
    assert seen > 20


def test_files_of_others_are_refused():
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tree.npy", b"nothing")
    npz, odd = BytesIO(), BytesIO()
    np.savez(npz, weights=np.zeros(3))
    np.savez(odd, tree=np.frombuffer(b'{"array": "none"}', np.uint8))
    for content in (b"", b"no zip", file.getvalue(), npz.getvalue(), odd.getvalue()):
        with pytest.raises(ValueError, match="no file of arrays"):
            unpack(content)
