"""Named views of one buffer, and that they stay so."""

import copy
import pickle

import numpy as np
import pytest

from bnlab.nets.parameters import Parameters

SHAPES = {"W1": (2, 3), "b1": (3,), "W2": (3, 1)}


@pytest.fixture
def params():
    return Parameters(SHAPES, np.float64)


def assert_views_of_own_buffer(params):
    """Each array lies in the buffer where the shapes before it end, and writing to either shows in the other."""
    params.flat[...] = np.arange(params.flat.size)
    start = 0
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        np.testing.assert_array_equal(params[name], np.arange(start, start + size).reshape(shape))
        params[name][...] = -1
        start += size
    assert start == params.flat.size
    assert (params.flat == -1).all()


def test_arrays_are_views_of_one_buffer_in_order(params):
    assert list(params) == list(SHAPES)
    assert (params.flat.shape, params.flat.dtype) == ((12,), np.float64)
    assert not params.flat.any()
    assert_views_of_own_buffer(params)


def test_they_are_float32_unless_told_otherwise():
    assert {array.dtype for array in Parameters(SHAPES).values()} == {np.dtype(np.float32)}


def test_assignment_copies_in(params):
    view, value = params["b1"], np.arange(3.0)
    params["b1"] = value
    assert params["b1"] is view
    value[0] = 99
    assert params.flat.tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0]


def test_assignment_takes_a_list_and_casts():
    params = Parameters(SHAPES, np.float32)
    params["b1"] = [1, 2, 3]
    params["W2"] = np.full((3, 1), 1 / 3)
    assert params["b1"].tolist() == [1, 2, 3]
    assert params["W2"].dtype == np.float32


def test_augmented_assignment_works_in_the_buffer(params):
    params["W2"] += 2
    params["W2"] *= 3
    assert params.flat.tolist() == 9 * [0] + 3 * [6]


def test_update_copies_in(params):
    params.update({"b1": np.ones(3)}, W2=np.full((3, 1), 2.0))
    assert params.flat.tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert_views_of_own_buffer(params)


def test_union_in_place_copies_in(params):
    params |= {"b1": np.ones(3)}
    assert params.flat.tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert_views_of_own_buffer(params)


@pytest.mark.parametrize("value", [np.zeros((3, 2)), np.zeros(6), 0.0], ids=["transposed", "flat", "number"])
def test_another_shape_is_an_error(params, value):
    with pytest.raises(ValueError, match=r"^W1 has shape \(2, 3\); an array of shape \(.*\) can't take its place$"):
        params["W1"] = value


@pytest.mark.parametrize("assign", [lambda p: p.__setitem__("W3", 1), lambda p: p.update(W3=1)], ids=["[]", "update"])
def test_an_unknown_name_is_an_error(params, assign):
    with pytest.raises(KeyError, match="'W3' is no parameter of this net; it has W1, b1, W2"):
        assign(params)
    assert list(params) == list(SHAPES)


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.deepcopy,
        copy.copy,
        *(lambda p, n=n: pickle.loads(pickle.dumps(p, n)) for n in range(pickle.HIGHEST_PROTOCOL + 1)),
    ],
)
def test_a_copy_is_views_of_its_own_buffer(params, duplicate):
    params["W1"] = np.arange(6.0).reshape(2, 3)
    twin = duplicate(params)
    assert type(twin) is Parameters
    np.testing.assert_array_equal(twin.flat, params.flat)
    assert twin.flat.dtype == params.flat.dtype
    assert_views_of_own_buffer(twin)
    assert params["W1"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_like_gives_zeros_of_the_same_kind(params):
    params.flat[...] = 1
    other = params.like()
    assert not other.flat.any()
    assert other.flat.dtype == params.flat.dtype
    assert_views_of_own_buffer(other)
    assert (params.flat == 1).all()


def test_arrays_gives_copies_in_a_plain_dict(params):
    params.flat[...] = np.arange(12)
    arrays = params.arrays()
    assert type(arrays) is dict
    params.flat[...] = 0
    assert arrays["b1"].tolist() == [6, 7, 8]
    assert {name: array.shape for name, array in arrays.items()} == SHAPES


def test_repr_names_the_first_and_counts_all():
    many = Parameters({f"W{i}": (300, 1000) for i in range(1, 8)})
    assert repr(many) == "Parameters(W1 (300, 1000), W2 (300, 1000), W3 (300, 1000), W4 (300, 1000), …; 2,100,000 float32)"
    assert repr(Parameters(SHAPES, np.float64)) == "Parameters(W1 (2, 3), b1 (3,), W2 (3, 1); 12 float64)"
