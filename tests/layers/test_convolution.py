"""Convolution and pooling against loops over every output pixel, and the sizes that can't be."""

import numpy as np
import pytest

from bnlab import layers
from tests.layers import loops

SHAPES = [  # x, w, stride, pad
    ((1, 1, 3, 3), (1, 1, 3, 3), 1, 0),
    ((3, 2, 7, 6), (4, 2, 3, 2), 1, 1),
    ((2, 3, 8, 9), (2, 3, 3, 4), 2, 0),
    ((2, 2, 9, 7), (3, 2, 2, 3), 3, 2),
]


@pytest.fixture
def rng():
    return np.random.RandomState(231)


def assert_close(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("x", "w", "stride", "pad"), SHAPES)
def test_conv_against_loops(x, w, stride, pad, rng):
    inputs = rng.randn(*x), rng.randn(*w), rng.randn(w[0])
    (out, cache), (expected, loop_cache) = (
        module.conv_forward(*inputs, {"stride": stride, "pad": pad}) for module in (layers, loops)
    )
    dout = rng.randn(*out.shape)
    assert_close([out], [expected])
    assert_close(layers.conv_backward(dout, cache), loops.conv_backward(dout, loop_cache))


@pytest.mark.parametrize(("height", "width", "stride"), [(2, 2, 2), (3, 3, 1), (3, 2, 2), (1, 4, 3)])
def test_max_pool_against_loops(height, width, stride, rng):
    x = rng.randint(4, size=(2, 3, 7, 8)).astype(float)  # with ties
    param = {"pool_height": height, "pool_width": width, "stride": stride}
    (out, cache), (expected, loop_cache) = (module.max_pool_forward(x, param) for module in (layers, loops))
    dout = rng.randn(*out.shape)
    np.testing.assert_array_equal(out, expected)
    assert_close([layers.max_pool_backward(dout, cache)], [loops.max_pool_backward(dout, loop_cache)])


def test_the_gradient_of_pooled_ties_goes_to_the_first_alone():
    out, cache = layers.max_pool_forward(np.ones((1, 1, 2, 2)), {"pool_height": 2, "pool_width": 2, "stride": 1})
    np.testing.assert_array_equal(layers.max_pool_backward(3 * out, cache)[0, 0], [[3, 0], [0, 0]])


def test_gradients_of_overlapping_windows_add():
    x = np.array([[[[1.0, 5.0, 2.0]]]])
    _, cache = layers.max_pool_forward(x, {"pool_height": 1, "pool_width": 2, "stride": 1})
    np.testing.assert_array_equal(layers.max_pool_backward(np.array([[[[2.0, 3.0]]]]), cache)[0, 0], [[0, 5, 0]])


@pytest.mark.parametrize(
    ("x", "w"), [((0, 2, 5, 4), (3, 2, 3, 3)), ((2, 2, 5, 4), (0, 2, 3, 3)), ((2, 0, 5, 4), (3, 0, 3, 3))]
)
def test_nothing_at_all(x, w):
    """No images, no filters, no channels: empty arrays of the right shapes, or zeros."""
    out, cache = layers.conv_forward(np.ones(x), np.ones(w), np.zeros(w[0]), {"stride": 1, "pad": 1})
    assert out.shape == (x[0], w[0], 5, 4)
    dx, dw, db = layers.conv_backward(np.ones(out.shape), cache)
    assert (dx.shape, dw.shape, db.shape) == (x, w, w[:1])
    assert not dx.any()
    assert not dw.any()


@pytest.mark.parametrize("stride", [np.int64(2), np.float32(2), 2.0])
def test_whole_numbers_of_any_kind(stride):
    assert conv((1, 1, 5, 5), (1, 1, 3, 3), stride=stride, pad=0)[0].shape == (1, 1, 2, 2)


def test_the_gradient_of_a_nan_goes_to_it():
    """As in PyTorch: to the last of several."""
    x = np.array([[[[2.0, np.nan, 3.0], [1.0, np.nan, 5.0]]]])
    out, cache = layers.max_pool_forward(x, {"pool_height": 2, "pool_width": 3, "stride": 1})
    np.testing.assert_array_equal(layers.max_pool_backward(np.ones(out.shape), cache)[0, 0], [[0, 0, 0], [0, 1, 0]])


