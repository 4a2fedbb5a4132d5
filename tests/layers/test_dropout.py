"""Inverted dropout: which values its mask has, where the mask comes from, and when there is none."""

import numpy as np
import pytest

from bnlab.layers import dropout_backward, dropout_forward

KEEP = 0.7


def mask_of(shape=(40, 30), **param):
    """What dropout does to ones, in training unless told otherwise: the mask itself."""
    return dropout_forward(np.ones(shape), {"mode": "train", "p": KEEP, **param})[0]


def assert_same_state(state, expected):
    assert [np.array(part).tolist() for part in state] == [np.array(part).tolist() for part in expected]


@pytest.mark.parametrize("keep", [0.25, 0.4, 0.7, 1.0])
def test_a_unit_is_kept_with_probability_p_and_scaled_so_that_the_mean_stays(keep):
    mask = mask_of((500, 500), p=keep, seed=1)
    assert set(np.unique(mask)) <= {0, 1 / keep}
    assert np.mean(mask > 0) == pytest.approx(keep, abs=0.005)
    out, _ = dropout_forward(np.full((500, 500), 10.0), {"mode": "train", "p": keep, "seed": 1})
    assert out.mean() == pytest.approx(10, abs=0.1)


def test_the_gradient_goes_through_the_same_mask():
    x, dout = np.random.RandomState(1).randn(2, 6, 5)
    out, cache = dropout_forward(x, {"mode": "train", "p": KEEP, "seed": 1})
    np.testing.assert_allclose(dropout_backward(dout, cache) * x, out * dout, rtol=1e-14)


def test_a_seed_gives_the_masks_of_the_notebooks():
    expected = (np.random.RandomState(123).rand(4, 2, 3) < KEEP) / KEEP
    np.testing.assert_array_equal(mask_of((4, 2, 3), seed=123), expected)


def test_seed_0_is_a_seed():
    np.testing.assert_array_equal(mask_of(seed=0), (np.random.RandomState(0).rand(40, 30) < KEEP) / KEEP)


@pytest.mark.parametrize("source", [{"seed": 5}, {"rng": np.random.RandomState(5)}], ids=["seed", "rng"])
def test_a_seed_or_a_stream_leaves_the_global_stream_alone(source):
    before = np.random.get_state()
    mask_of(**source)
    assert_same_state(np.random.get_state(), before)


def test_a_seed_repeats_its_mask_and_a_stream_moves_on():
    param = {"seed": 5}
    np.testing.assert_array_equal(mask_of(**param), mask_of(**param))
    param = {"rng": np.random.RandomState(5)}
    first, second = mask_of(**param), mask_of(**param)
    np.testing.assert_array_equal(first, mask_of(seed=5))
    assert (first != second).any()


def test_a_seed_goes_before_a_stream():
    np.testing.assert_array_equal(mask_of(seed=5, rng=np.random.RandomState(6)), mask_of(seed=5))


@pytest.mark.parametrize("param", [{}, {"seed": None}, {"rng": None}], ids=str)
def test_without_either_the_mask_comes_from_the_global_stream(param):
    np.random.seed(5)
    np.testing.assert_array_equal(mask_of(**param), mask_of(seed=5))


def test_test_mode_is_the_identity_and_draws_nothing():
    before = np.random.get_state()
    x = np.random.RandomState(1).randn(3, 4)
    out, cache = dropout_forward(x, {"mode": "test", "p": KEEP})
    np.testing.assert_array_equal(out, x)
    dx = dropout_backward(x, cache)
    np.testing.assert_array_equal(dx, x)
    assert not np.shares_memory(out, x)
    assert not np.shares_memory(dx, x)
    assert_same_state(np.random.get_state(), before)


@pytest.mark.parametrize("mode", ["train", "test"])
@pytest.mark.parametrize("keep", [0, -0.1, 1.1, float("nan")])
def test_an_impossible_probability_is_an_error(mode, keep):
    with pytest.raises(ValueError, match=rf"dropout_param\['p'\] is {keep}: .*keeping a unit, above 0 and at most 1$"):
        mask_of(mode=mode, p=keep)


@pytest.mark.parametrize("mode", ["training", None])
def test_another_mode_is_an_error(mode):
    with pytest.raises(ValueError, match=rf"dropout_param\['mode'\] is {mode!r}: it must be 'train' or 'test'$"):
        mask_of(mode=mode)


def test_a_missing_mode_is_an_error():
    with pytest.raises(ValueError, match=r"mode.*is None"):
        dropout_forward(np.ones(3), {"p": KEEP})
