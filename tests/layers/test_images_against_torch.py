"""Convolution, pooling, the spatial normalizations and the sandwiches against PyTorch, over odd sizes, strides, pads."""

import numpy as np
import pytest

from bnlab import layers

torch = pytest.importorskip("torch")
F = torch.nn.functional

both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])
CONVOLUTIONS = {  # x, w, stride, pad
    "one pixel": ((1, 1, 1, 1), (1, 1, 1, 1), 1, 0),
    "one image": ((1, 3, 7, 5), (4, 3, 3, 3), 1, 1),
    "the kernel is the image": ((3, 2, 5, 4), (3, 2, 5, 4), 1, 0),
    "kernel 1 x 1": ((2, 5, 4, 3), (3, 5, 1, 1), 1, 0),
    "kernel 1 x 1, stride 2": ((2, 5, 5, 4), (3, 5, 1, 1), 2, 0),
    "kernel 2 x 5": ((2, 3, 7, 9), (4, 3, 2, 5), 1, 0),
    "kernel 4 x 1, pad 2": ((2, 3, 6, 5), (2, 3, 4, 1), 1, 2),
    "stride 2, divides": ((3, 3, 31, 31), (5, 3, 3, 3), 2, 1),
    "stride 2, leaves one over": ((2, 2, 8, 7), (3, 2, 3, 3), 2, 0),
    "stride 3, leaves two over": ((2, 2, 10, 12), (3, 2, 2, 3), 3, 0),
    "stride above the kernel": ((2, 2, 11, 9), (3, 2, 2, 2), 4, 1),
    "pad above the kernel": ((2, 1, 3, 3), (2, 1, 2, 2), 2, 3),
    "only padding makes it fit": ((2, 2, 2, 3), (2, 2, 5, 5), 1, 2),
    "7 x 7 with pad 3": ((3, 3, 9, 11), (4, 3, 7, 7), 1, 3),
}
POOLINGS = {  # x, pool_height, pool_width, stride
    "2 x 2": ((3, 2, 6, 8), 2, 2, 2),
    "one image, one window": ((1, 1, 3, 2), 3, 2, 1),
    "overlapping": ((2, 3, 7, 9), 3, 3, 1),
    "overlapping, 3 x 2, stride 2": ((2, 3, 8, 7), 3, 2, 2),
    "leaves one over": ((2, 2, 7, 5), 2, 2, 2),
    "stride above the window": ((2, 2, 9, 8), 2, 1, 3),
    "1 x 1": ((2, 3, 4, 5), 1, 1, 1),
}
IMAGES = {"odd": (3, 6, 5, 3), "one image": (1, 6, 4, 7), "one pixel": (4, 6, 1, 1), "square": (2, 6, 4, 4)}
convolutions = pytest.mark.parametrize(("x", "w", "stride", "pad"), CONVOLUTIONS.values(), ids=CONVOLUTIONS)
SOME = ("one image", "kernel 2 x 5", "stride 2, leaves one over")
some_convolutions = pytest.mark.parametrize(("x", "w", "stride", "pad"), [CONVOLUTIONS[name] for name in SOME], ids=SOME)
images = pytest.mark.parametrize("shape", IMAGES.values(), ids=IMAGES)


@both_precisions
@convolutions
def test_conv(x, w, stride, pad, dtype, compare, drawn):
    inputs = drawn(dtype, x, w, w[:1])
    out, cache = layers.conv_forward(*inputs, {"stride": stride, "pad": pad})
    compare(lambda x, w, b: F.conv2d(x, w, b, stride, pad), out, lambda dout: layers.conv_backward(dout, cache), inputs)


@both_precisions
@some_convolutions
def test_conv_relu(x, w, stride, pad, dtype, compare, drawn):
    inputs = drawn(dtype, x, w, w[:1])
    out, cache = layers.conv_relu_forward(*inputs, {"stride": stride, "pad": pad})
    compare(
        lambda x, w, b: F.relu(F.conv2d(x, w, b, stride, pad)),
        out,
        lambda dout: layers.conv_relu_backward(dout, cache),
        inputs,
    )


@both_precisions
@pytest.mark.parametrize(("x", "height", "width", "stride"), POOLINGS.values(), ids=POOLINGS)
def test_max_pool(x, height, width, stride, dtype, compare, drawn):
    inputs = drawn(dtype, x)
    out, cache = layers.max_pool_forward(*inputs, {"pool_height": height, "pool_width": width, "stride": stride})
    compare(
        lambda x: F.max_pool2d(x, (height, width), stride), out, lambda dout: layers.max_pool_backward(dout, cache), inputs
    )


@both_precisions
@pytest.mark.parametrize(("height", "width", "stride"), [(2, 2, 2), (3, 2, 1)])
def test_max_pool_on_ties(height, width, stride, dtype, compare):
    inputs = [np.random.RandomState(1).randint(3, size=(3, 2, 7, 6)).astype(dtype)]
    out, cache = layers.max_pool_forward(*inputs, {"pool_height": height, "pool_width": width, "stride": stride})
    compare(
        lambda x: F.max_pool2d(x, (height, width), stride), out, lambda dout: layers.max_pool_backward(dout, cache), inputs
    )


@both_precisions
@some_convolutions
def test_conv_relu_pool(x, w, stride, pad, dtype, compare, drawn):
    inputs = drawn(dtype, x, w, w[:1])
    pool = {"pool_height": 1, "pool_width": 1, "stride": 2}
    out, cache = layers.conv_relu_pool_forward(*inputs, {"stride": stride, "pad": pad}, pool)
    compare(
        lambda x, w, b: F.max_pool2d(F.relu(F.conv2d(x, w, b, stride, pad)), (1, 1), 2),
        out,
        lambda dout: layers.conv_relu_pool_backward(dout, cache),
        inputs,
    )