def test_a_pool_of_minus_infinities_and_of_a_nan():
    x = np.array([[[[-np.inf, -np.inf], [np.nan, 0.0]]]])
    out, _ = layers.max_pool_forward(x, {"pool_height": 1, "pool_width": 2, "stride": 1})
    np.testing.assert_array_equal(out[0, 0], [[-np.inf], [np.nan]])


def conv(x, w, **param):
    return layers.conv_forward(np.zeros(x), np.zeros(w), np.zeros(w[0]), param)


def pool(x, **param):
    return layers.max_pool_forward(np.zeros(x), param)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: conv((1, 1, 4, 9), (1, 1, 7, 3), stride=1, pad=1),
            r"kernel of height 7 .* image of height 4 with pad 1: 4 \+ 2 \* 1 = 6, and 7 > 6; give a smaller kernel",
        ),
        (lambda: conv((1, 1, 9, 4), (1, 1, 3, 7), stride=1, pad=1), r"kernel of width 7 .* 4 \+ 2 \* 1 = 6, and 7 > 6"),
        (lambda: conv((2, 3, 5, 5), (4, 2, 3, 3), stride=1, pad=0), r"C = 3 .* C = 2"),
        (lambda: conv((2, 3, 5), (4, 3, 3, 3), stride=1, pad=0), r"x is \(2, 3, 5\).*\(N, C, H, W\)"),
        (lambda: conv((2, 3, 5, 5), (4, 27), stride=1, pad=0), r"w is \(4, 27\).*\(F, C, HH, WW\)"),
        (lambda: conv((1, 1, 5, 5), (1, 1, 3, 3), stride=0, pad=0), r"conv_param\['stride'\] is 0: .* at least 1"),
        (lambda: conv((1, 1, 5, 5), (1, 1, 3, 3), stride=1, pad=-1), r"conv_param\['pad'\] is -1: .* at least 0"),
        (lambda: conv((1, 1, 5, 5), (1, 1, 3, 3), stride=1.5, pad=0), r"conv_param\['stride'\] is 1\.5: .* whole number"),
        (lambda: conv((1, 1, 5, 5), (1, 1, 3, 3), pad=0), r"conv_param\['stride'\] is None"),
        (lambda: conv((1, 1, 5, 5), (1, 1, 3, 3), stride=(2, 2), pad=0), r"conv_param\['stride'\] is \(2, 2\): .* whole"),
        (lambda: conv((1, 1, 5, 5), (1, 1, 3, 3), stride=1, pad=np.nan), r"conv_param\['pad'\] is nan: .* whole number"),
        (lambda: conv((1, 1, 5, 5), (1, 1, 3, 3), stride=np.inf, pad=0), r"conv_param\['stride'\] is inf: .* whole number"),
        (lambda: pool((1, 1, 2, 5), pool_height=3, pool_width=2, stride=1), r"height 3 .* 2 \+ 2 \* 0 = 2, and 3 > 2"),
        (lambda: pool((1, 2, 5), pool_height=3, pool_width=2, stride=1), r"x is \(1, 2, 5\)"),
        (lambda: pool((1, 1, 5, 5), pool_height=2, pool_width=0, stride=1), r"pool_param\['pool_width'\] is 0"),
    ],
)
def test_sizes_that_cannot_be(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("G", "arithmetic"),
    [
        (4, r"6 = 1 \* 4 \+ 2"),
        (7, r"6 = 0 \* 7 \+ 6"),
        (0, "0 is no number of groups"),
        (1.5, "1.5 is no number of groups"),
        (None, "None is no number of groups"),
    ],
)
def test_groups_that_do_not_divide_the_channels(G, arithmetic):
    scale = np.ones((1, 6, 1, 1))
    with pytest.raises(ValueError, match=rf"6 channels can't be split into {G} groups.*{arithmetic}; give a divisor of 6"):
        layers.spatial_groupnorm_forward(np.zeros((2, 6, 3, 3)), scale, scale, G, {})


@pytest.mark.parametrize("images", [np.zeros((2, 6, 3)), np.zeros((2, 6))])
def test_normalizations_of_images_take_images(images):
    scale = np.ones(6)
    with pytest.raises(ValueError, match=r"x is \(2, 6.*must be \(N, C, H, W\)"):
        layers.spatial_batchnorm_forward(images, scale, scale, {"mode": "train"})
    with pytest.raises(ValueError, match=r"x is \(2, 6.*must be \(N, C, H, W\)"):
        layers.spatial_groupnorm_forward(images, scale, scale, 2, {})