@both_precisions
@images
def test_conv_relu_pool_with_overlapping_windows(shape, dtype, compare, drawn):
    inputs = drawn(dtype, shape, (4, 6, 3, 3), (4,))
    pool = {"pool_height": 3, "pool_width": 2, "stride": 1}
    out, cache = layers.conv_relu_pool_forward(*inputs, {"stride": 1, "pad": 2}, pool)
    compare(
        lambda x, w, b: F.max_pool2d(F.relu(F.conv2d(x, w, b, 1, 2)), (3, 2), 1),
        out,
        lambda dout: layers.conv_relu_pool_backward(dout, cache),
        inputs,
    )


@both_precisions
@images
def test_spatial_batchnorm_in_training(shape, dtype, compare, close, drawn):
    inputs = drawn(dtype, shape, (6,), (6,))
    running = {"running_mean": np.linspace(-1, 1, 6, dtype=dtype), "running_var": np.linspace(1, 2, 6, dtype=dtype)}
    mean, var = (torch.tensor(array) for array in running.values())
    param = {"mode": "train", "momentum": 0.8, "eps": 1e-3, **running}
    out, cache = layers.spatial_batchnorm_forward(*inputs, param)
    compare(
        lambda x, gamma, beta: F.batch_norm(x, mean, var, gamma, beta, training=True, momentum=0.2, eps=1e-3),
        out,
        lambda dout: layers.spatial_batchnorm_backward(dout, cache),
        inputs,
    )
    m = shape[0] * shape[2] * shape[3]
    close(param["running_mean"], mean)
    # PyTorch's running variance moves by the corrected one, m / (m - 1) times ours.
    moved = (var - 0.8 * torch.tensor(running["running_var"])) * ((m - 1) / m)
    close(param["running_var"] - dtype(0.8) * running["running_var"], moved)


@both_precisions
@images
def test_spatial_batchnorm_at_test_time(shape, dtype, compare, drawn):
    inputs = drawn(dtype, shape, (6,), (6,))
    running = {"running_mean": np.linspace(-1, 1, 6, dtype=dtype), "running_var": np.linspace(1, 2, 6, dtype=dtype)}
    mean, var = (torch.tensor(array) for array in running.values())
    out, cache = layers.spatial_batchnorm_forward(*inputs, {"mode": "test", **running})
    compare(
        lambda x, gamma, beta: F.batch_norm(x, mean, var, gamma, beta, training=False, eps=1e-5),
        out,
        lambda dout: layers.spatial_batchnorm_backward(dout, cache),
        inputs,
    )


@both_precisions
@pytest.mark.parametrize(
    ("shape", "groups"),
    # PyTorch refuses to normalize a single value
    [(shape, groups) for shape in IMAGES.values() for groups in (1, 2, 3, 6) if shape[2:] != (1, 1) or groups < 6],
)
def test_spatial_groupnorm(groups, shape, dtype, compare, drawn):
    inputs = drawn(dtype, shape, (1, 6, 1, 1), (1, 6, 1, 1))
    out, cache = layers.spatial_groupnorm_forward(*inputs, groups, {"eps": 1e-3})
    compare(
        lambda x, gamma, beta: F.group_norm(x, groups, gamma.reshape(-1), beta.reshape(-1), eps=1e-3),
        out,
        lambda dout: layers.spatial_groupnorm_backward(dout, cache),
        inputs,
    )


@both_precisions
@pytest.mark.parametrize("mode", ["train", "test"])
@some_convolutions
def test_conv_bn_relu(x, w, stride, pad, mode, dtype, compare, drawn):
    inputs = drawn(dtype, x, w, w[:1], w[:1], w[:1])
    running = {"running_mean": np.linspace(-1, 1, w[0], dtype=dtype), "running_var": np.linspace(1, 2, w[0], dtype=dtype)}
    out, cache = layers.conv_bn_relu_forward(*inputs, {"stride": stride, "pad": pad}, {"mode": mode, **running})
    mean, var = (torch.tensor(array) for array in running.values())

    def theirs(x, w, b, gamma, beta):
        return F.relu(F.batch_norm(F.conv2d(x, w, b, stride, pad), mean, var, gamma, beta, mode == "train", eps=1e-5))

    compare(theirs, out, lambda dout: layers.conv_bn_relu_backward(dout, cache), inputs)


AFFINE_SANDWICHES = {
    "affine_relu": ((), lambda x: x),
    "affine_bn_relu": (({"mode": "train"},), lambda x, g, b: F.batch_norm(x, None, None, g, b, training=True, eps=1e-5)),
    "affine_ln_relu": (({},), lambda x, g, b: F.layer_norm(x, (11,), g, b, eps=1e-5)),
}


@both_precisions
@pytest.mark.parametrize("shape", [(1, 4, 3), (2, 3), (3, 5, 7), (9, 2, 3, 5)], ids=str)
@pytest.mark.parametrize(("name", "extra", "norm"), [(name, *row) for name, row in AFFINE_SANDWICHES.items()])
def test_affine_sandwiches(name, extra, norm, shape, dtype, compare, drawn):
    if name == "affine_bn_relu" and shape[0] == 1:
        return  # PyTorch refuses: one value is its own mean; the table of cases has it
    scale_and_shift = [(11,), (11,)] if extra else []
    inputs = drawn(dtype, shape, (int(np.prod(shape[1:])), 11), (11,), *scale_and_shift)
    out, cache = getattr(layers, f"{name}_forward")(*inputs, *extra)
    compare(
        lambda x, w, b, *rest: F.relu(norm(F.linear(x.flatten(1), w.T, b), *rest)),
        out,
        lambda dout: getattr(layers, f"{name}_backward")(dout, cache),
        inputs,
    )
